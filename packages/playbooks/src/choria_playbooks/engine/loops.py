"""Loops: a step is done for each item of a list."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from choria_core.config.yaml_nodes import ListNode, plain
from choria_core.errors import ChoriaError, ConfigError
from choria_playbooks.book.model import Step
from choria_playbooks.engine.describing import describe, describe_at_hand
from choria_playbooks.engine.events import State
from choria_playbooks.engine.frame import FINE, UNKNOWN, Frame, StepResult, TaskRecord
from choria_playbooks.engine.halt import HaltedError
from choria_playbooks.engine.registering import register
from choria_playbooks.engine.replaying import resume_step
from choria_playbooks.engine.scope import StepScope, UnknownValueError
from choria_playbooks.engine.session import Session
from choria_playbooks.engine.telling import Ending, Place, tell_began, tell_ended
from choria_playbooks.templates.filling import fill, markers_in

RunPass = Callable[[Step, Frame, str], Awaitable[StepResult]]
Fail = Callable[[Step, Place, ChoriaError], StepResult]


class Loops:
    """Does the loops of one run.

    Args:
        session: of the run.
        run_pass: does a step once.
        fail: a step could not begin.
    """

    def __init__(self, session: Session, *, run_pass: RunPass, fail: Fail) -> None:
        self._session = session
        self._run_pass = run_pass
        self._fail = fail

    async def run(self, step: Step, frame: Frame, identity: str) -> StepResult:
        """Do a step for each item, up to the first that fails.

        Raises:
            HaltedError: the run ends before the items are known.
        """
        place = Place(
            frame=frame,
            id=identity,
            type="loop",
            description=await describe_at_hand(step, frame),
            no_log=frame.no_log or step.control.no_log,
        )
        started, began = self._session.teller.now(), time.perf_counter()
        tell_began(place)
        try:
            async with self._session.halt.guard(heeds_stop=frame.heeds_stop):
                items = await _items(step, frame)
        except HaltedError as halted:
            tell_ended(place, Ending(state=State.STOPPED, message=str(halted)))
            raise
        except UnknownValueError:
            items = [UNKNOWN]
        except ChoriaError as error:
            return self._fail(step, place, error)
        result, records = await self._passes(step, frame, identity, items)
        state = State.OK if result.goes_on else result.state
        record = TaskRecord(
            is_ok=state is State.OK and all(one.is_ok or one.is_skipped for one in records),
            description=place.description,
            message=result.message if state is not State.OK else self._said(items, records),
            data=tuple(value for one in records for value in one.data),
            run_seconds=time.perf_counter() - began,
            items=tuple(records),
        )
        ending = Ending(
            state=state,
            message=record.message,
            started=started,
            run_seconds=record.run_seconds,
            register=step.control.register,
            registered=register(step, frame, record),
        )
        tell_ended(place, ending)
        return StepResult(
            state=state, message=record.message, exit_code=result.exit_code, record=record
        )

    def _said(self, items: list[Any], records: list[TaskRecord]) -> str:
        if not self._session.is_rehearsal:
            return f"done {_times(sum(not one.is_skipped for one in records))}"
        if items == [UNKNOWN]:
            return "would be done for each item"
        return f"would be done {_times(len(items))}"

    async def _passes(
        self, step: Step, frame: Frame, identity: str, items: list[Any]
    ) -> tuple[StepResult, list[TaskRecord]]:
        inner = replace(frame, parent=identity, parent_static=step.id)
        is_written_out = _is_written_out(step, frame)
        records: list[TaskRecord] = []
        for number, item in enumerate(items, 1):
            around = replace(inner, item=item)
            name = f"{identity}#{number}"
            try:
                result = await self._pass(step, around, name, is_written_out=is_written_out)
            except HaltedError as halted:
                result = StepResult(state=State.STOPPED, message=str(halted))
            if result.record is not None:
                records.append(result.record)
            if not result.goes_on:
                return result, records
        return FINE, records

    async def _pass(
        self, step: Step, frame: Frame, identity: str, *, is_written_out: bool
    ) -> StepResult:
        """One pass.

        One that an earlier run did is known by what it says of its item: the list may be
        another one now, unless it stands in the book.
        """
        choice = self._session.choice
        finished = choice.finished(identity)
        if finished is not None:
            try:
                described = await describe(step, frame)
            except ChoriaError:
                described = ""  # it is told when the pass is done
            if self._session.masking.text(described) == finished.description:
                return await resume_step(step, frame, finished)
        if not is_written_out:
            choice.forget(identity)
        self._session.halt.check(heeds_stop=frame.heeds_stop)
        return await self._run_pass(step, frame, identity)


def _is_written_out(step: Step, frame: Frame) -> bool:
    """Whether the items of a loop stand in the book, so that they are always the same."""
    loop = step.control.loop
    return isinstance(loop, ListNode) and not any(markers_in(loop, frame.context.book.schema))


async def _items(step: Step, frame: Frame) -> list[Any]:
    loop = step.control.loop
    assert loop is not None, "it has one"
    found = plain(await fill(loop, StepScope(frame)))
    if not isinstance(found, list):
        raise ConfigError(f"{loop.location}: {step.id}.loop gave no list")
    return found


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
