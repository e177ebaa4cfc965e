"""What surrounds a step while it is done, and what came of one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from choria_core.playbook.outcome import HostResult
from choria_playbooks.book.model import ABSENT, Book, Step
from choria_playbooks.engine.events import State
from choria_playbooks.engine.lock_keeper import Grips
from choria_playbooks.engine.stores import BookStores
from choria_playbooks.inputs.values import InputValues

if TYPE_CHECKING:
    from choria_playbooks.engine.session import Session

UNKNOWN: Final = object()
"""In place of the item of a loop that a rehearsal does not know."""

NO_TASK: Final = "there is no task before this one"
"""Said by ``previous_task`` where nothing was done yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRecord:
    """What ``previous_task`` and ``registered`` know of a step.

    Attributes:
        is_ok: whether it did its work.
        is_skipped: it was left out.
        description: filled in.
        message: one line.
        data: what it gave.
        run_seconds: how long it took.
        results: by node.
        items: records of the passes of a loop.
    """

    is_ok: bool = False
    is_skipped: bool = False
    description: str = NO_TASK
    message: str = NO_TASK
    data: tuple[Any, ...] = ()
    run_seconds: float = 0.0
    results: Mapping[str, HostResult] = field(default_factory=dict)
    items: "tuple[TaskRecord, ...]" = ()

    def document(self) -> dict[str, Any]:
        """As templates and reports see it."""
        return {
            "success": self.is_ok,
            "skipped": self.is_skipped,
            "description": self.description,
            "msg": self.message,
            "message": self.message,
            "data": list(self.data),
            "runtime": round(self.run_seconds, 2),
            "results": {node: _result(result) for node, result in self.results.items()},
            "items": [item.document() for item in self.items],
        }

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "TaskRecord":
        """The record of which a report has the document."""
        return cls(
            is_ok=bool(document.get("success")),
            is_skipped=bool(document.get("skipped")),
            description=str(document.get("description")),
            message=str(document.get("message")),
            data=tuple(document.get("data") or ()),
            run_seconds=float(document.get("runtime") or 0),
            results={
                str(node): HostResult(
                    is_ok=bool(one.get("success")),
                    value=one.get("value"),
                    error=str(one.get("error") or ""),
                    kind=str(one.get("kind") or ""),
                )
                for node, one in (document.get("results") or {}).items()
            },
            items=tuple(cls.of(item) for item in document.get("items") or ()),
        )


def _result(result: HostResult) -> dict[str, Any]:
    return {
        "success": result.is_ok,
        "value": result.value,
        "error": result.error,
        "kind": result.kind,
    }


@dataclass(slots=True)
class Trail:
    """What one branch of a run did last.

    Attributes:
        last: of the task that ended last, as ``previous_task`` has it.
    """

    last: TaskRecord = field(default_factory=TaskRecord)


@dataclass(slots=True)
class Batch:
    """Nodes that go through a block together.

    Attributes:
        nodes: those that did not fail.
        failed: those that failed, of all batches of the block.
        most_failures: so many may; None where any failed task ends the block.
        is_known: a rehearsal may not know the nodes.
    """

    nodes: list[str]
    failed: dict[str, None]
    most_failures: int | None
    is_known: bool = True

    def take(self, results: Mapping[str, HostResult]) -> bool:
        """Leave out those that failed; whether there were any."""
        bad = [node for node in self.nodes if node in results and not results[node].is_ok]
        self.failed.update(dict.fromkeys(bad))
        if bad:
            gone = frozenset(bad)
            self.nodes = [node for node in self.nodes if node not in gone]
        return bool(bad)

    @property
    def is_lost(self) -> bool:
        """Whether no node is left."""
        return self.is_known and not self.nodes

    @property
    def has_too_many_failures(self) -> bool:
        """Whether the block fails for it."""
        return self.most_failures is not None and len(self.failed) > self.most_failures


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """How a step ended.

    Attributes:
        state: SKIPPED for one that was left out.
        message: why, where it did not do its work.
        exit_code: of the program, where the run fails by it.
        record: for ``registered``; None where it has none of its own.
    """

    state: State
    message: str = ""
    exit_code: int = 1
    record: TaskRecord | None = None

    @property
    def goes_on(self) -> bool:
        """Whether what comes after it is done."""
        return self.state in (State.OK, State.SKIPPED)


FINE: Final = StepResult(state=State.OK)


@dataclass(slots=True, kw_only=True)
class BookContext:
    """One book that is being run: the one of the request, or one that it calls.

    Attributes:
        session: what all books of the run share.
        book: the book.
        inputs: its values.
        stores: its data stores, open.
        nodes: names by node set; filled while the book is prepared.
        started: unix seconds.
        registered: what steps left, by name.
        unknown_nodes, unknown_inputs: what a rehearsal does not know.
        files: of the books around it, its own last.
    """

    session: "Session"
    book: Book
    inputs: InputValues
    stores: BookStores
    started: float
    nodes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    registered: dict[str, dict[str, Any]] = field(default_factory=dict)
    unknown_nodes: set[str] = field(default_factory=set)
    unknown_inputs: frozenset[str] = frozenset()
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Where a step stands while it is done.

    Attributes:
        context: of the book.
        list: name of the list that it belongs to.
        parent: id of the step around it, as events have it; empty at the top.
        parent_static: the same as the book has it, of whose id that of the step goes on; empty
            for steps that stand elsewhere: of a named list, another book or a hook.
        heeds_stop: whether a stop of the run ends it.
        wraps_tasks: whether ``pre_task`` and ``post_task`` go around its tasks.
        in_hook: the step belongs to a hook of the book.
        in_call: it belongs to a named list, or to another book.
        depth: of calls around it.
        trail: what was done before.
        grips: locks around it.
        item: of the loop; ABSENT outside.
        arguments: of the named list; None outside.
        unknown_arguments: those that a rehearsal does not know.
        batch: of the block; None outside.
        needs_nodes: there is nothing to do where none of the batch are left.
        tags: of the steps around it.
        no_log: one of the steps around it says so.
    """

    context: BookContext
    list: str
    trail: Trail
    parent: str = ""
    parent_static: str = ""
    heeds_stop: bool = True
    wraps_tasks: bool = False
    in_hook: bool = False
    in_call: bool = False
    depth: int = 0
    grips: Grips = ()
    item: object = ABSENT
    arguments: InputValues | None = None
    unknown_arguments: frozenset[str] = frozenset()
    batch: Batch | None = None
    needs_nodes: bool = False
    tags: frozenset[str] = frozenset()
    no_log: bool = False

    @property
    def session(self) -> "Session":
        """What all books of the run share."""
        return self.context.session

    @property
    def has_lost_its_nodes(self) -> bool:
        """Whether all nodes of the batch failed, and nothing is left to do."""
        return self.needs_nodes and self.batch is not None and self.batch.is_lost

    @property
    def lock_token(self) -> int | None:
        """Of the innermost lock; None without one."""
        return self.grips[-1].token if self.grips else None

    def id_of(self, static: str) -> str:
        """The id of a step in this run, from that in its book."""
        if self.parent_static:
            return self.parent + static.removeprefix(self.parent_static)
        return f"{self.parent}/{static}" if self.parent else static

    def below(self, step: Step, identity: str) -> "Frame":
        """For the steps within a step."""
        tags = step.control.tags
        return replace(
            self,
            parent=identity,
            parent_static=step.id,
            tags=self.tags.union(tags) if tags else self.tags,
            no_log=self.no_log or step.control.no_log,
        )

    def called(self, step: Step, identity: str, **changes: Any) -> "Frame":
        """For the steps of a named list or of another book, which a step calls."""
        inner = replace(
            self.below(step, identity),
            parent_static="",
            in_call=True,
            depth=self.depth + 1,
            item=ABSENT,
        )
        return replace(inner, **changes)

    def after_failure(self) -> "Frame":
        """For what is done because the run was stopped, or although it was."""
        return replace(self, heeds_stop=not self.session.halt.stopped)


def worst(results: Iterable[StepResult]) -> StepResult:
    """How steps side by side ended, as one."""
    bad = [result for result in results if not result.goes_on]
    if not bad:
        return FINE
    stopped = next((result for result in bad if result.state is State.STOPPED), None)
    if stopped is not None:
        return stopped
    return replace(bad[0], message="; ".join(result.message for result in bad))
