"""What an earlier run did, put in place of doing it again."""

from choria_core.errors import ChoriaError
from choria_playbooks.book.model import BookCall, Step
from choria_playbooks.engine.describing import usual_description
from choria_playbooks.engine.events import CONTAINERS, State
from choria_playbooks.engine.frame import Frame, StepResult, TaskRecord
from choria_playbooks.engine.request import FinishedStep
from choria_playbooks.engine.telling import Ending, Place, tell_ended, told_failure


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
    try:
        async with frame.session.halt.guard(heeds_stop=frame.heeds_stop):
            if isinstance(step, BookCall) and step.control.loop is None:
                _know(finished, frame)  # its stores and names were its own
            else:
                await replay_all(finished, finished.id, frame)
    except ChoriaError as error:
        return told_failure(place, error)
    ending = Ending(
        state=State.OK,
        message=finished.message,
        is_resumed=True,
        data=finished.data,
        register=finished.register,
        registered=finished.registered,
        writes=finished.writes,
    )
    tell_ended(place, ending)
    return StepResult(state=State.OK, record=_record(finished))


async def replay_all(step: FinishedStep, identity: str, frame: Frame) -> None:
    """Know what a step left, and all within it, and put what they wrote where it was.

    Args:
        step: that was done.
        identity: of it, in this run.
        frame: around it.

    Raises:
        ChoriaError: a store failed.
    """
    for inner in frame.session.choice.finished_within(identity):
        await _replay(inner, frame)
    await _replay(step, frame)


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
