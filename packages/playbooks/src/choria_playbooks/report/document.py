"""A report, as far as a run has come.  Pure.

The keys of the original's reports keep their names and meaning: ``report``, ``playbook``,
``inputs``, ``nodes``, ``tasks``, ``metrics`` and ``logs``.  New are ``id``, ``parent``, ``state``,
``attempts``, ``results`` and ``registered`` of a task, ``steps`` for blocks and calls, and what a
run that is resumed needs.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from choria_core.playbook.outcome import HostResult
from choria_playbooks.engine.events import (
    CONTAINERS,
    BookRead,
    Event,
    InputsKnown,
    Level,
    Line,
    NodesFound,
    RunBegan,
    RunEnded,
    State,
    StepEnded,
    TryEnded,
)
from choria_playbooks.report.journal import Journal
from choria_playbooks.report.kept_items import KeptItems
from choria_playbooks.report.yaml_lines import block, item, mapping, scalar, sequence

VERSION: Final = 1


@dataclass(slots=True)
class _Tally:
    """Tasks of one type."""

    count: int = 0
    total_time: float = 0.0
    passed: int = 0
    failed: int = 0

    def take(self, ended: StepEnded) -> None:
        self.count += 1
        self.total_time += ended.run_seconds
        self.passed += ended.state is State.OK
        self.failed += ended.state is not State.OK


@dataclass(slots=True)
class ReportDocument:
    """Takes events, gives the text of the report so far.

    Attributes:
        digest: of the book.
    """

    digest: str
    _began: RunBegan | None = None
    _ended: RunEnded | None = None
    _inputs: str = "inputs:\n  static: {}\n  dynamic: []\n"
    _nodes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _books: dict[str, str] = field(default_factory=dict)
    _tasks: list[str] = field(default_factory=list)
    _steps: list[str] = field(default_factory=list)
    _logs: KeptItems = field(default_factory=KeptItems)
    _tallies: dict[str, _Tally] = field(default_factory=lambda: defaultdict(_Tally))
    _attempts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    _last: StepEnded | None = None
    _now: float = 0.0
    _journal: Journal = field(default_factory=Journal)

    def take(self, event: Event) -> None:
        """Put an event into the report."""
        self._now = event.time
        match event:
            case RunBegan():
                self._began = event
            case RunEnded():
                self._ended = event
            case InputsKnown():
                self._inputs = "".join(_inputs(event))
            case NodesFound(name=name, nodes=nodes):
                self._nodes[name] = nodes
                self._journal.add_nodes(name, list(nodes))
            case BookRead():
                self._books[event.id] = event.digest
                self._journal.add_book(event.id, event.digest)
            case TryEnded():
                self._attempts.setdefault(event.id, []).append(_attempt(event))
            case StepEnded():
                self._take_step(event)
            case Line():
                text = item(mapping(_log(event)))
                self._logs.add(text)
                self._journal.add_log(text)

    def text(self) -> str:
        """The whole report; what is new from now on is what it does not have."""
        self._journal.written_whole()
        return "".join(self._parts())

    def news(self) -> str:
        """What a text needs added that has all but what is new; empty where that is too much."""
        if self._journal.is_full:
            return ""
        start = self._began.time if self._began else self._now
        return self._journal.entry(*self._metrics(start, self._now), *self._resume())

    def _take_step(self, ended: StepEnded) -> None:
        attempts = self._attempts.pop(ended.id, [])
        if ended.type in CONTAINERS:
            text = _step(ended)
            self._steps.append(text)
            self._journal.add_step(text)
            return
        text = _task(ended, attempts)
        self._tasks.append(text)
        self._journal.add_task(text)
        if ended.state is State.SKIPPED:
            return
        self._tallies[ended.type].take(ended)
        if ended.state is State.OK:
            self._last = ended

    def _parts(self) -> Iterator[str]:
        began, ended = self._began, self._ended
        start = began.time if began else self._now
        end = ended.time if ended else self._now
        yield "---\nreport:\n"
        yield from mapping(
            {
                "version": VERSION,
                "timestamp": moment(start),
                "success": bool(ended and ended.is_ok),
                "playbook_error": (ended.error or None) if ended else None,
                "state": "finished" if ended else "running",
                "exit_code": ended.exit_code if ended else None,
                "run_id": began.run_id if began else "",
            },
            "  ",
        )
        yield "playbook:\n"
        names = {"name": began.book, "version": began.version, "file": began.file} if began else {}
        yield from mapping({**names, "digest": self.digest}, "  ")
        yield from ("  " + line for line in block("books", self._books))
        yield self._inputs
        yield from block("nodes", {name: list(nodes) for name, nodes in self._nodes.items()})
        yield from sequence("tasks", self._tasks)
        yield from sequence("steps", self._steps)
        yield from self._metrics(start, end)
        yield from self._resume()
        yield from sequence("logs", self._logs.texts(self._gap(start)))

    def _resume(self) -> Iterator[str]:
        last = self._last
        return block("resume", {"last": last.id, "data": list(last.data)} if last else {})

    def _gap(self, time: float) -> str:
        """Stands in the log for lines that are not kept."""
        said = f"[{self._logs.left_out} lines are not kept]"
        line = Line(time=time, level=Level.WARN, context="report", text=said)
        return item(mapping(_log(line)))

    def _metrics(self, start: float, end: float) -> Iterator[str]:
        yield "metrics:\n"
        yield from mapping(
            {
                "start_time": moment(start),
                "end_time": moment(end),
                "run_time": round(end - start, 6),
                "task_count": sum(tally.count for tally in self._tallies.values()),
            },
            "  ",
        )
        types = {
            name: {
                "count": tally.count,
                "total_time": round(tally.total_time, 6),
                "pass": tally.passed,
                "fail": tally.failed,
            }
            for name, tally in self._tallies.items()
        }
        yield from ("  " + line for line in block("task_types", types))


def moment(time: float) -> datetime:
    """A time of an event."""
    return datetime.fromtimestamp(time, tz=UTC)


def host_document(result: HostResult, kind: str, *, fail_ok: bool) -> dict[str, Any]:
    """What came of a task at one place, in the shape that results of tasks have since 0.4.0."""
    document: dict[str, Any] = {"value": result.value, "type": kind, "fail_ok": fail_ok}
    if not result.is_ok:
        document["error"] = {
            "msg": result.error,
            "kind": f"choria.playbook/{result.kind or 'taskerror'}",
            "details": dict(result.details),
        }
    return document


def _attempt(ended: TryEnded) -> dict[str, Any]:
    return {
        "number": ended.number,
        "success": ended.is_ok,
        "msg": ended.message,
        "run_time": round(ended.run_seconds, 6),
    }


def _log(line: Line) -> dict[str, object]:
    found: dict[str, object] = {
        "time": moment(line.time),
        "level": line.level.name.lower(),
        "from": line.context,
        "msg": line.text,
    }
    return {**found, "step": line.step} if line.step else found


def _inputs(known: InputsKnown) -> Iterator[str]:
    yield "inputs:\n"
    yield from ("  " + line for line in block("static", dict(known.static)))
    yield f"  dynamic: {scalar(list(known.dynamic))}\n"


def _task(ended: StepEnded, attempts: list[dict[str, Any]]) -> str:
    has_run = ended.state in (State.OK, State.FAILED, State.STOPPED)
    start = ended.started or ended.time
    head: dict[str, object] = {
        "type": ended.type,
        "set": ended.list,
        "description": ended.description,
        "start_time": moment(start) if has_run else None,
        "end_time": moment(ended.time) if has_run else None,
        "run_time": round(ended.run_seconds, 6),
        "ran": has_run,
        "msg": ended.message,
        "success": ended.state is State.OK,
        "id": ended.id,
        "parent": ended.parent,
        "state": ended.state.value,
        "fail_ok": ended.is_fail_ok,
        "attempts": attempts,
    }
    if ended.register:
        head |= {"register": ended.register, "registered": ended.registered}
    head["writes"] = None if ended.writes is None else dict(ended.writes)
    return item((*mapping(head), *_results(ended)))


def _results(ended: StepEnded) -> Iterator[str]:
    results = {
        node: host_document(result, ended.type, fail_ok=ended.is_fail_ok)
        for node, result in ended.results.items()
    }
    return block("results", results)


def _step(ended: StepEnded) -> str:
    return item(
        mapping(
            {
                "id": ended.id,
                "parent": ended.parent,
                "type": ended.type,
                "set": ended.list,
                "description": ended.description,
                "state": ended.state.value,
                "msg": ended.message,
                "start_time": moment(ended.started or ended.time),
                "end_time": moment(ended.time),
                "run_time": round(ended.run_seconds, 6),
                "register": ended.register,
                "registered": ended.registered,
                "writes": None if ended.writes is None else dict(ended.writes),
            }
        )
    )
