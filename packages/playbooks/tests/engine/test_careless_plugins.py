"""Plugins that break their promises fail a step or a book, and never the program."""

import asyncio
import json
import sys
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from choria_core.hookspecs import DataStorePlugin, NodeSetPlugin, TaskPlugin, hookimpl
from choria_core.playbook.data_store import DataStore
from choria_core.playbook.lock import LockHolder, LockView
from choria_core.playbook.outcome import HostResult, Outcome
from choria_core.playbook.workbench import Workbench
from choria_playbooks.book.offered_kinds import kinds_of
from choria_playbooks.book.parsing import parse_book
from choria_playbooks.commands.book_locks import LockOffice
from choria_playbooks.view.json_lines import json_line
from packages.playbooks.tests.engine.conftest import HEAD, Lab
from packages.playbooks.tests.engine.recording import SpyLock

HALF = "half \udcff of a character"


def endless() -> list[Any]:
    """A list that holds itself."""
    found: list[Any] = []
    found.append(found)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class NoOptions:
    """Nothing can be said."""


class Given:
    """A task and a node set that give what a test wants."""

    Options: ClassVar[type] = NoOptions
    gives: ClassVar[Callable[[], Any]]

    async def run(self, options: Any, run: Any) -> Any:
        """As a task."""
        return type(self).gives()

    async def resolve(self, options: Any, bench: Any, stores: Any) -> Any:
        """As a node set."""
        return type(self).gives()

    def foretell(self, options: Any) -> str:
        """Nothing."""
        return ""


class Unmakeable(Given):
    """What cannot even be made."""

    def __init__(self) -> None:
        raise ZeroDivisionError("made by zero")


class StrangeLock(SpyLock):
    """A lock that does not know whether it is held."""

    def __init__(self) -> None:
        super().__init__(None, "a", 1)

    def is_held(self) -> bool:
        """Nobody knows."""
        raise ZeroDivisionError("held by zero")

    async def release(self) -> None:
        """Nothing is kept."""


class StrangeStore(DataStore):
    """A store whose locks are what a test wants."""

    Options: ClassVar[type] = NoOptions
    lock_timeout_seconds = 1.0
    gives: ClassVar[Callable[[], Any]]

    def __init__(self, name: str, options: Any, bench: Workbench) -> None:
        pass

    async def open(self) -> None:
        """Nothing."""

    async def close(self) -> None:
        """Nothing."""

    async def read(self, key: str) -> object:
        """What a test wants."""
        return type(self).gives()

    async def acquire(self, key: str, holder: LockHolder, *, timeout_seconds: float) -> Any:
        """What a test wants."""
        return type(self).gives()

    async def lock_view(self, key: str) -> LockView | None:
        """Nobody."""
        return None


class CarelessPlugin:
    """Offers ``careless`` of all kinds."""

    def __init__(self, gives: Callable[[], Any], base: type = Given) -> None:
        self._kind = type("Careless", (base,), {"gives": staticmethod(gives)})
        self.store: type[StrangeStore] = type(
            "CarelessStore", (StrangeStore,), {"gives": staticmethod(gives)}
        )

    @hookimpl
    def choria_tasks(self) -> Iterable[TaskPlugin]:
        """The task."""
        return [TaskPlugin("careless", self._kind)]

    @hookimpl
    def choria_node_sets(self) -> Iterable[NodeSetPlugin]:
        """The node set."""
        return [NodeSetPlugin("careless", self._kind)]

    @hookimpl
    def choria_data_stores(self) -> Iterable[DataStorePlugin]:
        """The store."""
        return [DataStorePlugin("careless", self.store)]


def outcome(**changes: Any) -> Outcome:
    """A good outcome but for some of it."""
    values: dict[str, Any] = {"is_ok": True, "message": "fine", **changes}
    return Outcome(**values)


@pytest.mark.parametrize(
    "given",
    [
        None,
        "fine",
        outcome(message=None),
        outcome(message=3),
        outcome(data=None),
        outcome(data="text"),
        outcome(results=None),
        outcome(results=["n1"]),
        outcome(results={"n1": True}),
        outcome(results={1: HostResult(is_ok=True)}),
        outcome(results={"n1": HostResult(is_ok=False, error=None)}),  # type: ignore[arg-type]
        outcome(results={"n1": HostResult(is_ok=False, details=None)}),  # type: ignore[arg-type]
    ],
)
async def test_what_is_no_outcome_fails_the_task(lab: Lab, given: object) -> None:
    lab.plugins.register(CarelessPlugin(lambda: given), "careless")

    ran = await lab.run("""
tasks: [{careless: {register: it, fail_ok: true}}, {note: {value: "{{ registered.it.msg }}"}}]
""")

    assert ran.ended.is_ok
    [message] = lab.values()
    assert message.startswith("the task careless, of a plugin, gave no outcome as it should: ")


async def test_a_task_that_ends_the_program_fails_alone(lab: Lab) -> None:
    lab.plugins.register(CarelessPlugin(lambda: sys.exit(7)), "careless")

    ran = await lab.run("tasks: [{careless: {}}]\nhooks: {on_fail: [note: {name: sorry}]}")

    assert ran.steps["tasks[0]"].message == "SystemExit: 7"
    assert lab.notes() == ["sorry"]


async def test_a_task_that_is_cancelled_by_nobody_fails(lab: Lab) -> None:
    def cancelled() -> None:
        raise asyncio.CancelledError("of a future of its own")

    lab.plugins.register(CarelessPlugin(cancelled), "careless")

    ran = await lab.run(
        "tasks: [{careless: {timeout: 5}}]\nhooks: {on_fail: [note: {name: sorry}]}"
    )

    assert ran.steps["tasks[0]"].message == "it was cancelled within: of a future of its own"
    assert lab.notes() == ["sorry"]


@pytest.mark.parametrize("key", ["", "hunter22"])
@pytest.mark.parametrize("value", [HALF, {HALF: 1}, {(1, 2): 3}, {3, 4}, object(), endless()])
async def test_values_that_json_cannot_hold_are_told_as_well_as_can_be(
    lab: Lab, value: object, key: str
) -> None:
    given = outcome(data=(value,), results={"n1": HostResult(is_ok=True, value=value)})
    lab.plugins.register(CarelessPlugin(lambda: given), "careless")
    lines: list[str] = []

    ran = await lab.run(
        """
inputs: {key: {type: Secret, required: false}}
tasks: [{careless: {register: it}}]
""",
        inputs={"key": key or None},
        report="report.yaml",
        listener=lambda event: lines.append(json_line(event)),
    )

    assert ran.ended.is_ok
    assert "step_ended" in [json.loads(line.encode())["event"] for line in lines]
    assert (lab.folder / "report.yaml").read_text().count("careless") > 1


@pytest.mark.parametrize("given", [None, "n1", 3, [1], ["n1", None], {"n1": 1}.values()])
async def test_what_is_no_list_of_nodes_ends_the_run(lab: Lab, given: Sequence[str]) -> None:
    lab.plugins.register(CarelessPlugin(lambda: given), "careless")

    ran = await lab.run("nodes: {web: {type: careless}}")

    assert ran.ended.error.startswith("node set web (careless): it gave no list of names but ")
    assert ran.ended.exit_code == 1


async def test_nodes_may_be_in_any_sequence(lab: Lab) -> None:
    lab.plugins.register(CarelessPlugin(lambda: deque(["n1", "n2"])), "careless")

    ran = await lab.run("""
nodes: {web: {type: careless}}
tasks: [{note: {value: "{{ nodes.web }}"}}]
""")

    assert ran.ended.is_ok
    assert lab.values() == [["n1", "n2"]]


@pytest.mark.parametrize("part", ["nodes: {web: {type: careless}}", "tasks: [{careless: {}}]"])
@pytest.mark.parametrize("check", [False, True])
async def test_a_kind_that_cannot_be_made(lab: Lab, part: str, check: bool) -> None:  # noqa: FBT001
    lab.plugins.register(CarelessPlugin(lambda: None, Unmakeable), "careless")

    ran = await lab.run(part, check=check, resolve=check)

    assert not ran.ended.is_ok
    assert any("ZeroDivisionError: made by zero" in line for line in ran.lines())


async def test_a_lock_that_is_none(lab: Lab) -> None:
    lab.plugins.register(CarelessPlugin(lambda: None), "careless")

    ran = await lab.run("""
data_stores: {box: {type: careless}}
locks: [box/a]
""")

    assert ran.ended.exit_code == 4
    assert ran.ended.error.startswith("lock box/a: AttributeError: ")


async def test_a_lock_that_cannot_say_whether_it_is_held_is_lost(lab: Lab) -> None:
    lab.plugins.register(CarelessPlugin(StrangeLock), "careless")

    ran = await lab.run("""
data_stores: {box: {type: careless}}
locks: [box/a]
tasks: [{note: {name: never}}]
""")

    assert ran.ended.exit_code == 4
    assert "lock box/a was lost: its store broke: ZeroDivisionError: held by zero" in (
        ran.ended.error
    )
    assert lab.notes() == []


@pytest.mark.parametrize("value", [object(), {1: {2, 3}}, endless(), b"bytes"])
async def test_a_store_that_gives_what_json_cannot_hold(lab: Lab, value: object) -> None:
    lab.plugins.register(CarelessPlugin(lambda: value), "careless")

    ran = await lab.run("""
data_stores: {box: {type: careless}}
inputs: {it: {type: Any, data: box/it}}
tasks: [{note: {value: "{{ inputs.it }}", fail_ok: true}},
        {note: {value: "{{ inputs.it }}!", fail_ok: true}}]
""")

    assert ran.ended.is_ok


@pytest.mark.parametrize("reads", [lambda _self, _key: 1, lambda _self: 1, None])
async def test_a_store_that_reads_in_another_way(lab: Lab, reads: object) -> None:
    plugin = CarelessPlugin(lambda: None)
    plugin.store.read = reads  # type: ignore[method-assign, assignment]
    lab.plugins.register(plugin, "careless")

    ran = await lab.run("""
data_stores: {box: {type: careless}}
inputs: {it: {type: Any, data: box/it}}
tasks: [{note: {value: "{{ inputs.it }}"}}]
""")

    assert "data store box (careless), box/it: TypeError: " in ran.steps["tasks[0]"].message


async def test_locks_of_a_store_that_breaks(lab: Lab) -> None:
    plugin = CarelessPlugin(lambda: None)

    async def breaks(_self: object, _key: str = "") -> None:
        raise ZeroDivisionError("it broke")

    plugin.store.close = breaks  # type: ignore[method-assign, assignment]
    plugin.store.lock_view = breaks  # type: ignore[method-assign, assignment]
    lab.plugins.register(plugin, "careless")
    text = f"schema: 1\n{HEAD}data_stores: {{box: {{type: careless}}}}\nlocks: [box/a]\n"
    book = parse_book(text, kinds_of(lab.plugins), file="book.yaml").book

    async with Workbench(plugins=lab.plugins, load_config=lab.load_config) as bench:
        [seen] = await LockOffice(book, {}, bench).see()

    assert str(seen.error) == "data store box (careless), a: ZeroDivisionError: it broke"
