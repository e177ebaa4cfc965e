"""The reference pages of the kinds of tasks, data stores and node sets, made from their options."""

import inspect
from collections.abc import Mapping
from typing import Any, Final

from choria_core.plugins import Offered, Plugins
from choria_playbooks.reference.tables import kind_table

_MARK: Final = (
    "<!-- Made by tasks/reference.py from the records that read it; a test holds it to the code. "
    "-->"
)
_TASKS: Final = f"""\
# Tasks of playbooks

{_MARK}

Kinds of tasks, and the words of each beside [those of all
tasks](playbook-file.md#words-of-all-tasks). Times are seconds or durations as `1m30s`. Words
that others can see, in the list of processes, take no secret.
"""
_STORES: Final = f"""\
# Data stores of playbooks

{_MARK}

Types of data stores, and the words of each. Times are seconds or durations as `1m30s`. How a
store keeps what it is given is said in the README of its package; how to write one, in
[write a data store](../howto/write-a-data-store.md).
"""
_SETS: Final = f"""\
# Node sets of playbooks

{_MARK}

Types of node sets, and the words of each beside [those of all
sets](playbook-file.md#node-sets).
"""


def tasks_page(plugins: Plugins) -> str:
    """The page of the tasks that ``plugins`` offer."""
    return _page(_TASKS, plugins.tasks())


def stores_page(plugins: Plugins) -> str:
    """The page of the data stores."""
    return _page(_STORES, plugins.data_stores(), has_locks=True)


def node_sets_page(plugins: Plugins) -> str:
    """The page of the node sets."""
    return _page(_SETS, plugins.node_sets())


def _page(head: str, offers: Mapping[str, Offered[Any]], *, has_locks: bool = False) -> str:
    sections = (_section(name, offers[name].load(), has_locks=has_locks) for name in sorted(offers))
    return head + "".join(sections)


def _section(name: str, kind: Any, *, has_locks: bool) -> str:
    lines = [f"\n## {name}\n\n", _summary(kind), "\n"]
    if has_locks:
        lines.append(f"\n{_store_words(kind)}\n")
    return "".join((*lines, "\n", kind_table(kind.Options)))


def _store_words(kind: object) -> str:
    values = "texts" if getattr(kind, "holds_text", False) else "whatever JSON can hold"
    locks = "It has locks" if hasattr(kind, "acquire") else "It has no locks"
    return f"{locks}. Values are {values}."


def _summary(kind: object) -> str:
    """The first sentence of a class, on one line."""
    text = (inspect.getdoc(kind) or "").partition("\n\n")[0]
    return " ".join(text.replace("``", "`").split())
