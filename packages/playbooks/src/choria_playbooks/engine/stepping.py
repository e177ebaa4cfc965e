"""Does the steps of a book, one after the other.

Around a step the order is: what an earlier run did, tags and where to begin, the operator's yes,
loop, ``when``, lock; around a task then ``pre_task``, the tries, ``fail_ok``, ``register`` and
``post_task``.
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from choria_core.errors import ChoriaError
from choria_playbooks.book.model import BlockSpec, BookCall, Hook, ListCall, Step, TaskSpec
from choria_playbooks.engine.attempts import Attempted, Attempts
from choria_playbooks.engine.blocks import Blocks
from choria_playbooks.engine.calls import Calls, RunBook
from choria_playbooks.engine.describing import (
    describe,
    describe_at_hand,
    type_of,
)
from choria_playbooks.engine.events import Level, State
from choria_playbooks.engine.frame import FINE, Frame, StepResult, TaskRecord
from choria_playbooks.engine.halt import HaltedError
from choria_playbooks.engine.lock_keeper import LockWish
from choria_playbooks.engine.locking import lock_wish
from choria_playbooks.engine.loops import Loops
from choria_playbooks.engine.nodes_left import NO_NODES, NoNodesError
from choria_playbooks.engine.registering import register, register_pass
from choria_playbooks.engine.rehearsing import foretell
from choria_playbooks.engine.replaying import resume_step
from choria_playbooks.engine.scope import StepScope, UnknownValueError, holds
from choria_playbooks.engine.session import Session
from choria_playbooks.engine.telling import Ending, Place, tell_began, tell_ended


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
        self._loops = Loops(session, run_pass=self._pass, fail=_fail)

    async def run_list(self, steps: Sequence[Step], frame: Frame) -> StepResult:
        """Steps in their order, up to the first that fails."""
        ended = FINE
        for step in steps:
            if frame.has_lost_its_nodes:
                break  # all of them failed, and so many may
            result = await self.run_step(step, frame)
            if not result.goes_on:
                ended = result if ended.goes_on else ended
                if not self._session.is_rehearsal:
                    break
        return ended

    async def run_step(self, step: Step, frame: Frame) -> StepResult:
        """One step, with all its passes where it has a loop."""
        try:
            return await self._run_step(step, frame, frame.id_of(step.id))
        except HaltedError as halted:
            return StepResult(state=State.STOPPED, message=str(halted))

    async def _run_step(self, step: Step, frame: Frame, identity: str) -> StepResult:
        self._session.halt.check(heeds_stop=frame.heeds_stop)
        finished = self._session.choice.finished(identity)
        if finished is not None:
            return await resume_step(step, frame, finished)
        why = self._why_not(step, frame) or await self._refused(step, frame)
        if why:
            result = await self._skip(step, frame, identity, why)
            if step.control.loop is not None and result.record is not None:
                register(step, frame, result.record)
            return result
        if step.control.loop is None:
            return await self._pass(step, frame, identity)
        return await self._loops.run(step, frame, identity)

    # what comes before a step

    def _why_not(self, step: Step, frame: Frame) -> str:
        choice = self._session.choice
        if choice.takes_all:
            return ""
        tags = frame.tags.union(step.control.tags)
        if isinstance(step, TaskSpec):
            return choice.why_not(step.id, tags, in_hook=frame.in_hook, in_call=frame.in_call)
        return choice.why_none_of(
            step, frame.context.book, tags, in_hook=frame.in_hook, in_call=frame.in_call
        )

    async def _refused(self, step: Step, frame: Frame) -> str:
        """Why the operator does not want a task; empty where it is wanted.

        Raises:
            HaltedError: the operator ends the run, or it ends meanwhile.
        """
        session, confirm = self._session, self._session.confirm
        is_silent = confirm is None or session.is_rehearsal or frame.in_hook
        if is_silent or not isinstance(step, TaskSpec):
            return ""
        assert confirm is not None, "there is somebody to ask"
        described = session.masking.text(await describe_at_hand(step, frame))
        async with session.halt.guard(heeds_stop=frame.heeds_stop):
            answer = await confirm(described)
        if answer == "stop":
            session.halt.stop("stopped by the operator")
            session.halt.check(heeds_stop=True)
        if answer == "all":
            session.confirm = None
        return "" if answer in {"yes", "all"} else "the operator left it out"

    async def _skip(self, step: Step, frame: Frame, identity: str, why: str) -> StepResult:
        described = await describe_at_hand(step, frame)
        place = Place(frame=frame, id=identity, type=type_of(step), description=described)
        return _skipped(step, place, why)

    # one pass

    async def _pass(self, step: Step, frame: Frame, identity: str) -> StepResult:
        control, wish = step.control, None
        try:
            if control.when is not None and not await self._is_wanted(step, frame):
                return await self._skip(step, frame, identity, f"not when {control.when.text}")
            if control.lock is not None:
                async with self._session.halt.guard(heeds_stop=frame.heeds_stop):
                    wish = await lock_wish(control.lock, StepScope(frame))
        except UnknownValueError:
            wish = None
        except ChoriaError as error:
            return await self._fail(step, frame, identity, error)
        if wish is None:
            return await self._do(step, frame, identity)
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
        except ChoriaError as error:
            if has_it:
                raise
            return await self._fail(step, frame, identity, error)

    async def _fail(
        self, step: Step, frame: Frame, identity: str, error: ChoriaError
    ) -> StepResult:
        """A step that could not begin."""
        place = Place(
            frame=frame,
            id=identity,
            type=type_of(step),
            description=await describe_at_hand(step, frame),
            no_log=frame.no_log or step.control.no_log,
        )
        tell_began(place)
        return _fail(step, place, error)

    async def _do(self, step: Step, frame: Frame, identity: str) -> StepResult:
        try:
            described = await describe(step, frame)
        except ChoriaError as error:
            return await self._fail(step, frame, identity, error)
        place = Place(
            frame=frame,
            id=identity,
            type=type_of(step),
            description=described,
            no_log=frame.no_log or step.control.no_log,
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
        except UnknownValueError as unknown:
            result = StepResult(state=State.OK, message=f"would be done; {unknown}")
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
        ending = Ending(
            state=state,
            message=result.message,
            started=started,
            run_seconds=record.run_seconds,
            is_fail_ok=is_fail_ok,
            register=step.control.register,
            registered=register_pass(step, place.frame, record),
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
        """Tell what a task would do, and the hooks around it."""
        before = await self._hook(Hook.PRE_TASK, place)
        result = await self._foretold(step, place)
        after = await self._hook(Hook.POST_TASK, place)
        return next((one for one in (result, before, after) if not one.goes_on), FINE)

    async def _foretold(self, step: TaskSpec, place: Place) -> StepResult:
        try:
            message = await foretell(step, place.frame)
        except ChoriaError as error:
            tell_began(place)
            return _fail(step, place, error)
        when = step.control.when
        said = f"{message}, when {when.text}" if when else message
        tell_began(place)
        tell_ended(place, Ending(state=State.OK, message=said))
        return FINE

    async def _do_task(self, step: TaskSpec, place: Place) -> StepResult:
        before = await self._hook(Hook.PRE_TASK, place)
        if not before.goes_on:
            why = f"not done, as pre_task failed: {before.message}"
            tell_ended(place, Ending(state=State.SKIPPED, message=why))
            return replace(before, message=why)
        tell_began(place)
        started, began = self._session.teller.now(), time.perf_counter()
        try:
            attempted = await self._attempts.run(step, place)
        except NoNodesError:
            return _skipped(step, place, NO_NODES)
        except HaltedError as halted:
            ending = Ending(
                state=State.STOPPED,
                message=str(halted),
                started=started,
                run_seconds=time.perf_counter() - began,
            )
            tell_ended(place, ending)
            return StepResult(state=State.STOPPED, message=ending.message)
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
        state = State.OK if outcome.is_ok or is_fail_ok else State.FAILED
        ending = Ending(
            state=state,
            message=outcome.message,
            started=attempted.started,
            run_seconds=attempted.run_seconds,
            is_fail_ok=is_fail_ok,
            results=outcome.results,
            data=record.data,
            register=step.control.register,
            registered=register_pass(step, frame, record),
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
            needs_nodes=False,
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


def _skipped(step: Step, place: Place, why: str) -> StepResult:
    """A step that is left out."""
    record = TaskRecord(is_skipped=True, description=place.description, message=why)
    ending = Ending(
        state=State.SKIPPED,
        message=why,
        register=step.control.register,
        registered=register_pass(step, place.frame, record),
    )
    tell_ended(place, ending)
    return StepResult(state=State.SKIPPED, message=why, record=record)


def _fail(step: Step, place: Place, error: ChoriaError) -> StepResult:
    """A step that began, and could not go on."""
    record = TaskRecord(description=place.description, message=str(error))
    if isinstance(step, TaskSpec):
        place.frame.trail.last = record
    is_fail_ok = step.control.fail_ok
    state = State.OK if is_fail_ok else State.FAILED
    ending = Ending(
        state=state,
        message=record.message,
        is_fail_ok=is_fail_ok,
        register=step.control.register,
        registered=register_pass(step, place.frame, record),
    )
    tell_ended(place, ending)
    return StepResult(state=state, message=record.message, exit_code=error.exit_code, record=record)
