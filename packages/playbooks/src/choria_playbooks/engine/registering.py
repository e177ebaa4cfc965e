"""What later steps, and a run that is resumed, know of a step."""

from typing import Any

from choria_playbooks.book.model import Step
from choria_playbooks.engine.frame import Frame, TaskRecord


def register(step: Step, frame: Frame, record: TaskRecord) -> dict[str, Any] | None:
    """Keep what a step left under its name, where it has one.

    A rehearsal knows of those alone that were left out.

    Returns:
        As reports have it; None where nothing is kept.
    """
    name = step.control.register
    if not name or (frame.session.is_rehearsal and not record.is_skipped):
        return None
    document = record.document()
    frame.context.registered[name] = document
    return document


def register_pass(step: Step, frame: Frame, record: TaskRecord) -> dict[str, Any] | None:
    """The same for what may be one pass of a loop, which only its loop keeps."""
    if step.control.loop is None:
        return register(step, frame, record)
    return record.document() if step.control.register else None
