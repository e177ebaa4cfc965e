"""Books of any shape, for property tests."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

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
    """A book made of nodes, each note with a name of its own.

    Args:
        nodes: of its tasks.
        bad: name of a note that fails as long as the store says so.

    Attributes:
        lists, tasks: as the book has them.
        count: of notes.
    """

    def __init__(self, nodes: list[Node], bad: str = "") -> None:
        self.lists: dict[str, Any] = {}
        self.count = 0
        self._bad = bad
        self.tasks = [self._step(node) for node in nodes]

    def _step(self, node: Node) -> dict[str, Any]:
        if node.kind == "note":
            node.name = f"n{self.count}"
            self.count += 1
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
