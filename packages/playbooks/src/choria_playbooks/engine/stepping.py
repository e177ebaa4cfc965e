"""Does the steps of a book, one after the other.

Around a step the order is: what an earlier run did, tags and where to begin, the operator's yes,
loop, ``when``, lock; around a task then ``pre_task``, the tries, ``fail_ok``, ``register`` and
``post_task``.
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from choria_core.config.yaml_nodes import ListNode, plain
from choria_core.errors import ChoriaError, ConfigError
from choria_playbooks.book.model import ABSENT, BlockSpec, BookCall, Hook, ListCall, Step, TaskSpec
from choria_playbooks.engine.attempts import Attempted, Attempts
from choria_playbooks.engine.blocks import Blocks
from choria_playbooks.engine.calls import Calls, RunBook
from choria_playbooks.engine.events import Level, State
from choria_playbooks.engine.frame import (
    FINE,
    UNKNOWN,
    Frame,
    StepResult,
    TaskRecord,
)
from choria_playbooks.engine.halt import HaltedError
from choria_playbooks.engine.lock_keeper import LockWish
from choria_playbooks.engine.locking import lock_wish
from choria_playbooks.engine.nodes_left import NO_NODES, NoNodesError
from choria_playbooks.engine.rehearsing import foretell
from choria_playbooks.engine.replaying import replay_all
from choria_playbooks.engine.request import FinishedStep
from choria_playbooks.engine.scope import StepScope, UnknownValueError, holds
from choria_playbooks.engine.session import Session
from choria_playbooks.engine.telling import Ending, Place, tell_began, tell_ended
from choria_playbooks.templates.filling import fill, fill_text, markers_in
from choria_playbooks.templates.marker import Form, parse_text
from choria_playbooks.templates.value_text import value_text

_SHOWN_ITEM = 40


class Steps:
    """Does steps of one run.

    Args:
        session: of the run.
        run_book: prepares and runs another book.
    """

    def __init__(self, session: Session, run_book: RunBook) -> None:
        self._session = session
        self._attempts = Attempts(session)
        self._blocks = Blocks(self.run_list, self.run_step)
        self._calls = Calls(self.run_list, run_book)

    async def run_list(self, steps: Sequence[Step], frame: Frame) -> StepResult:
        """Steps in their order, up to the first that fails."""
        batch, ended = frame.batch, FINE
        for step in steps:
            if batch is not None and batch.is_known and not batch.nodes:
                break  # all of them failed, and so many may
            result = await self.run_step(step, frame)
            if not result.goes_on:
                ended = result if ended.goes_on else ended
                if not self._session.is_rehearsal:
                    break
        return ended

    async def run_step(self, step: Step, frame: Frame) -> StepResult:
        """One step, with all its passes where it has a loop."""
        identity = frame.id_of(step.id)
        if reason := self._session.halt.reason(heeds_stop=frame.heeds_stop):
            return StepResult(state=State.STOPPED, message=reason)
        finished = self._session.choice.finished(identity)
        if finished is not None:
            return await self._resume(step, frame, finished)
        why = self._why_not(step, frame) or await self._refused(step, frame)
        if why:
            return self._skip(step, frame, identity, why)
        if step.control.loop is None:
            return await self._pass(step, frame, identity)
        return await self._loop(step, frame, identity)

    # what comes before a step

    def _why_not(self, step: Step, frame: Frame) -> str:
        choice = self._session.choice
        if isinstance(step, TaskSpec):
            tags = frame.tags.union(step.control.tags) if step.control.tags else frame.tags
            return choice.why_not(step.id, tags, in_hook=frame.in_hook, in_call=frame.in_call)
        if not frame.in_call and not frame.in_hook and choice.leaves_out_all_of(step):
            return "is before the step to begin at"
        return ""

    async def _refused(self, step: Step, frame: Frame) -> str:
        """Why the operator does not want a task; empty where it is wanted."""
        confirm = self._session.confirm
        if confirm is None or frame.in_hook or not isinstance(step, TaskSpec):
            return ""
        try:
            async with self._session.halt.guard(heeds_stop=frame.heeds_stop):
                answer = await confirm(step.control.description or f"{step.type} task")
        except HaltedError:
            return "the run was stopped"
        if answer == "stop":
            self._session.halt.stop("stopped by the operator")
        elif answer == "all":
            self._session.confirm = None
        return "" if answer in {"yes", "all"} else "the operator left it out"

    def _skip(self, step: Step, frame: Frame, identity: str, why: str) -> StepResult:
        described = step.control.description or _usual_description(step)
        place = Place(frame=frame, id=identity, type=_type_of(step), description=described)
        tell_ended(place, Ending(state=State.SKIPPED, message=why))
        record = TaskRecord(is_skipped=True, description=described, message=why)
        _register(step, frame, record)
        return StepResult(state=State.SKIPPED, message=why, record=record)

    async def _resume(self, step: Step, frame: Frame, finished: FinishedStep) -> StepResult:
        """Know what an earlier run did of a step, instead of doing it."""
        place = Place(
            frame=frame,
            id=finished.id,
            type=finished.type,
            description=finished.description or _usual_description(step),
        )
        try:
            await replay_all(finished, finished.id, frame)
        except ChoriaError as error:
            return _told_failure(place, error)
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
        return StepResult(state=State.OK, record=frame.trail.last)

    # loops

    async def _loop(self, step: Step, frame: Frame, identity: str) -> StepResult:
        place = Place(
            frame=frame,
            id=identity,
            type="loop",
            description=step.control.description or _usual_description(step),
        )
        started, began = self._session.teller.now(), time.perf_counter()
        tell_began(place)
        try:
            items = await self._items(step, frame)
        except UnknownValueError:
            items = [UNKNOWN]
        except ChoriaError as error:
            return _told_failure(place, error)
        records: list[TaskRecord] = []
        result = FINE
        inner = replace(frame, parent=identity, parent_static=step.id)
        for number, item in enumerate(items, 1):
            result = await self._item(step, replace(inner, item=item), f"{identity}#{number}")
            if result.record is not None:
                records.append(result.record)
            if not result.goes_on:
                break
        state = State.OK if result.goes_on else result.state
        record = TaskRecord(
            is_ok=state is State.OK,
            description=place.description,
            message=result.message if state is not State.OK else f"done {len(items)} times",
            data=tuple(value for one in records for value in one.data),
            run_seconds=time.perf_counter() - began,
            items=tuple(records),
        )
        registered = _register(step, frame, record)
        ending = Ending(
            state=state,
            message=record.message,
            started=started,
            run_seconds=record.run_seconds,
            register=step.control.register,
            registered=registered,
        )
        tell_ended(replace(place, no_log=step.control.no_log), ending)
        return StepResult(
            state=state, message=record.message, exit_code=result.exit_code, record=record
        )

    async def _items(self, step: Step, frame: Frame) -> list[Any]:
        loop = step.control.loop
        assert loop is not None, "it has one"
        if isinstance(loop, ListNode) and not any(markers_in(loop, frame.context.book.schema)):
            return _list(plain(loop))
        found = plain(await fill(loop, StepScope(frame)))
        if not isinstance(found, list):
            raise ConfigError(f"{loop.location}: {step.id}.loop gave no list")
        return found

    async def _item(self, step: Step, frame: Frame, identity: str) -> StepResult:
        """One pass of a loop.

        One that an earlier run did is known by what it says of its item: the list may be
        another one now.
        """
        finished = self._session.choice.finished(identity)
        if finished is not None:
            described = await self._described(step, frame)
            if self._session.masking.text(described) == finished.description:
                return await self._resume(step, frame, finished)
        if reason := self._session.halt.reason(heeds_stop=frame.heeds_stop):
            return StepResult(state=State.STOPPED, message=reason)
        return await self._pass(step, frame, identity)

    async def _described(self, step: Step, frame: Frame) -> str:
        """The description of a step; that of a pass names the item."""
        text = step.control.description
        schema = frame.context.book.schema
        if text and "{{" in text:
            where = step.control.places.get("description", step.location)
            described = value_text(await fill_text(text, StepScope(frame), where))
        else:
            described = text or _usual_description(step)
        if step.control.loop is None or frame.item in (ABSENT, UNKNOWN):
            return described
        names_item = any(
            not isinstance(part, str) and part.form is Form.ITEM
            for part in parse_text(text, schema)
        )
        return described if names_item else f"{described} ({_shown(frame.item)})"

    # one pass

    async def _pass(self, step: Step, frame: Frame, identity: str) -> StepResult:
        control = step.control
        try:
            if control.when is not None and not await self._is_wanted(step, frame):
                return self._skip(step, frame, identity, f"not when {control.when.text}")
            if control.lock is None:
                return await self._do(step, frame, identity)
            wish = await lock_wish(control.lock, StepScope(frame))
        except UnknownValueError:
            return await self._do(step, frame, identity)
        except HaltedError as halted:
            return StepResult(state=State.STOPPED, message=str(halted))
        except ChoriaError as error:
            return self._fail(step, frame, identity, error)
        return await self._with_lock(step, frame, identity, wish)

    async def _is_wanted(self, step: Step, frame: Frame) -> bool:
        assert step.control.when is not None, "it has one"
        try:
            async with self._session.halt.guard(heeds_stop=frame.heeds_stop):
                return await holds(step.control.when, StepScope(frame))
        except UnknownValueError:
            return True  # a rehearsal shows what may happen

    async def _with_lock(
        self, step: Step, frame: Frame, identity: str, wish: LockWish
    ) -> StepResult:
        if self._session.is_rehearsal:
            self._session.teller.line(Level.INFO, "locks", f"would take lock {wish.path}")
            return await self._do(step, frame, identity)
        has_it = False
        try:
            async with self._session.keeper.hold(
                wish, around=frame.grips, heeds_stop=frame.heeds_stop
            ) as grips:
                has_it = True
                return await self._do(step, replace(frame, grips=grips), identity)
        except HaltedError as halted:
            return StepResult(state=State.STOPPED, message=str(halted))
        except ChoriaError as error:
            if has_it:
                raise
            return self._fail(step, frame, identity, error)

    def _fail(self, step: Step, frame: Frame, identity: str, error: ChoriaError) -> StepResult:
        """A step that could not begin."""
        described = step.control.description or _usual_description(step)
        place = Place(frame=frame, id=identity, type=_type_of(step), description=described)
        tell_began(place)
        if not step.control.fail_ok:
            return _told_failure(place, error)
        tell_ended(place, Ending(state=State.OK, message=str(error), is_fail_ok=True))
        _register(step, frame, TaskRecord(description=described, message=str(error)))
        return FINE

    async def _do(self, step: Step, frame: Frame, identity: str) -> StepResult:
        try:
            described = await self._described(step, frame)
        except UnknownValueError:
            described = step.control.description
        place = Place(
            frame=frame,
            id=identity,
            type=_type_of(step),
            description=described,
            no_log=step.control.no_log,
        )
        if not isinstance(step, TaskSpec):
            return await self._do_container(step, place)
        if self._session.is_rehearsal:
            return await self._rehearse(step, place)
        return await self._do_task(step, place)

    # steps that hold others

    async def _do_container(self, step: Step, place: Place) -> StepResult:
        started, began = self._session.teller.now(), time.perf_counter()
        tell_began(place)
        try:
            result = await self._inside(step, place)
        except HaltedError as halted:
            result = StepResult(state=State.STOPPED, message=str(halted))
        except ChoriaError as error:
            result = StepResult(state=State.FAILED, message=str(error), exit_code=error.exit_code)
        is_fail_ok = result.state is State.FAILED and step.control.fail_ok
        state = State.OK if result.goes_on or is_fail_ok else result.state
        record = TaskRecord(
            is_ok=result.goes_on,
            description=place.description,
            message=result.message,
            run_seconds=time.perf_counter() - began,
        )
        is_looped = step.control.loop is not None
        ending = Ending(
            state=state,
            message=result.message,
            started=started,
            run_seconds=record.run_seconds,
            is_fail_ok=is_fail_ok,
            register="" if is_looped else step.control.register,
            registered=None if is_looped else _register(step, place.frame, record),
        )
        tell_ended(place, ending)
        return replace(result, state=state, record=record)

    async def _inside(self, step: Step, place: Place) -> StepResult:
        match step:
            case BlockSpec():
                return await self._blocks.run(step, place)
            case ListCall():
                return await self._calls.run_named_list(step, place)
            case BookCall():
                return await self._calls.run_other_book(step, place)
        raise AssertionError(f"{step.id} is a task")

    # tasks

    async def _rehearse(self, step: TaskSpec, place: Place) -> StepResult:
        try:
            message = await foretell(step, place.frame)
        except ChoriaError as error:
            tell_began(place)
            return _told_failure(place, error)
        when = step.control.when
        said = f"{message}, when {when.text}" if when else message
        tell_began(place)
        tell_ended(place, Ending(state=State.OK, message=said))
        return FINE

    async def _do_task(self, step: TaskSpec, place: Place) -> StepResult:
        frame = place.frame
        before = await self._hook(Hook.PRE_TASK, place)
        if not before.goes_on:
            why = f"not done, as pre_task failed: {before.message}"
            tell_ended(place, Ending(state=State.SKIPPED, message=why))
            return replace(before, message=why)
        tell_began(place)
        try:
            attempted = await self._attempts.run(step, place)
        except NoNodesError:
            tell_ended(place, Ending(state=State.SKIPPED, message=NO_NODES))
            record = TaskRecord(is_skipped=True, description=place.description, message=NO_NODES)
            _register(step, frame, record)
            return StepResult(state=State.SKIPPED, message=NO_NODES, record=record)
        except HaltedError as halted:
            tell_ended(place, Ending(state=State.STOPPED, message=str(halted)))
            return StepResult(state=State.STOPPED, message=str(halted))
        result = self._judge(step, place, attempted)
        after = await self._hook(Hook.POST_TASK, place)
        if result.goes_on and not after.goes_on:
            return replace(after, message=f"post_task failed: {after.message}")
        return result

    def _judge(self, step: TaskSpec, place: Place, attempted: Attempted) -> StepResult:
        """What becomes of a task that was tried."""
        frame, outcome = place.frame, attempted.outcome
        is_fail_ok = not outcome.is_ok and step.control.fail_ok
        record = TaskRecord(
            is_ok=outcome.is_ok,
            description=place.description,
            message=outcome.message,
            data=tuple(outcome.data),
            run_seconds=attempted.run_seconds,
            results=outcome.results,
        )
        frame.trail.last = record
        is_looped = step.control.loop is not None
        state = State.OK if outcome.is_ok or is_fail_ok else State.FAILED
        ending = Ending(
            state=state,
            message=outcome.message,
            started=attempted.started,
            run_seconds=attempted.run_seconds,
            is_fail_ok=is_fail_ok,
            results=outcome.results,
            data=record.data,
            register="" if is_looped else step.control.register,
            registered=None if is_looped else _register(step, frame, record),
            writes=attempted.writes,
        )
        tell_ended(place, ending)
        result = StepResult(state=state, message=outcome.message, record=record)
        return _judged_by_batch(result, frame, outcome.results)

    async def _hook(self, hook: Hook, place: Place) -> StepResult:
        """What the book wants around each task of its list."""
        frame = place.frame
        steps = frame.context.book.hooks.get(hook, ()) if frame.wraps_tasks else ()
        if not steps:
            return FINE
        around = replace(
            frame,
            list=hook.value,
            parent=place.id,
            parent_static="",
            wraps_tasks=False,
            in_hook=True,
        )
        return await self.run_list(steps, around)


def _judged_by_batch(result: StepResult, frame: Frame, results: Any) -> StepResult:
    """What a task means for the batch of nodes that it was done on."""
    batch = frame.batch
    if batch is None or not batch.is_known or not results:
        return result
    had_failures = batch.take(results)
    if batch.has_too_many_failures:
        count = len(batch.failed)
        message = f"{count} nodes failed, more than max_fail allows: {result.message}"
        return replace(result, state=State.FAILED, message=message)
    if had_failures and result.state is State.FAILED and batch.most_failures is not None:
        return replace(result, state=State.OK)
    return result


def _told_failure(place: Place, error: ChoriaError) -> StepResult:
    tell_ended(place, Ending(state=State.FAILED, message=str(error)))
    return StepResult(state=State.FAILED, message=str(error), exit_code=error.exit_code)


def _register(step: Step, frame: Frame, record: TaskRecord) -> dict[str, Any] | None:
    """Keep what a step left under its name, and give it as reports have it."""
    if not step.control.register:
        return None
    document = record.document()
    frame.context.registered[step.control.register] = document
    return document


def _type_of(step: Step) -> str:
    match step:
        case TaskSpec():
            return step.type
        case BlockSpec():
            return "parallel" if step.parallel else "block"
        case ListCall():
            return "tasks"
        case BookCall():
            return "playbook"


def _usual_description(step: Step) -> str:
    match step:
        case TaskSpec():
            return f"{step.type} task"
        case BlockSpec():
            return "steps side by side" if step.parallel else "block"
        case ListCall():
            return f"tasks {step.name}"
        case BookCall():
            return f"playbook {step.file}"


def _shown(item: object) -> str:
    text = value_text(item)
    return text if len(text) <= _SHOWN_ITEM else f"{text[:_SHOWN_ITEM]}…"


def _list(value: object) -> list[Any]:
    assert isinstance(value, list), "it was written as one"
    return value
