"""Run a program that must not outlive the process that wants it.

    python -I -S broker_guard.py GRACE_SECONDS FOLDER PROGRAM [ARGUMENT]...

Standard input is a pipe whose other end the parent holds.  The kernel closes
that end when the parent ends, however it ends, SIGKILL included; the program is
then terminated, killed after ``GRACE_SECONDS``, and ``FOLDER`` is removed unless
it is empty text.  A byte on the pipe ends the program too, and keeps the folder.
Otherwise the guard passes SIGTERM and SIGINT on and ends with the program's exit
code, or 128 plus the number of the signal that killed it.

It runs as a file, with nothing but built-in modules, so that it costs little.
Why a process of its own: Linux's "signal me when my parent dies" follows the
*thread* that forked, and macOS has none.
"""

import contextlib
import os
import select
import signal
import sys
import time
from types import FrameType

PARENT_PIPE = 0


def main(arguments: list[str]) -> int:
    """Guard one program to its end and return the exit code to end with."""
    grace_seconds, folder, program, *rest = arguments
    wakeup = _wake_on_signals()
    child = _spawn(program, rest)
    code = _watch(child, wakeup)
    if code is not None:
        return code
    is_orphaned = not os.read(PARENT_PIPE, 1)
    code = _end(child, wakeup, float(grace_seconds))
    if folder and is_orphaned:
        import shutil

        shutil.rmtree(folder, ignore_errors=True)
    return code


def _wake_on_signals() -> int:
    """A descriptor that is readable after each signal of interest."""
    read_end, write_end = os.pipe()
    os.set_blocking(read_end, False)
    os.set_blocking(write_end, False)
    signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, _ignore)
    return read_end


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Only the wake-up matters."""


def _spawn(program: str, arguments: list[str]) -> int:
    """Start the program with empty input and let signals pass through to it."""
    forwarded = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, forwarded)  # until there is whom to forward them to
    null = os.open(os.devnull, os.O_RDONLY)
    child = os.posix_spawn(
        program,
        [program, *arguments],
        os.environ,
        file_actions=[(os.POSIX_SPAWN_DUP2, null, 0)],
        setsigmask=[],
        setsigdef=[*forwarded, signal.SIGPIPE, signal.SIGCHLD],
    )
    os.close(null)

    def forward(number: int, _frame: FrameType | None) -> None:
        with contextlib.suppress(ProcessLookupError):  # it may just have ended and been reaped
            os.kill(child, number)

    for number in forwarded:
        signal.signal(number, forward)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, forwarded)
    return child


def _watch(child: int, wakeup: int) -> int | None:
    """The program's exit code, or None when the parent is gone or says so first."""
    while True:
        readable, _, _ = select.select([PARENT_PIPE, wakeup], [], [])
        code = _exit_code(child, wakeup)
        if code is not None:
            return code
        if PARENT_PIPE in readable:
            return None


def _end(child: int, wakeup: int, grace_seconds: float) -> int:
    os.kill(child, signal.SIGTERM)
    deadline = time.monotonic() + grace_seconds
    while (left := deadline - time.monotonic()) > 0:
        select.select([wakeup], [], [], left)
        code = _exit_code(child, wakeup)
        if code is not None:
            return code
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return _shell_code(status)


def _exit_code(child: int, wakeup: int) -> int | None:
    try:
        os.read(wakeup, 512)
    except BlockingIOError:
        return None
    reaped, status = os.waitpid(child, os.WNOHANG)
    return _shell_code(status) if reaped else None


def _shell_code(status: int) -> int:
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
