"""Run a program's coroutine: uvloop where it exists, signals, stack dumps."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import Any, TypeVar

Result = TypeVar("Result")

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
SHOW_CURSOR = b"\x1b[?25h"


class Stop(asyncio.Event):
    """Set when the program shall finish.

    Attributes:
        signal: the number of the signal that said so; 0 where it was none.
    """

    signal: int = 0


Main = Callable[[Stop], Coroutine[Any, Any, Result]]


def run_async(main: Coroutine[Any, Any, Result]) -> Result:
    """Run ``main`` to its end and return its result.

    SIGINT and SIGTERM cancel it, so that its cleanup runs; the program then
    ends with 130 and 143.  Use :func:`run_until_stopped` to finish work first.

    Raises:
        KeyboardInterrupt: it was cancelled by SIGINT.
        SystemExit: it was cancelled by SIGTERM.
    """
    with _runner() as runner:
        return runner.run(_cancelled_by_sigterm(main))


def run_until_stopped(main: Main[Result], *, signals: Sequence[int] = STOP_SIGNALS) -> Result:
    """Run ``main(stop)`` to its end and return its result.

    The first of ``signals`` sets ``stop``: ``main`` finishes what is in flight and returns.  A
    second one ends the process at once with 128 plus the signal's number.
    """
    with _runner() as runner:
        return runner.run(_with_stop(main, signals))


def _runner() -> asyncio.Runner:
    return asyncio.Runner(loop_factory=_loop_factory())


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # not on this platform or interpreter
        return None
    return uvloop.new_event_loop


async def _cancelled_by_sigterm(main: Coroutine[Any, Any, Result]) -> Result:
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    assert task is not None
    terminated = False

    def terminate() -> None:
        nonlocal terminated
        terminated = True
        task.cancel()

    loop.add_signal_handler(signal.SIGTERM, terminate)
    try:
        with _stack_dumps(loop):
            return await main
    except asyncio.CancelledError:
        if terminated:
            raise SystemExit(128 + signal.SIGTERM) from None
        raise
    finally:
        loop.remove_signal_handler(signal.SIGTERM)


async def _with_stop(main: Main[Result], signals: Sequence[int]) -> Result:
    loop = asyncio.get_running_loop()
    stop = Stop()

    def on_signal(number: int) -> None:
        if stop.is_set():
            _end_at_once(number)
        stop.signal = number
        stop.set()

    for number in signals:
        loop.add_signal_handler(number, on_signal, number)
    try:
        with _stack_dumps(loop):
            return await main(stop)
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


@contextlib.contextmanager
def _stack_dumps(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Within the block SIGQUIT writes all stacks to a file."""
    from choria_core.stack_dump import install

    uninstall = install(loop)
    try:
        yield
    finally:
        uninstall()


def _end_at_once(number: int) -> None:
    """End without cleanup.  What was on the terminal leaves a visible cursor."""
    if sys.stdout.isatty():
        os.write(sys.stdout.fileno(), SHOW_CURSOR)
    os._exit(128 + number)
