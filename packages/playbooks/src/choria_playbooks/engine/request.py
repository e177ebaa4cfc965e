"""How a book is to be run.  Pure."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from choria_playbooks.book.model import Book
from choria_playbooks.engine.events import Event

Listener = Callable[[Event], None]
"""Is told each event at once, and does not wait."""

Confirm = Callable[[str], Awaitable[str]]
"""Asked before a step, with its description: answers ``yes``, ``skip``, ``all`` or ``stop``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedStep:
    """A step that an earlier run finished.

    Attributes:
        id, list, type: as of the step.
        parent: id of the step around it; empty at the top of a list.
        description: filled in, with secrets hidden.
        message, data, registered: what came of it.
        writes: what it put into memory stores, by path; it is put there again.
        is_skipped: it was left out, and is only known for the name that it registered.
    """

    id: str
    list: str
    type: str
    parent: str = ""
    description: str = ""
    message: str = ""
    data: tuple[Any, ...] = ()
    register: str = ""
    registered: Any = None
    writes: Mapping[str, Any] = field(default_factory=dict)
    is_skipped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumption:
    """What an earlier run of the same book did.

    Attributes:
        digest: of the book that it ran.
        inputs: static values that it was given, without secrets.
        finished: steps that were done, by id; those that failed are done again.
        failed_nodes: of the steps that failed.
        nodes: names by node set; those that were chosen by chance are chosen again.
        books: digests of the other books that it called, by id of the step.
    """

    digest: str
    inputs: Mapping[str, Any]
    finished: Mapping[str, FinishedStep]
    failed_nodes: frozenset[str] = frozenset()
    nodes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    books: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """A run.

    Attributes:
        book: what is run.
        inputs: values that were given, by name, of the types of the inputs.
        caller: who runs it, as ``up=rip``.
        run_id: of this run, unique.
        check: only say what would happen: no program, no connection, no lock.
        resolve: with ``check``: find nodes and read stores, which asks the network.
        tags, skip_tags: choose steps; empty for all and none.
        start_at: id or description of the first step that is done; empty for the first.
        confirm: asked before each step; None to go on without asking.
        resume: what an earlier run did; None to begin at the beginning.
        only_nodes: nodes outside of this are left out of all sets; None for no such limit.
    """

    book: Book
    inputs: Mapping[str, Any] = field(default_factory=dict)
    caller: str = ""
    run_id: str = ""
    check: bool = False
    resolve: bool = False
    tags: frozenset[str] = frozenset()
    skip_tags: frozenset[str] = frozenset()
    start_at: str = ""
    confirm: Confirm | None = None
    resume: Resumption | None = None
    only_nodes: frozenset[str] | None = None
