"""Kinds come from plugins, and are imported when a book uses them."""

import types
from collections.abc import Iterable
from dataclasses import dataclass

import pytest

from choria_core.errors import PluginError
from choria_core.hookspecs import DataStorePlugin, TaskPlugin, hookimpl
from choria_core.plugins import Plugins
from choria_playbooks.book.offered_kinds import kinds_of
from choria_playbooks.book.parsing import parse_book


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    size: int = 1


class _Plain:
    Options = _Options


class _Locking:
    Options = _Options

    def acquire(self) -> None:
        """As a store with locks has it."""


class _Nothing:
    pass


@dataclass
class _Odd:
    size: complex = 1j


class _Strange:
    Options = _Odd


@hookimpl
def choria_tasks() -> Iterable[TaskPlugin]:
    return [
        TaskPlugin("plain", _Plain),
        TaskPlugin("nothing", _Nothing),
        TaskPlugin("strange", _Strange),
        TaskPlugin("away", "choria_nowhere.tasks:Away"),
    ]


@hookimpl
def choria_data_stores() -> Iterable[DataStorePlugin]:
    return [DataStorePlugin("plain", _Plain), DataStorePlugin("locking", _Locking)]


@pytest.fixture
def plugins() -> Plugins:
    module = types.ModuleType("example_plugin")
    module.choria_tasks = choria_tasks  # type: ignore[attr-defined]
    module.choria_data_stores = choria_data_stores  # type: ignore[attr-defined]
    plugins = Plugins()
    plugins.register(module, "example")
    return plugins


def test_kinds_say_what_a_book_may_write(plugins: Plugins) -> None:
    kinds = kinds_of(plugins)
    assert set(kinds.tasks) == {"plain", "nothing", "strange", "away"}
    assert len(kinds.tasks) == 4
    assert kinds.tasks["plain"] is _Options
    assert set(kinds.stores_without_locks) == {"plain"}
    assert len(kinds.stores_without_locks) == 1


def test_a_kind_that_no_book_uses_may_be_broken(plugins: Plugins) -> None:
    head = "name: a\nversion: 1.0.0\nauthor: b\ndescription: c\n"
    kinds = kinds_of(plugins)
    assert parse_book(f"{head}tasks: [{{plain: {{size: 2}}}}]\n", kinds).warnings == ()
    with pytest.raises(PluginError, match="cannot load its task away"):
        parse_book(f"{head}tasks: [{{away: {{}}}}]\n", kinds)
    with pytest.raises(PluginError, match="its nothing has no dataclass Options"):
        parse_book(f"{head}tasks: [{{nothing: {{}}}}]\n", kinds)
    with pytest.raises(PluginError, match="the Options of its strange: field size"):
        parse_book(f"{head}tasks: [{{strange: {{}}}}]\n", kinds)
