"""Which steps are done, of books of any shape."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from choria_playbooks.engine.events import State
from packages.playbooks.tests.engine.conftest import Lab

TAGS = ("x", "y", "z")

anywhere = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@dataclass
class Node:
    """A step of a book.

    Attributes:
        kind: ``note``, ``block``, ``parallel``, ``loop`` (of a block) or ``tasks``.
        tags: of it.
        inner: steps within it.
        name: of a note.
    """

    kind: str
    tags: tuple[str, ...]
    inner: "list[Node]"
    name: str = ""


tags = st.lists(st.sampled_from(TAGS), max_size=2, unique=True).map(tuple)
notes = st.builds(lambda tags: Node("note", tags, []), tags)
trees = st.lists(
    st.recursive(
        notes,
        lambda inner: st.builds(
            Node,
            st.sampled_from(("block", "parallel", "loop", "tasks")),
            tags,
            st.lists(inner, min_size=1, max_size=3),
        ),
        max_leaves=6,
    ),
    min_size=1,
    max_size=4,
)


class Written:
    """A book made of nodes, each note with a name of its own."""

    def __init__(self, nodes: list[Node], bad: str = "") -> None:
        self.lists: dict[str, Any] = {}
        self._bad = bad
        self._count = 0
        self.tasks = [self._step(node) for node in nodes]

    def _step(self, node: Node) -> dict[str, Any]:
        if node.kind == "note":
            node.name = f"n{self._count}"
            self._count += 1
            words: dict[str, Any] = {"name": node.name, "tags": list(node.tags)}
            if node.name == self._bad:
                words["fail"] = "{{ inputs.bad }}"
            return {"note": words}
        inner = [self._step(one) for one in node.inner]
        if node.kind == "tasks":
            name = f"l{len(self.lists)}"
            self.lists[name] = {"tasks": inner}
            return {"tasks": {"list": name, "tags": list(node.tags)}}
        words = {"tasks": inner, "tags": list(node.tags)}
        if node.kind == "loop":
            return {"block": {**words, "loop": ["a", "b"]}}
        return {node.kind: words}

    @property
    def text(self) -> str:
        """All but the head of the book."""
        book = {
            "data_stores": {"box": {"type": "spy"}},
            "inputs": {"bad": {"type": "Boolean", "data": "box/bad", "default": False}},
            "task_lists": self.lists,
            "tasks": self.tasks,
        }
        return "\n".join(f"{key}: {json.dumps(value)}" for key, value in book.items())


def times(nodes: list[Node], around: frozenset[str] = frozenset()) -> Iterator[tuple[str, Any]]:
    """Names of notes with all their tags, as often as they are done."""
    for node in nodes:
        own = around.union(node.tags)
        if node.kind == "note":
            yield node.name, own
        for _ in range(2 if node.kind == "loop" else 1):
            yield from times(node.inner, own)


@anywhere
@given(trees, st.sets(st.sampled_from(TAGS)), st.sets(st.sampled_from(TAGS)))
async def test_tags_choose_exactly_those_that_they_should(
    lab: Lab, nodes: list[Node], wanted: set[str], unwanted: set[str]
) -> None:
    written = Written([*nodes, Node("note", TAGS, [])])
    every = [*times(nodes), (f"n{written._count - 1}", frozenset(TAGS))]
    lab.notes()
    ran = await lab.run(written.text, tags=frozenset(wanted), skip_tags=frozenset(unwanted))

    assert ran.ended.is_ok
    expected = [name for name, own in every if not own & unwanted and (not wanted or own & wanted)]
    assert sorted(lab.notes()) == sorted(expected)


@anywhere
@given(trees, st.data())
async def test_each_task_is_done_once_in_a_run_and_the_one_that_resumes_it(
    lab: Lab, nodes: list[Node], data: st.DataObject
) -> None:
    Written(nodes)
    every = [name for name, _ in times(nodes)]
    bad = data.draw(st.sampled_from(every))
    text = Written(nodes, bad).text
    report = f"report-{len(list_of_files(lab))}.yaml"
    lab.notes()
    lab.diary.kept["box"] = {"bad": True}
    first = await lab.run(text, report=report)
    assert not first.ended.is_ok
    before = lab.notes()
    lab.diary.kept["box"]["bad"] = False
    second = await lab.run(text, resume=lab.resumption(report))

    assert second.ended.is_ok, second.lines()
    again = lab.notes()
    failed = [name for name, state in first.states.items() if state is State.FAILED]
    tries = sum(first.steps[name].type == "note" for name in failed)
    assert sorted([*before, *again]) == sorted([*every, *[bad] * tries])
    done = {name for name, step in second.steps.items() if step.type == "note"}
    assert len(done) == len(every)


def list_of_files(lab: Lab) -> list[str]:
    """What is in the folder of a lab."""
    return [file.name for file in lab.folder.iterdir()]


@anywhere
@given(trees, st.data())
async def test_a_run_begins_at_any_step(lab: Lab, nodes: list[Node], data: st.DataObject) -> None:
    text = Written(nodes).text
    lab.notes()
    whole = await lab.run(text)
    every = lab.notes()
    ids = [
        name
        for name, step in whole.steps.items()
        if step.type == "note" and "#" not in name and "/" not in name
    ]
    if not ids:
        return
    order = [event for event in whole.steps if event in ids]
    start = data.draw(st.sampled_from(order))
    ran = await lab.run(text, start_at=start)

    assert ran.ended.is_ok
    done = lab.notes()
    assert set(done) <= set(every)
    assert ran.states[start] is State.OK
    position = _position(start)
    for name in ids:
        state = ran.states.get(name, State.SKIPPED)
        assert (state is State.OK) == (_position(name) >= position), name


def _position(identity: str) -> list[int]:
    """Where a step stands in its book."""
    return [int(part) for part in identity.replace("]", "[").split("[") if part.isdigit()]
