"""A book as rows: what it wants, where it works, what it does.  Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from choria_core.config.yaml_nodes import ListNode, MapNode, Node, ScalarNode, plain
from choria_playbooks.book.model import (
    ABSENT,
    BlockSpec,
    Book,
    BookCall,
    Control,
    Hook,
    Input,
    ListCall,
    NodeSetSpec,
    Share,
    Step,
    TaskSpec,
)

_BEFORE: Final = (Hook.PRE_BOOK, Hook.PRE_TASK, Hook.POST_TASK)
_AFTER: Final = (Hook.ON_SUCCESS, Hook.ON_FAIL, Hook.POST_BOOK)
_MEANING: Final = {
    Hook.PRE_BOOK: "before all tasks",
    Hook.PRE_TASK: "before each task",
    Hook.POST_TASK: "after each task",
    Hook.ON_SUCCESS: "when all tasks succeeded",
    Hook.ON_FAIL: "when a task failed",
    Hook.POST_BOOK: "in the end",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the outline.

    Attributes:
        depth: how far it is indented; 0 for headings.
        kind: ``heading``, ``input``, ``store``, ``lock``, ``nodes``, ``task``, ``block``,
            ``parallel``, ``call`` or ``branch`` (the rescue and the end of a block).
        name: what it is.
        text: the rest.
    """

    depth: int
    kind: str
    name: str
    text: str = ""


def outline(book: Book) -> list[Row]:
    """All rows, in the order in which things happen."""
    return [row for part in _parts(book) for row in part]


def text_of(rows: Iterable[Row]) -> str:
    """The rows as a text."""
    return "".join(f"{'  ' * row.depth}{_words(row)}\n" for row in rows)


def _words(row: Row) -> str:
    if row.kind == "heading":
        return f"{row.name}{f': {row.text}' if row.text else ''}"
    return f"{row.name}{f'  {row.text}' if row.text else ''}"


def _parts(book: Book) -> Iterator[list[Row]]:
    data = book.metadata
    yield [Row(0, "heading", f"{data.name} {data.version}", data.description)]
    yield _section("inputs", (_input(one) for one in book.inputs.values()))
    stores = (Row(1, "store", one.name, one.type) for one in book.data_stores.values())
    yield _section("data stores", stores)
    yield _section("locks", (Row(1, "lock", lock.path) for lock in book.locks))
    yield _section("nodes", (_nodes(one) for one in book.nodes.values()))
    for hook in _BEFORE:
        yield _list(hook, _MEANING[hook], book.hooks.get(hook, ()))
    yield _list("tasks", "", book.tasks)
    for hook in _AFTER:
        yield _list(hook, _MEANING[hook], book.hooks.get(hook, ()))
    for one in book.task_lists.values():
        yield _list(f"task list {one.name}", ", ".join(one.arguments), one.steps)


def _section(name: str, rows: Iterable[Row]) -> list[Row]:
    found = list(rows)
    return [Row(0, "heading", name), *found] if found else []


def _list(name: str, meaning: str, steps: Iterable[Step]) -> list[Row]:
    found = [row for step in steps for row in _step(step, 1)]
    return [Row(0, "heading", str(name), meaning), *found] if found else []


def _input(one: Input) -> Row:
    words = [str(one.type)]
    if one.data:
        words.append(f"{'only ' if one.dynamic else ''}from {one.data}")
    if one.default is not ABSENT:
        words.append(f"default {'hidden' if one.is_secret else repr(one.default)}")
    elif one.required and not one.data:
        words.append("required")
    if one.save:
        words.append("kept there")
    return Row(1, "input", one.name, ", ".join(words))


def _nodes(one: NodeSetSpec) -> Row:
    words = [one.type]
    if one.limit is not None:
        words.append(f"{'any' if one.random else 'the first'} {share_text(one.limit)}")
    words.append(f"at least {one.at_least}" if not one.empty_ok else "may be empty")
    if one.test:
        words.append("must answer")
    if one.uses:
        words.append(f"with {', '.join(one.uses)}")
    return Row(1, "nodes", one.name, ", ".join(words))


def share_text(share: Share) -> str:
    """A share as books write it."""
    return str(share.count) if share.count else f"{share.percent:g}%"


def _step(step: Step, depth: int) -> Iterator[Row]:
    words = ", ".join(_control(step.control))
    said = step.control.description
    match step:
        case TaskSpec():
            what = said or _told(step.options)
            yield Row(depth, "task", step.type, _joined(what, words))
        case ListCall():
            yield Row(depth, "call", f"tasks {step.name}", _joined(said, words))
        case BookCall():
            yield Row(depth, "call", f"playbook {step.file}", _joined(said, words))
        case BlockSpec():
            yield from _block(step, depth, words)


def _block(block: BlockSpec, depth: int, words: str) -> Iterator[Row]:
    kind = "parallel" if block.parallel else "block"
    serial = ", ".join(share_text(share) for share in block.serial)
    said = _joined(block.control.description, f"{serial} nodes at a time" if serial else "")
    yield Row(depth, kind, kind, _joined(said, words))
    for step in block.steps:
        yield from _step(step, depth + 1)
    for name, steps in (("rescue", block.rescue), ("always", block.always)):
        if steps:
            yield Row(depth, "branch", name)
        for step in steps:
            yield from _step(step, depth + 1)


def _control(control: Control) -> Iterator[str]:
    if control.when is not None:
        yield f"when {control.when.text}"
    if control.loop is not None:
        yield f"for each of {_short(control.loop)}"
    if control.tries > 1:
        yield f"{control.tries} tries"
    if control.timeout_seconds is not None:
        yield f"within {control.timeout_seconds:g} s"
    if control.lock is not None:
        yield f"holding {control.lock.path}"
    if control.fail_ok:
        yield "may fail"
    if control.register:
        yield f"as {control.register}"
    if control.tags:
        yield f"tags {' '.join(control.tags)}"


def _told(options: MapNode) -> str:
    """The first option of a task that says anything: its command, its action."""
    texts = (entry.value for entry in options.entries if isinstance(entry.value, ScalarNode))
    return next((node.text for node in texts if node.text), "")


def _short(node: Node) -> str:
    if isinstance(node, ListNode):
        return f"{len(node.items)} items"
    return str(plain(node))


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)
