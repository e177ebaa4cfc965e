"""What happens in a run, told as it happens.  Pure.

Listeners make of it log lines, JSON lines, the live view and the report.  Everything in an event
is masked already: no secret is in it.  Times are unix seconds.
"""

import enum
from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from choria_core.playbook.outcome import HostResult

CONTAINERS: Final = frozenset(("block", "parallel", "batch", "tasks", "playbook", "loop"))
"""Types of steps that hold others, and are no tasks."""


class Level(enum.IntEnum):
    """How much a log line matters."""

    DEBUG = 0
    INFO = 1
    WARN = 2
    ERROR = 3
    FATAL = 4


class State(enum.StrEnum):
    """What became of a step."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"
    """Left out: by tags, by ``when``, by ``--start-at``, or by the operator."""
    STOPPED = "stopped"
    """Broken off: a signal, or a lock that was lost."""


class Event(Struct, frozen=True, kw_only=True, tag_field="event", tag=str.lower):
    """Anything.

    Attributes:
        time: when.
    """

    time: float


class RunBegan(Event, frozen=True, kw_only=True, tag="run_began"):
    """The book was read and is about to be run."""

    book: str
    version: str
    file: str
    run_id: str
    is_check: bool = False


class Line(Event, frozen=True, kw_only=True, tag="log"):
    """Something for people.

    Attributes:
        level: how much it matters.
        context: where it comes from: ``prep.nodes``, ``tasks.shell`` …
        text: one line.
        step: id of the step that it belongs to; empty for none.
        is_output: a program of a task wrote it.
    """

    level: Level
    context: str
    text: str
    step: str = ""
    is_output: bool = False


class InputsKnown(Event, frozen=True, kw_only=True, tag="inputs"):
    """Values that were given, secrets hidden, and names of inputs that are read anew each time."""

    static: Mapping[str, Any]
    dynamic: tuple[str, ...]


class NodesFound(Event, frozen=True, kw_only=True, tag="nodes"):
    """A node set is known."""

    name: str
    nodes: tuple[str, ...]


class BookRead(Event, frozen=True, kw_only=True, tag="book_read"):
    """Another book that a step calls is about to be run.

    Attributes:
        id: of the step.
        digest: of the book.
    """

    id: str
    file: str
    digest: str


class LockWaiting(Event, frozen=True, kw_only=True, tag="lock_waiting"):
    """Somebody else has a lock."""

    lock: str
    holder: str


class LockTaken(Event, frozen=True, kw_only=True, tag="lock_taken"):
    """A lock is ours."""

    lock: str
    token: int


class LockGone(Event, frozen=True, kw_only=True, tag="lock_gone"):
    """A lock is no longer ours: given back, or lost.

    Attributes:
        loss: why it was lost; empty where we gave it back.
    """

    lock: str
    loss: str = ""


class StepBegan(Event, frozen=True, kw_only=True, tag="step_began"):
    """A step is about to be done.

    Attributes:
        id: of the step; items of a loop, batches and calls follow it, as ``tasks[2]#1``.
        parent: id of the step around it; empty at the top of a list.
        list: which list of tasks it belongs to: ``tasks``, a hook, or a named list.
        type: of the task, or ``block``, ``parallel``, ``batch`` (of a block with ``serial``),
            ``loop`` (around its items), ``tasks``, ``playbook``.
        description: for people.
    """

    id: str
    parent: str
    list: str
    type: str
    description: str


class TryBegan(Event, frozen=True, kw_only=True, tag="try_began"):
    """A try begins; the first has the number 1."""

    id: str
    number: int
    tries: int


class NodesWaiting(Event, frozen=True, kw_only=True, tag="nodes_waiting"):
    """These nodes are asked."""

    id: str
    nodes: tuple[str, ...]


class NodeDone(Event, frozen=True, kw_only=True, gc=False, tag="node_done"):
    """One of them is done."""

    id: str
    node: str
    result: HostResult


class TryEnded(Event, frozen=True, kw_only=True, tag="try_ended"):
    """A try is over."""

    id: str
    number: int
    is_ok: bool
    message: str
    run_seconds: float


class StepEnded(Event, frozen=True, kw_only=True, tag="step_ended"):
    """A step is over, or was left out.

    Attributes:
        state: what became of it.
        message: one line; why, where it was left out.
        started: when its first try began; 0 where it never ran.
        run_seconds: of all its tries.
        is_fail_ok: it failed, and that was fine; its state is OK.
        is_resumed: it was done in an earlier run, and not again; its state is OK.
        results: of its last try, by node.
        data: of its last try.
        registered: what it left under ``register``; None where it says none.  Of a pass of a
            loop what that pass left.  Of a batch its nodes that did not fail, so that a run that
            is resumed leaves them out.
        writes: what it put into stores that end with the run, by path, for a run that is
            resumed, with None for what it deleted; None where a secret was among what it gave,
            so that it must be done again.
    """

    id: str
    parent: str
    list: str
    type: str
    description: str
    state: State
    message: str
    started: float = 0.0
    run_seconds: float = 0.0
    is_fail_ok: bool = False
    is_resumed: bool = False
    results: Mapping[str, HostResult] = {}
    data: tuple[Any, ...] = ()
    register: str = ""
    registered: Any = None
    writes: Mapping[str, Any] | None = {}


class RunEnded(Event, frozen=True, kw_only=True, tag="run_ended"):
    """The run is over.

    Attributes:
        is_ok: whether the book did its work.
        error: why not; empty where a task failed and said so itself.
        exit_code: of the program.
        run_seconds: all in all.
    """

    is_ok: bool
    error: str
    exit_code: int
    run_seconds: float
