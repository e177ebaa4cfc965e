"""Runs a book from its beginning to its end."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace

from choria_core.errors import ChoriaError, LockLostError, UsageError
from choria_core.event_loop import Stop
from choria_core.playbook.workbench import Workbench
from choria_playbooks.engine.calls import CalledBook, real_path
from choria_playbooks.engine.events import Level, RunBegan, RunEnded, State
from choria_playbooks.engine.frame import Frame, StepResult, Trail
from choria_playbooks.engine.halt import HaltedError
from choria_playbooks.engine.life import run_life
from choria_playbooks.engine.masking import Masking
from choria_playbooks.engine.preparing import Wanted, input_values, prepare
from choria_playbooks.engine.request import Listener, RunRequest
from choria_playbooks.engine.session import Session
from choria_playbooks.engine.stepping import Steps
from choria_playbooks.engine.teller import Teller
from choria_playbooks.inputs.values import InputValues


async def run_book(
    request: RunRequest, *, bench: Workbench, listeners: Sequence[Listener], stop: Stop
) -> RunEnded:
    """Run a book.

    What goes wrong on the way is in what comes back, and was told to the listeners.

    Args:
        request: what is run, and how.
        bench: what plugins are lent.
        listeners: are told all that happens.
        stop: ends the run when it is set; hooks after a failure are still done.

    Raises:
        UsageError: nothing can be run so: tags or steps that are not there, a changed book.
        InvalidConfigError: inputs are missing or wrong; all are named.
        ChoriaError: what a listener raised, as a report that could no longer be written; the run
            was stopped then, and cleaned up.
    """
    session = Session(request, bench=bench, teller=Teller(listeners, masking=Masking()))
    book = request.book
    if request.resume is not None and request.resume.digest != book.digest:
        raise UsageError(
            f"{book.file} is not the book of that report, or was changed since: "
            "run it from its beginning, or bring the old text back"
        )
    inputs = input_values(session, book.inputs, request.inputs, book.schema)
    return await _Run(session, inputs).run(stop)


class _Run:
    """One run."""

    def __init__(self, session: Session, inputs: InputValues) -> None:
        self._session = session
        self._inputs = inputs
        self._steps = Steps(session, self._run_called)

    async def run(self, stop: Stop) -> RunEnded:
        """See :func:`run_book`."""
        session = self._session
        teller, began = session.teller, session.teller.now()
        self._tell_began()
        async with _watched(stop, session):
            result, error = await self._run_guarded()
        ended = RunEnded(
            time=teller.now(),
            is_ok=result.goes_on,
            error=teller.masking.text(error),
            exit_code=self._exit_code(result, stop),
            run_seconds=teller.now() - began,
        )
        said = (
            "the book did its work"
            if ended.is_ok
            else f"the book failed: {error or result.message}"
        )
        teller.line(Level.INFO if ended.is_ok else Level.ERROR, "post", said)
        teller.tell(ended)
        if teller.failure is not None:
            raise teller.failure
        return ended

    async def _run_guarded(self) -> tuple[StepResult, str]:
        """How it ended, and why it did no work, where no step says so."""
        session = self._session
        try:
            result = await self._run_top()
        except HaltedError as halted:
            result = StepResult(state=State.STOPPED, message=str(halted))
        except ChoriaError as error:
            result = StepResult(state=State.FAILED, message=str(error), exit_code=error.exit_code)
            return result, str(error)
        if session.halt.loss:
            result = StepResult(state=State.STOPPED, message=session.halt.loss)
        return result, result.message if result.state is State.STOPPED else ""

    async def _run_top(self) -> StepResult:
        book = self._session.request.book
        wanted = Wanted(
            session=self._session,
            book=book,
            inputs=self._inputs,
            files=(real_path(book),),
        )
        async with AsyncExitStack() as stack:
            context, grips = await prepare(wanted, stack)
            frame = Frame(context=context, list="tasks", trail=Trail(), grips=grips)
            return await run_life(frame, self._steps.run_list)

    async def _run_called(self, called: CalledBook, frame: Frame) -> StepResult:
        """Run a book that another one calls."""
        session, book = self._session, called.book
        optional = {
            name: replace(one, required=False) if name in called.unknown else one
            for name, one in book.inputs.items()
        }
        wanted = Wanted(
            session=session,
            book=book,
            inputs=input_values(session, optional, called.inputs, book.schema),
            files=(*frame.context.files, real_path(book)),
            around=frame.grips,
            identity=frame.parent,
            unknown_inputs=called.unknown,
        )
        async with AsyncExitStack() as stack:
            context, grips = await prepare(wanted, stack)
            inside = replace(frame, context=context, grips=grips, trail=Trail(), arguments=None)
            return await run_life(inside, self._steps.run_list)

    def _tell_began(self) -> None:
        request, teller = self._session.request, self._session.teller
        data = request.book.metadata
        teller.begin(
            RunBegan(
                time=teller.now(),
                book=data.name,
                version=data.version,
                file=request.book.file,
                run_id=request.run_id,
                is_check=request.check,
            )
        )
        if data.run_as and data.run_as != request.caller:
            text = f"the book asks to be run as {data.run_as}; it runs as {request.caller}"
            teller.line(Level.DEBUG, "pre", text)

    def _exit_code(self, result: StepResult, stop: Stop) -> int:
        if result.goes_on:
            return 0
        if self._session.halt.loss:
            return LockLostError.exit_code
        if self._session.halt.stopped and stop.signal:
            return 128 + stop.signal
        return result.exit_code


@contextlib.asynccontextmanager
async def _watched(stop: Stop, session: Session) -> AsyncIterator[None]:
    """Within it the run is told of ``stop``."""

    async def watch() -> None:
        await stop.wait()
        name = signal.Signals(stop.signal).name if stop.signal else ""
        why = f"stopped by {name}" if name else "stopped"
        session.teller.line(Level.WARN, "run", f"{why}; what runs is ended")
        session.halt.stop(why)

    watcher = asyncio.create_task(watch())
    try:
        yield
    finally:
        watcher.cancel()
        await asyncio.wait((watcher,))
