"""End what is left of a run's programs when the run itself is gone.

    python -I -S guardian.py GRACE_SECONDS

Standard input is a pipe.  Programs write ``PID`` and a newline into it before they do
anything, and close it; the process that started them writes ``-PID`` when one has ended.
The end of the pipe means that nobody is left who could write: the process that wanted the
programs has ended, be it by SIGKILL, and no program is about to register.  What is still
registered then is terminated, group by group, and killed after ``GRACE_SECONDS``.

The pipe is read once a second and at its end, not line by line: thousands of short
programs are to cost nothing here.

It runs as a file, with nothing but built-in modules, so that it costs little.
"""

import contextlib
import os
import select
import signal
import sys
import time

PIPE = 0
READ_MILLISECONDS = 1000
POLL_SECONDS = 0.02


def main(grace_seconds: float) -> None:
    """Wait for the end of the pipe, then end all groups that are registered."""
    _ignore_signals()
    groups = _until_end()
    for group in groups:
        _tell(group, signal.SIGTERM)
    deadline = time.monotonic() + grace_seconds
    while groups and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
        groups = {group for group in groups if _tell(group, 0)}
    for group in groups:
        _tell(group, signal.SIGKILL)


def _ignore_signals() -> None:
    """Whatever is sent to everybody is not for the one who cleans up."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)


def _until_end() -> set[int]:
    """Groups that are registered when nobody is left who could write."""
    os.set_blocking(PIPE, False)
    poll = select.poll()
    poll.register(PIPE, 0)  # the end alone is told at once
    groups: set[int] = set()
    rest = b""
    while True:
        poll.poll(READ_MILLISECONDS)
        with contextlib.suppress(BlockingIOError):
            while data := os.read(PIPE, 1 << 16):
                *lines, rest = (rest + data).split(b"\n")
                _note(lines, groups)
            return groups


def _note(lines: list[bytes], groups: set[int]) -> None:
    for line in lines:
        number = int(line)
        if number > 0:
            groups.add(number)
        else:
            groups.discard(-number)


def _tell(group: int, number: int) -> bool:
    """Whether there is such a group that we may signal."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    main(float(sys.argv[1]))
