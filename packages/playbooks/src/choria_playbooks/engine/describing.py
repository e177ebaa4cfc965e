"""What steps are called when people are told of them."""

from typing import Final

from choria_core.errors import ChoriaError
from choria_playbooks.book.model import ABSENT, BlockSpec, BookCall, ListCall, Step, TaskSpec
from choria_playbooks.engine.frame import UNKNOWN, Frame
from choria_playbooks.engine.rehearsing import KnownScope
from choria_playbooks.engine.scope import StepScope
from choria_playbooks.templates.filling import fill_text
from choria_playbooks.templates.marker import Form, Marker, parse_text
from choria_playbooks.templates.value_text import value_text

_SHOWN_ITEM: Final = 40


class _AtHandScope(StepScope):
    """As a step sees things, as far as nothing has to be read; other markers stay as they are."""

    async def value(self, marker: Marker) -> object:
        """See :class:`choria_playbooks.templates.resolver.Resolver`."""
        try:
            if self._is_read(marker):
                return marker.text
            return await super().value(marker)
        except ChoriaError:
            return marker.text

    def _is_read(self, marker: Marker) -> bool:
        values = None
        if marker.form is Form.INPUTS:
            values = self._context.inputs
        elif marker.form is Form.ARGUMENTS:
            values = self._frame.arguments
        return values is not None and values.is_dynamic(values.input(marker.name).name)


async def describe(step: Step, frame: Frame) -> str:
    """The description of a step that is about to be done; that of a pass names the item.

    Raises:
        HaltedError: the run ends.
        TemplateError: a marker has no value.
        ChoriaError: a store failed.
    """
    text = step.control.description
    described = text or usual_description(step)
    if "{{" in text:
        scope = KnownScope(frame) if frame.session.is_rehearsal else StepScope(frame)
        where = step.control.places.get("description", step.location)
        async with frame.session.halt.guard(heeds_stop=frame.heeds_stop):
            described = value_text(await fill_text(text, scope, where))
    if step.control.loop is None or frame.item in (ABSENT, UNKNOWN):
        return described
    names_item = any(
        not isinstance(part, str) and part.form is Form.ITEM
        for part in parse_text(text, frame.context.book.schema)
    )
    return described if names_item else f"{described} ({_shown(frame.item)})"


async def describe_at_hand(step: Step, frame: Frame) -> str:
    """The description of a step that is not done, or is a whole loop: nothing is read for it."""
    text = step.control.description
    if "{{" not in text:
        return text or usual_description(step)
    return value_text(await fill_text(text, _AtHandScope(frame)))


def usual_description(step: Step) -> str:
    """Of a step that does not say what it is for."""
    match step:
        case TaskSpec():
            return f"{step.type} task"
        case BlockSpec():
            return "steps side by side" if step.parallel else "block"
        case ListCall():
            return f"tasks {step.name}"
        case BookCall():
            return f"playbook {step.file}"


def type_of(step: Step) -> str:
    """As events name it."""
    match step:
        case TaskSpec():
            return step.type
        case BlockSpec():
            return "parallel" if step.parallel else "block"
        case ListCall():
            return "tasks"
        case BookCall():
            return "playbook"


def _shown(item: object) -> str:
    text = value_text(item)
    return text if len(text) <= _SHOWN_ITEM else f"{text[:_SHOWN_ITEM]}…"
