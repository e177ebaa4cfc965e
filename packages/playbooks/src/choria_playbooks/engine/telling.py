"""Tells how a step begins and ends, with secrets hidden."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from choria_core.errors import ChoriaError
from choria_core.playbook.outcome import HostResult
from choria_core.telemetry.redaction import HIDDEN
from choria_playbooks.engine.events import Level, State, StepBegan, StepEnded
from choria_playbooks.engine.frame import Frame, StepResult

_LEVELS: Final = {
    State.OK: Level.INFO,
    State.SKIPPED: Level.INFO,
    State.FAILED: Level.ERROR,
    State.STOPPED: Level.ERROR,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A step, as events name it.

    Attributes:
        frame: around it.
        id: in this run.
        type: of events.
        description: filled in.
        no_log: nothing that it says or gives is told.
    """

    frame: Frame
    id: str
    type: str
    description: str
    no_log: bool = False

    @property
    def context(self) -> str:
        """Where its log lines come from."""
        return f"{self.frame.list}.{self.type}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What is told of a step that is over; see :class:`StepEnded`."""

    state: State
    message: str = ""
    started: float = 0.0
    run_seconds: float = 0.0
    is_fail_ok: bool = False
    is_resumed: bool = False
    results: Mapping[str, HostResult] = field(default_factory=dict)
    data: tuple[Any, ...] = ()
    register: str = ""
    registered: Any = None
    writes: Mapping[str, object] | None = field(default_factory=dict)


def tell_began(place: Place) -> None:
    """A step is about to be done."""
    teller = place.frame.session.teller
    description = teller.masking.text(place.description)
    teller.tell(
        StepBegan(
            time=teller.now(),
            id=place.id,
            parent=place.frame.parent,
            list=place.frame.list,
            type=place.type,
            description=description,
        )
    )
    teller.line(Level.DEBUG, place.context, f"{description} begins", step=place.id)


def tell_ended(place: Place, ending: Ending) -> None:
    """A step is over, or was left out."""
    teller = place.frame.session.teller
    masking = teller.masking
    shown = _hidden(ending) if place.no_log else ending
    registered = masking.value(shown.registered)
    writes = masking.value(shown.writes)
    if writes != shown.writes or registered != shown.registered:
        writes = None  # a run that is resumed could not put back what was hidden
    description, message = masking.text(place.description), masking.text(shown.message)
    level = Level.WARN if ending.is_fail_ok else _LEVELS[ending.state]
    said = f"{description}: {message or ending.state}"
    if ending.is_resumed:
        said = f"{description}: done before: {message or ending.state}"
    teller.line(level, place.context, said, step=place.id)
    teller.tell(
        StepEnded(
            time=teller.now(),
            id=place.id,
            parent=place.frame.parent,
            list=place.frame.list,
            type=place.type,
            description=description,
            state=ending.state,
            message=message,
            started=ending.started,
            run_seconds=ending.run_seconds,
            is_fail_ok=ending.is_fail_ok,
            is_resumed=ending.is_resumed,
            results=masking.results(shown.results),
            data=masking.value(shown.data),
            register=ending.register,
            registered=registered,
            writes=writes,
        )
    )


def told_failure(place: Place, error: ChoriaError) -> StepResult:
    """A step failed before it did anything; it is told."""
    tell_ended(place, Ending(state=State.FAILED, message=str(error)))
    return StepResult(state=State.FAILED, message=str(error), exit_code=error.exit_code)


def hidden_result(result: HostResult) -> HostResult:
    """What is told of a node where nothing may be told but whether it did well."""
    return HostResult(is_ok=result.is_ok, error="" if result.is_ok else HIDDEN, kind=result.kind)


def _hidden(ending: Ending) -> Ending:
    """What is told of a step with ``no_log``; it is done again when the run is resumed."""
    has_run = ending.state is not State.SKIPPED
    return Ending(
        state=ending.state,
        message=HIDDEN if has_run else ending.message,
        results={node: hidden_result(result) for node, result in ending.results.items()},
        started=ending.started,
        run_seconds=ending.run_seconds,
        is_fail_ok=ending.is_fail_ok,
        registered=None,
        writes=None if has_run else {},
    )
