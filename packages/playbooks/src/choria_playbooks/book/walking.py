"""Every step of a book, with what its templates may ask for.  Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from choria_core.config.problems import Location
from choria_core.config.yaml_nodes import Node, ScalarNode
from choria_playbooks.book.model import (
    BlockSpec,
    Book,
    BookCall,
    ListCall,
    Step,
    TaskList,
    TaskSpec,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Where a step stands.

    Attributes:
        task_list: the named list that it is in; None for none.
        loop: what the innermost loop goes through; None outside of loops.
        loop_scope: where that loop stands.
        has_batch: it is done for one batch of nodes after the other.
        has_lock: a lock is held around it, or may be.
    """

    task_list: TaskList | None = None
    loop: Node | None = None
    loop_scope: "Scope | None" = None
    has_batch: bool = False
    has_lock: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    """A step.

    Attributes:
        step: the step.
        outer: what surrounds it; its loop is of this scope.
        inner: what its own words may ask for.
    """

    step: Step
    outer: Scope
    inner: Scope


def all_steps(book: Book) -> Iterator[Placed]:
    """The steps of the book, of hooks and of named lists; those around others come first."""
    top = Scope(has_lock=bool(book.locks))
    for step in book.tasks:
        yield from _within(step, top)
    for steps in book.hooks.values():
        for step in steps:
            yield from _within(step, top)
    for task_list in book.task_lists.values():
        for step in task_list.steps:
            yield from _within(step, Scope(task_list=task_list, has_lock=True))


def marked_nodes(step: Step) -> Iterator[Node]:
    """The parts of a step that may hold templates, but for its loop."""
    control = step.control
    yield _text(control.description, control.places.get("description", step.location))
    if control.lock is not None:
        yield _text(control.lock.key, control.lock.location)
    match step:
        case TaskSpec():
            yield step.options
        case BlockSpec():
            if step.nodes is not None:
                yield step.nodes
        case ListCall():
            yield step.arguments
        case BookCall():
            yield _text(step.file, control.places.get("file", step.location))
            yield step.inputs


def _within(step: Step, outer: Scope) -> Iterator[Placed]:
    control = step.control
    inner = outer
    if control.lock is not None:
        inner = replace(inner, has_lock=True)
    if control.loop is not None:
        inner = replace(inner, loop=control.loop, loop_scope=outer)
    yield Placed(step, outer, inner)
    if isinstance(step, BlockSpec):
        below = replace(inner, has_batch=inner.has_batch or step.nodes is not None)
        for child in (*step.steps, *step.rescue, *step.always):
            yield from _within(child, below)


def _text(text: str, where: Location) -> ScalarNode:
    return ScalarNode(text, "text", quoted=True, location=where)
