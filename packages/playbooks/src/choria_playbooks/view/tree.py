"""The steps of a run as a tree that grows: what is done, what is being done.  Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from choria_core.presentation.safe_text import one_line
from choria_playbooks.engine.events import (
    Event,
    Level,
    Line,
    LockGone,
    LockTaken,
    LockWaiting,
    NodeDone,
    NodesFound,
    NodesWaiting,
    RunBegan,
    State,
    StepBegan,
    StepEnded,
    TryBegan,
)

MARKS = {
    State.OK: ("✓", "green"),
    State.FAILED: ("✗", "red"),
    State.SKIPPED: ("-", "dim"),
    State.STOPPED: ("!", "yellow"),
}
"""The sign and the colour of a step that is over."""

_MOST_COMPLAINTS: Final = 10
"""So many nodes that fail say why; the end of the step counts them all."""

_TOLD_IN_REHEARSALS: Final = ("locks", "prep.inputs", "prep.nodes")
"""Contexts of log lines in whose place a run has lines of its own."""


@dataclass(slots=True)
class Running:
    """A step that is being done.

    Attributes:
        id, parent, type, description, depth: of the step.
        began: when, unix seconds.
        number, tries: of the present try.
        nodes, done, failed: how many are asked, answered, and answered that they failed.
        complaint, complaints: the last warning about it, and how many there were.
        is_announced: there is a line above what it has to say, or above its own steps.
    """

    id: str
    parent: str
    type: str
    description: str
    depth: int
    began: float
    number: int = 1
    tries: int = 1
    nodes: int = 0
    done: int = 0
    failed: int = 0
    complaint: str = ""
    complaints: int = 0
    is_announced: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """A line that stays on the screen.

    Attributes:
        depth: how far it is indented.
        mark, colour: its sign, and the colour of that; empty for none.
        text: what it says, safe for terminals.
        note: what is said behind it, less loudly.
    """

    depth: int
    mark: str
    colour: str
    text: str
    note: str = ""


@dataclass(slots=True)
class Tree:
    """Takes events; tells what to print for good, and keeps what is being done.

    Attributes:
        level: log lines below it are not shown.
        running: steps that are being done, by id, the outer before the inner.
        waiting: locks that are waited for, and who has them.
        tasks: how many steps are over.
        is_check: nothing is done, and what would be is told instead of how long it took.
    """

    level: Level = Level.WARN
    running: dict[str, Running] = field(default_factory=dict)
    waiting: dict[str, str] = field(default_factory=dict)
    tasks: int = 0
    is_check: bool = False
    _speaker: str = ""

    @property
    def innermost(self) -> list[Running]:
        """Steps that are being done, without those that others are being done for."""
        outer = {one.parent for one in self.running.values()}
        return [one for one in self.running.values() if one.id not in outer]

    def take(self, event: Event) -> Iterator[Said]:
        """What ``event`` has to be printed for good."""
        match event:
            case RunBegan(is_check=is_check):
                self.is_check = is_check
            case StepBegan():
                yield from self._begin(event)
            case StepEnded():
                yield self._end(event)
            case Line():
                yield from self._line(event)
            case NodesFound(name=name, nodes=nodes):
                yield Said(0, "●", "cyan", f"nodes {one_line(name)}", _count(len(nodes)))
            case LockWaiting(lock=lock, holder=holder):
                self.waiting[lock] = holder
            case LockTaken(lock=lock):
                self.waiting.pop(lock, None)
                yield Said(0, "●", "cyan", f"lock {one_line(lock)}", "taken")
            case LockGone(lock=lock, loss=loss):
                said = f"lost: {one_line(loss)}" if loss else "given back"
                yield Said(0, "●", "red" if loss else "cyan", f"lock {one_line(lock)}", said)
            case _:
                self._progress(event)

    def _begin(self, began: StepBegan) -> Iterator[Said]:
        parent = self.running.get(began.parent)
        depth = parent.depth + 1 if parent else 0
        text = one_line(began.description)
        if parent is not None:
            yield from self._announce(parent)
        self.running[began.id] = Running(
            began.id, began.parent, began.type, text, depth, began.time
        )

    def _announce(self, running: Running) -> Iterator[Said]:
        if not running.is_announced:
            running.is_announced = True
            self._speaker = running.id
            yield Said(running.depth, "▸", "bold", running.description)

    def _end(self, ended: StepEnded) -> Said:
        was = self.running.pop(ended.id, None)
        parent = self.running.get(ended.parent)
        depth = was.depth if was else (parent.depth + 1 if parent else 0)
        self.tasks += 1
        mark, colour = MARKS[ended.state]
        if ended.is_fail_ok:
            mark, colour = "✗", "yellow"
        complaint = was.complaint if was else ""
        is_explained = ended.message != "" and ended.message in complaint
        note = _note(ended, is_check=self.is_check, is_explained=is_explained)
        return Said(depth, mark, colour, one_line(ended.description), note)

    def _line(self, line: Line) -> Iterator[Said]:
        was = self.running.get(line.step)
        if not self._is_shown(line, was):
            return
        text = one_line(line.text)
        if was is not None:
            yield from self._announce(was)
            if self._speaker != was.id and line.is_output:
                text = f"{was.description}: {text}"
            self._speaker = was.id
        depth = was.depth + 1 if was else 0
        if line.is_output:
            yield Said(depth, "│", "dim", text)
            return
        colour = "red" if line.level >= Level.ERROR else "yellow"
        yield Said(depth, "!" if line.level >= Level.WARN else "·", colour, text)
        if was is not None and line.level >= Level.WARN:
            was.complaint = line.text
            was.complaints += 1

    def _is_shown(self, line: Line, was: Running | None) -> bool:
        """Whether a line is; what nodes say one by one is counted instead, but for a few failures.

        A rehearsal tells of locks and nodes what a run shows by its lines for them.
        """
        is_verbose = self.level <= Level.DEBUG
        if was is not None and was.nodes and not is_verbose:
            if line.is_output:
                return False
            if line.level < Level.ERROR and was.complaints >= _MOST_COMPLAINTS:
                return False
        is_told = self.is_check and line.context in _TOLD_IN_REHEARSALS
        level = min(self.level, Level.INFO) if is_told else self.level
        return line.is_output or line.level >= level

    def _progress(self, event: Event) -> None:
        match event:
            case TryBegan(id=step, number=number, tries=tries) if step in self.running:
                running = self.running[step]
                running.number, running.tries = number, tries
                running.nodes = running.done = running.failed = running.complaints = 0
            case NodesWaiting(id=step, nodes=nodes) if step in self.running:
                self.running[step].nodes += len(nodes)
            case NodeDone(id=step, result=result) if step in self.running:
                self.running[step].done += 1
                self.running[step].failed += not result.is_ok


def _note(ended: StepEnded, *, is_check: bool, is_explained: bool) -> str:
    """What is said behind a step; not why it failed, where that was said already."""
    if is_check:
        return one_line(ended.message)
    parts = []
    nodes = len(ended.results)
    failed = sum(not result.is_ok for result in ended.results.values())
    if nodes > 1:
        parts.append(f"{nodes - failed}/{nodes} nodes" if failed else f"{nodes} nodes")
    if ended.is_resumed:
        parts.append("done before")
    elif ended.state is not State.SKIPPED:
        parts.append(f"{ended.run_seconds:.2f} s")
    if ended.is_fail_ok:
        parts.append("failed, which is fine")
    if (ended.is_fail_ok or ended.state is not State.OK) and not is_explained:
        parts.append(one_line(ended.message))
    return ", ".join(part for part in parts if part)


def _count(nodes: int) -> str:
    return f"{nodes:,} node{'' if nodes == 1 else 's'}"
