"""Which steps of a book are done: by tags, where to begin, and what an earlier run did.  Pure."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from choria_core.config.value import nearest
from choria_core.errors import UsageError
from choria_playbooks.book.model import BlockSpec, Book, BookCall, Hook, ListCall, Step
from choria_playbooks.book.walking import all_steps
from choria_playbooks.engine.request import FinishedStep, RunRequest

_AFTER_FAILURE: Final = re.compile(r"\.(rescue|always)\[")
_BATCH: Final = re.compile(r"@([0-9]+)")
_ELSEWHERE: Final = re.compile(r"/(tasks\[|hooks\.pre_book\[)")
"""In ids of steps of a book that another one called."""
_JOINTS: Final = frozenset((".", "#", "@", "/"))
"""What follows the id of a step in the ids of those within it."""


class Choice:
    """The choice that a request makes.

    Args:
        request: of the run.

    Raises:
        UsageError: no step has such a tag, or the step to begin at is not there.
    """

    def __init__(self, request: RunRequest) -> None:
        self._tags = request.tags
        self._skip_tags = request.skip_tags
        self._finished = dict(_to_keep(request))
        self._names = sorted(self._finished)
        self._ranks = {name: rank for rank, name in enumerate(self._finished)}
        _check_tags(request)
        self._too_early = _before(request.book, request.start_at) if request.start_at else {}

    def why_not(self, static: str, tags: frozenset[str], *, in_hook: bool, in_call: bool) -> str:
        """Why a task is left out; empty where it is done.

        Hooks are left out by ``--skip-tags`` alone.

        Args:
            static: its id in its book.
            tags: its own and those of the steps around it.
            in_hook: it belongs to a hook of the book.
            in_call: it belongs to a named list or another book.
        """
        if self._skip_tags & tags:
            return f"has the tag {', '.join(sorted(self._skip_tags & tags))}"
        if in_hook:
            return ""
        if self._tags and not self._tags & tags:
            return f"has none of the tags {', '.join(sorted(self._tags))}"
        if not in_call and static in self._too_early:
            return "is before the step to begin at"
        return ""

    def why_none_of(
        self, step: Step, book: Book, tags: frozenset[str], *, in_hook: bool, in_call: bool
    ) -> str:
        """Why a step that holds others is left out with all of them; empty where it is done.

        Another book has tags of its own, so that only ``--skip-tags`` leaves all of it out.

        Args:
            step: the step.
            book: that it stands in.
            tags: its own and those of the steps around it.
            in_hook: as for :meth:`why_not`.
            in_call: as for :meth:`why_not`.
        """
        why = self.why_not(step.id, tags, in_hook=in_hook, in_call=in_call)
        has_none = why and not self._skip_tags & tags and step.id not in self._too_early
        if has_none and self._holds_chosen(step, book, frozenset()):
            return ""
        return why

    @property
    def takes_all(self) -> bool:
        """Whether no step is left out by tags, or by where to begin."""
        return not (self._tags or self._skip_tags or self._too_early)

    def finished(self, identity: str) -> FinishedStep | None:
        """What an earlier run did of a step; None where it must be done."""
        found = self._finished.get(identity)
        return None if found is None or found.is_skipped else found

    def finished_within(self, identity: str) -> Iterator[FinishedStep]:
        """The steps in a step that an earlier run did, in the order in which they ended.

        Those of another book that it called are not among them: they had names and stores of
        their own.
        """
        for name in sorted(self._within(identity), key=self._ranks.__getitem__):
            if not _ELSEWHERE.search(name, len(identity)):
                yield self._finished[name]

    def has_begun(self, identity: str) -> bool:
        """Whether an earlier run did any step in a step."""
        return bool(self._within(identity))

    def forget(self, identity: str) -> None:
        """Do a step again, with all within it: it is another one now."""
        for name in (identity, *self._within(identity)):
            self._finished.pop(name, None)

    def finished_batches(self, identity: str) -> Mapping[int, FinishedStep]:
        """The batches of a block that an earlier run did, by number."""
        found: dict[int, FinishedStep] = {}
        for name in self._within(identity):
            match = _BATCH.fullmatch(name, len(identity))
            if match and self._finished[name].type == "batch":
                found[int(match[1])] = self._finished[name]
        return found

    def _within(self, identity: str) -> list[str]:
        """Ids of steps in a step that an earlier run did."""
        found: list[str] = []
        for index in range(bisect_left(self._names, identity), len(self._names)):
            name = self._names[index]
            if not name.startswith(identity):
                break
            if name in self._finished and _is_within(name, identity):
                found.append(name)
        return found

    def _holds_chosen(self, step: Step, book: Book, seen: frozenset[str]) -> bool:
        """Whether a step, or one within it, has one of the tags."""
        if self._tags.intersection(step.control.tags):
            return True
        inner: Sequence[Step] = ()
        match step:
            case BookCall():
                return True
            case BlockSpec():
                inner = (*step.steps, *step.rescue, *step.always)
            case ListCall() if step.name not in seen:
                inner, seen = book.task_lists[step.name].steps, seen | {step.name}
        return any(self._holds_chosen(one, book, seen) for one in inner)


def _is_within(name: str, identity: str) -> bool:
    """Whether a step of that name is in the step ``identity``."""
    return name.startswith(identity) and name[len(identity) : len(identity) + 1] in _JOINTS


def _to_keep(request: RunRequest) -> Mapping[str, FinishedStep]:
    """Steps of an earlier run that are not done again.

    What is done after a failure, or always, belongs to each run anew.  So do all hooks but that
    before the book.  Of a batch that was not finished nothing counts: it may hold other nodes.
    """
    if request.resume is None:
        return {}
    finished = request.resume.finished
    whole = {name for name, step in finished.items() if step.type == "batch"}
    return {
        name: step
        for name, step in finished.items()
        if _is_kept(name) and all(part in whole for part in _batches_around(name))
    }


def _is_kept(identity: str) -> bool:
    if _AFTER_FAILURE.search(identity):
        return False
    return all(
        not part.startswith("hooks.") or part.startswith(f"hooks.{Hook.PRE_BOOK}[")
        for part in identity.split("/")
    )


def _batches_around(identity: str) -> Iterator[str]:
    """Ids of the batches that a step is in, its own not."""
    for match in _BATCH.finditer(identity):
        if match.end() < len(identity):
            yield identity[: match.end()]


def _check_tags(request: RunRequest) -> None:
    steps = [placed.step for placed in all_steps(request.book)]
    if any(isinstance(step, BookCall) for step in steps):
        return  # other books have tags of their own
    known = sorted({tag for step in steps for tag in step.control.tags})
    for option, tags in (("--tags", request.tags), ("--skip-tags", request.skip_tags)):
        for tag in sorted(tags - set(known)):
            meant = nearest(tag, known)
            hint = f"did you mean {meant}?" if meant else f"known: {', '.join(known) or 'none'}"
            raise UsageError(f"{option}: no step of the book has the tag {tag!r}; {hint}")


def _before(book: Book, start_at: str) -> Mapping[str, None]:
    """Ids of all steps of the list ``tasks`` that come before the one to begin at."""
    order = list(_in_order(book.tasks, ()))
    found = next((place for place in order if start_at in _names_of(place[0])), None)
    if found is None:
        raise UsageError(f"--start-at: {_no_step(book, start_at, [one for one, _ in order])}")
    early = order[: order.index(found)]
    around = {step.id for step in found[1]}
    return {step.id: None for step, _ in early if step.id not in around}


def _in_order(
    steps: Sequence[Step], around: tuple[Step, ...]
) -> Iterator[tuple[Step, tuple[Step, ...]]]:
    for step in steps:
        yield step, around
        if isinstance(step, BlockSpec):
            for inner in (step.steps, step.rescue, step.always):
                yield from _in_order(inner, (*around, step))


def _names_of(step: Step) -> tuple[str, ...]:
    described = step.control.description
    return (step.id, described) if described else (step.id,)


def _no_step(book: Book, start_at: str, steps: Sequence[Step]) -> str:
    elsewhere = {name for placed in all_steps(book) for name in _names_of(placed.step)}
    if start_at in elsewhere:
        return f"{start_at!r} is in a hook or a named list; name a step of tasks"
    known = [name for step in steps for name in _names_of(step)]
    meant = nearest(start_at, known)
    hint = f"did you mean {meant!r}?" if meant else "choria playbook show names all steps"
    return f"no step of the book is called {start_at!r}; {hint}"
