"""The data task, on stores in memory and in a file."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from choria_core.errors import ConfigError, WorkError
from choria_core.playbook.task import HostResult, Outcome
from choria_core.playbook.workbench import Workbench
from choria_playbooks.engine.stores import BookStores, OpenStore
from choria_playbooks.tasks.data import DataTask
from choria_plugin_file.store import FileOptions, FileStore
from choria_plugin_memory.store import MemoryOptions, MemoryStore

Try = Callable[[str], Awaitable[Outcome]]


@pytest_asyncio.fixture
async def stores(bench: Workbench, run: Any) -> AsyncIterator[BookStores]:
    """``memory``, and ``kept``, a file."""
    options = FileOptions(file="kept.json", format="json", create=True)
    made = {
        "memory": MemoryStore("memory", MemoryOptions(), bench),
        "kept": FileStore("kept", options, bench),
    }
    for store in made.values():
        await store.open()
    run.stores = BookStores(
        {
            name: OpenStore(name=name, type=name, options=None, store=store)
            for name, store in made.items()
        },
        before_change=lambda: None,
    )
    yield run.stores
    for store in made.values():
        await store.close()


@pytest.fixture
def data(attempt: Any, stores: BookStores) -> Try:
    """Try a data task."""
    return lambda text: attempt(DataTask, text)


async def test_a_value_is_written(data: Try, stores: BookStores) -> None:
    outcome = await data("{action: write, key: memory/choria/cluster, value: bravo}")

    assert outcome == Outcome(
        is_ok=True,
        message="wrote memory/choria/cluster",
        data=(None,),
        results={"localhost": HostResult(is_ok=True)},
    )
    assert await stores.read("memory/choria/cluster") == "bravo"


async def test_what_the_store_says_is_the_data(data: Try, tmp_path: Path) -> None:
    """The file store says what it kept."""
    outcome = await data("{action: write, key: kept/a, value: {b: [1, true]}}")

    assert outcome.data == ({"b": [1, True]},)
    assert outcome.results == {"localhost": HostResult(is_ok=True, value={"b": [1, True]})}
    assert json.loads((tmp_path / "kept.json").read_text()) == {"a": {"b": [1, True]}}


@pytest.mark.parametrize(
    ("text", "value"), [("false", False), ("0", 0), ("''", ""), ("[]", []), ("{}", {})]
)
async def test_values_that_are_nothing_much_are_written_too(
    data: Try, stores: BookStores, text: str, value: object
) -> None:
    await data(f"{{action: write, key: memory/a, value: {text}}}")

    kept = await stores.read("memory/a")
    assert kept == value
    assert type(kept) is type(value)


async def test_a_value_is_deleted_and_once_more(data: Try, stores: BookStores) -> None:
    await stores.write("memory/a", "x")
    for _ in range(2):
        outcome = await data("{action: delete, key: memory/a}")
        assert (outcome.is_ok, outcome.message, outcome.data) == (True, "deleted memory/a", (None,))
    with pytest.raises(WorkError):
        await stores.read("memory/a")


async def test_what_the_store_refuses_is_an_error(data: Try, tmp_path: Path) -> None:
    (tmp_path / "kept.json").write_text("[1]")

    with pytest.raises(WorkError, match=r"kept\.json"):
        await data("{action: write, key: kept/a, value: b}")


async def test_a_store_that_the_book_has_not_is_an_error(data: Try) -> None:
    with pytest.raises(ConfigError, match="no data store 'memry': did you mean memory"):
        await data("{action: delete, key: memry/a}")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{key: a/b, value: c}", "action: is required but missing"),
        ("{action: read, key: a/b}", "action: must be write or delete"),
        ("{action: delete}", "key: is required but missing"),
        ("{action: delete, key: ab}", "key: is no path of a value: 'ab'; write store/key"),
        ("{action: delete, key: a/}", "key: is no path"),
        ("{action: delete, key: a b/c}", "key: is no path"),
        ("{action: write, key: a/b}", "value: is required for write"),
        ("{action: write, key: a/b, value: null}", "value: is required for write"),
    ],
)
def test_what_cannot_work_is_refused(problems_of: Any, text: str, problem: str) -> None:
    (found,) = problems_of(DataTask, text)
    assert problem in found


def test_what_it_would_do_is_told(foretold: Any) -> None:
    assert foretold(DataTask, "{action: write, key: a/b, value: c}") == "would write a/b"
    assert foretold(DataTask, "{action: delete, key: a/b}") == "would delete a/b"
