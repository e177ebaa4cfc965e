"""What an earlier run did, put in place of doing it again."""

from choria_playbooks.engine.events import CONTAINERS
from choria_playbooks.engine.frame import Frame, TaskRecord
from choria_playbooks.engine.request import FinishedStep


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
    if step.register and isinstance(step.registered, dict):
        frame.context.registered[step.register] = step.registered
    if step.type not in CONTAINERS:
        frame.trail.last = TaskRecord(
            is_ok=True, description=step.description, message=step.message, data=step.data
        )
