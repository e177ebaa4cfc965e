"""Checks that span the parts of a book.  Pure."""

from collections.abc import Iterator, Mapping, Sequence

from choria_core.config.problems import key_path
from choria_core.config.value import nearest
from choria_core.config.yaml_nodes import Node, ScalarNode, plain
from choria_playbooks.book.exposure import ExposureChecker
from choria_playbooks.book.findings import Findings
from choria_playbooks.book.kinds import Kinds
from choria_playbooks.book.looking import holds_marker, is_marked
from choria_playbooks.book.model import ABSENT, Book, ListCall, LockSpec, Step, TaskList, TaskSpec
from choria_playbooks.book.names import split_path
from choria_playbooks.book.reading_inputs import unfit
from choria_playbooks.book.reading_locks import unknown_fix
from choria_playbooks.book.references import ReferenceChecker
from choria_playbooks.book.walking import Placed, all_steps


def check_book(findings: Findings, book: Book, kinds: Kinds, *, uses: Node | None) -> None:
    """Tell what is wrong between the parts of ``book``.

    Args:
        findings: is told.
        book: the book, which may have gaps.
        kinds: of what is installed.
        uses: the block ``uses`` as written; None where there is none.
    """
    ReferenceChecker(findings, book, uses).check()
    ExposureChecker(findings, book, kinds).check()
    _check_agents(findings, book)
    steps = tuple(all_steps(book))
    _check_calls(findings, book, steps)
    _check_circles(findings, book, steps)
    _check_locks(findings, book, steps)
    _check_paths(findings, book, steps)


def _check_agents(findings: Findings, book: Book) -> None:
    """Agents of node sets stand in the book's ``uses``, with their versions."""
    for spec in book.nodes.values():
        for agent in spec.uses:
            if agent not in book.uses:
                key = key_path(key_path("nodes", spec.name), "uses")
                text = f"the book's uses says nothing of the agent {agent}"
                meant = nearest(agent, book.uses)
                fix = f"did you mean {meant}?" if meant else f'add {agent}: ">= 0.0.1" there'
                findings.refuse(spec.location, key, text, fix)


def _check_calls(findings: Findings, book: Book, steps: Sequence[Placed]) -> None:
    """Calls of named lists name one, and give it what it takes."""
    for placed in steps:
        call = placed.step
        if not isinstance(call, ListCall) or not call.name:
            continue
        known = book.task_lists.get(call.name)
        key = f"{call.id}.tasks"
        if known is None:
            meant = nearest(call.name, book.task_lists)
            fix = f"did you mean {meant}?" if meant else "describe it under task_lists"
            findings.refuse(call.location, key, f"there is no list {call.name}", fix)
            continue
        _check_arguments(findings, call, known, f"{key}.arguments")


def _check_arguments(findings: Findings, call: ListCall, known: TaskList, key: str) -> None:
    for entry in call.arguments.entries:
        argument = known.arguments.get(entry.key)
        if argument is None:
            meant = nearest(entry.key, known.arguments)
            fix = f"did you mean {meant}?" if meant else "remove it"
            text = f"{call.name} takes no argument {entry.key}"
            findings.refuse(entry.location, key, text, fix)
        elif not holds_marker(entry.value, findings.dialect):
            wrong = unfit(argument.type, argument.validation, plain(entry.value))
            if argument.is_secret:
                wrong = "a secret stands in the book for all to read", "use an input of type Secret"
            if wrong:
                findings.refuse(entry.value.location, key_path(key, entry.key), *wrong)
    given = {entry.key for entry in call.arguments.entries}
    for argument in known.arguments.values():
        if argument.required and argument.default is ABSENT and argument.name not in given:
            text = f"{call.name} needs the argument {argument.name}"
            findings.refuse(call.location, key, text, "add it")


def _check_circles(findings: Findings, book: Book, steps: Sequence[Placed]) -> None:
    """No named list calls itself, be it through others."""
    calls: dict[str, list[ListCall]] = {name: [] for name in book.task_lists}
    for placed in steps:
        task_list = placed.outer.task_list
        if task_list is not None and isinstance(placed.step, ListCall):
            calls[task_list.name].append(placed.step)
    done: set[str] = set()
    for name in calls:
        if name in done:
            continue
        for call, way in _circles(name, calls, done):
            text = f"{call.name} calls itself: {' > '.join(way)}"
            findings.refuse(call.location, f"{call.id}.tasks", text, "call another list")


def _circles(
    start: str, calls: Mapping[str, list[ListCall]], done: set[str]
) -> Iterator[tuple[ListCall, list[str]]]:
    """Calls that close a circle, each with the way around; without recursion."""
    way = [start]
    open_calls = [iter(calls[start])]
    while open_calls:
        call = next(open_calls[-1], None)
        if call is None:
            open_calls.pop()
            done.add(way.pop())
        elif call.name in way:
            yield call, [*way[way.index(call.name) :], call.name]
        elif call.name in calls and call.name not in done:
            way.append(call.name)
            open_calls.append(iter(calls[call.name]))


def _check_locks(findings: Findings, book: Book, steps: Sequence[Placed]) -> None:
    """No lock is taken on a key that holds data: it would be erased."""
    kept = {item.data for item in book.inputs.values() if item.data}
    locks: list[tuple[LockSpec, str]] = [(lock, "locks") for lock in book.locks]
    for placed in steps:
        lock = placed.step.control.lock
        if lock is not None:
            locks.append((lock, f"{placed.step.id}.lock"))
        kept |= set(_written(placed.step, findings.dialect))
    for lock, key in locks:
        if lock.path in kept:
            text = f"{lock.path} holds data, which a lock there would erase"
            findings.refuse(lock.location, key, text, "lock another key")


def _written(step: Step, dialect: int) -> Iterator[str]:
    """The path that a data task writes, where it stands in the book."""
    if isinstance(step, TaskSpec) and step.type == "data":
        node = step.options.get("key")
        if isinstance(node, ScalarNode) and node.kind == "text" and not is_marked(node, dialect):
            yield node.text


def _check_paths(findings: Findings, book: Book, steps: Sequence[Placed]) -> None:
    """Tasks that keep data name a store of the book."""
    for placed in steps:
        step = placed.step
        for path in _written(step, findings.dialect):
            node = step.options.get("key") if isinstance(step, TaskSpec) else None
            where = node.location if node else step.location
            split = split_path(path)
            if split is None:
                text = f"{path} is no path into a data store"
                findings.refuse(where, f"{step.id}.key", text, "write store/key")
            elif split[0] not in book.data_stores:
                text = f"the book has no data store {split[0]}"
                fix = unknown_fix(split[0], book.data_stores, "data_stores")
                findings.refuse(where, f"{step.id}.key", text, fix)
