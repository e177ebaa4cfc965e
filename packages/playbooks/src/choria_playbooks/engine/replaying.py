"""What an earlier run did, put in place of doing it again."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from choria_core.errors import ChoriaError
from choria_playbooks.book.model import BookCall, Step
from choria_playbooks.engine.describing import usual_description
from choria_playbooks.engine.events import CONTAINERS, State
from choria_playbooks.engine.frame import Frame, StepResult, TaskRecord
from choria_playbooks.engine.request import FinishedStep
from choria_playbooks.engine.telling import Ending, Place, tell_began, tell_ended, told_failure

_WORDS: Final = re.compile(r"(\d+)")


async def resume_step(step: Step, frame: Frame, finished: FinishedStep) -> StepResult:
    """Know what an earlier run did of a step, instead of doing it.

    Raises:
        HaltedError: the run ends.
    """
    place = Place(
        frame=frame,
        id=finished.id,
        type=finished.type,
        description=finished.description or usual_description(step),
    )
    is_book = isinstance(step, BookCall) and step.control.loop is None
    try:
        if is_book:
            _know(finished, frame)  # its stores and names were its own
        else:
            await resume(finished, place)
    except ChoriaError as error:
        return told_failure(place, error)
    if is_book:
        tell_ended(place, _ending(finished))
    return StepResult(state=State.OK, record=_record(finished))


async def resume(finished: FinishedStep, place: Place) -> None:
    """Know what a step left, and all within it, and tell of it.

    What they wrote is put where it was.

    Args:
        finished: that was done.
        place: of it, in this run.

    Raises:
        HaltedError: the run ends.
        ChoriaError: a store failed.
    """
    frame = place.frame
    within = list(frame.session.choice.finished_within(finished.id))
    async with frame.session.halt.guard(heeds_stop=frame.heeds_stop):
        for one in (*within, finished):
            await _replay(one, frame)
    children: dict[str, list[FinishedStep]] = {}
    for one in sorted(within, key=lambda one: _order(one.id)):
        children.setdefault(one.parent, []).append(one)
    _tell(finished, place, children)


def _tell(
    finished: FinishedStep, place: Place, children: Mapping[str, Sequence[FinishedStep]]
) -> None:
    """Tell of a step, around those within it, so that a report of this run has them too."""
    inner = children.get(finished.id, ())
    if inner:
        tell_began(place)
    for one in inner:
        around = replace(place.frame, parent=finished.id, list=one.list)
        below = Place(frame=around, id=one.id, type=one.type, description=one.description)
        _tell(one, below, children)
    tell_ended(place, _ending(finished))


def _ending(finished: FinishedStep) -> Ending:
    return Ending(
        state=State.SKIPPED if finished.is_skipped else State.OK,
        message=finished.message,
        is_resumed=not finished.is_skipped,
        data=finished.data,
        register=finished.register,
        registered=finished.registered,
        writes=finished.writes,
    )


def _order(identity: str) -> list[tuple[int, str]]:
    """By which steps stand as in the book."""
    return [(int(word), "") if word.isdigit() else (-1, word) for word in _WORDS.split(identity)]


async def _replay(step: FinishedStep, frame: Frame) -> None:
    stores = frame.context.stores
    for path, value in step.writes.items():
        if value is None:
            await stores.delete(path)
        else:
            await stores.write(path, value)
    _know(step, frame)


def _know(step: FinishedStep, frame: Frame) -> None:
    if step.register and isinstance(step.registered, dict):
        frame.context.registered[step.register] = step.registered
    if step.type not in CONTAINERS and not step.is_skipped:
        frame.trail.last = _record(step)


def _record(step: FinishedStep) -> TaskRecord:
    if step.register and isinstance(step.registered, dict):
        return TaskRecord.of(step.registered)
    return TaskRecord(
        is_ok=True, description=step.description, message=step.message, data=step.data
    )
