"""What a running program is doing, on SIGQUIT.

``kill -QUIT <pid>`` (or its key on the terminal) makes the program write the stack of
every thread and the chain of awaits of every task to a file, log where, and go on.

The handler is Python's own rather than the event loop's, as the loop's would never be
called in the very case one wants to see: a loop that is busy and does not come back.
"""

import asyncio
import itertools
import logging
import os
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

from choria_core.telemetry.redaction import redact_text

_LONGEST_CHAIN = 200


def install(loop: asyncio.AbstractEventLoop, *, folder: Path | None = None) -> Callable[[], None]:
    """From now on SIGQUIT writes all stacks to a file.

    Must be called in the main thread; elsewhere, and where there is no SIGQUIT, it does nothing.

    Args:
        loop: whose tasks are of interest.
        folder: where files go, ``choria-stacks-<pid>-<n>.txt``; the system's for
            temporary files by default.

    Returns:
        A function that takes the handler away again.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGQUIT"):
        return lambda: None

    def on_signal(_number: int, frame: FrameType | None) -> None:
        try:
            path = write_stacks(loop, folder or Path(tempfile.gettempdir()), frame)
        except Exception as error:  # noqa: BLE001 - a dump never ends the program
            _say(loop, "stacks cannot be written: %s", error)
        else:
            _say(loop, "stacks written to %s", path)

    before = signal.signal(signal.SIGQUIT, on_signal)
    return lambda: _restore(before)


def write_stacks(
    loop: asyncio.AbstractEventLoop, folder: Path, frame: FrameType | None = None
) -> Path:
    """Write all stacks to a new file in ``folder``, readable by its owner only.

    Args:
        loop: whose tasks are written.
        folder: must exist.
        frame: the main thread's innermost frame of interest; by default the caller's.

    Raises:
        OSError: no file can be made there.
    """
    text = redact_text("".join(_report(loop, frame)))
    for number in itertools.count(1):
        path = folder / f"choria-stacks-{os.getpid()}-{number}.txt"
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
        return path
    raise AssertionError("the counter has no end")


def _report(loop: asyncio.AbstractEventLoop, frame: FrameType | None) -> Iterator[str]:
    tasks = sorted(asyncio.all_tasks(loop), key=lambda task: task.get_name())
    now = time.strftime("%Y-%m-%dT%H:%M:%S%z")
    yield f"process {os.getpid()} at {now}: {len(tasks)} tasks\n"
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    for ident, top in sys._current_frames().items():  # noqa: SLF001 - the only way to them
        is_main = ident == threading.main_thread().ident
        yield f"\n== thread {names.get(ident, ident)}\n"
        yield from traceback.format_stack(frame if is_main and frame is not None else top)
    for task in tasks:
        yield f"\n== task {task.get_name()}\n"
        yield from _task_lines(task)


def _task_lines(task: asyncio.Task[object]) -> Iterator[str]:
    waiting: object = task.get_coro()
    for _ in range(_LONGEST_CHAIN):
        frame = _first(waiting, "cr_frame", "gi_frame", "ag_frame")
        if not isinstance(frame, FrameType):
            break
        yield from traceback.format_list(traceback.StackSummary.extract([(frame, frame.f_lineno)]))
        waiting = _first(waiting, "cr_await", "gi_yieldfrom", "ag_await")
        if waiting is None:
            yield "  running now, or about to\n"
            return
    yield f"  waiting for {type(waiting).__name__}\n"


def _first(value: object, *names: str) -> object:
    """The first of these attributes that exists; coroutines of all kinds name theirs apart."""
    return next((getattr(value, name) for name in names if hasattr(value, name)), None)


def _say(loop: asyncio.AbstractEventLoop, text: str, value: object) -> None:
    """Log once the loop is at hand: a signal may have come in the midst of another log line."""
    if not loop.is_closed():
        logger = logging.getLogger("choria.stacks")
        loop.call_soon_threadsafe(lambda: logger.warning(text, value))


def _restore(before: object) -> None:
    handler = before if callable(before) or isinstance(before, int) else signal.SIG_DFL
    signal.signal(signal.SIGQUIT, handler)
