"""The engine's side of the guardian: see ``guardian``."""

import asyncio
import fcntl
import os
import sys
from pathlib import Path
from typing import Final

from choria_core.processes import guardian as guardian_file
from choria_core.processes.exit_watch import ExitWatch

GRACE_SECONDS: Final = 2.0
"""Between asking a program to end and killing it."""

_HIGH: Final = 10
"""Descriptors that are kept for long stand above those that a child is given."""


class Guard:
    """A guardian process, and the pipe on which programs register with it.

    Attributes:
        pipe: where a program registers.
        null: an open null device.
    """

    def __init__(self) -> None:
        read_end, write_end = os.pipe()
        self._read_end = _raised(read_end)
        self.pipe = _raised(write_end)
        self.null = _raised(os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC))
        self._groups: set[int] = set()
        self._pid = 0

    def ensure(self) -> None:
        """Start it, unless it runs; one that was killed is replaced.

        Raises:
            OSError: no process can be started.
        """
        if self._pid and not os.waitpid(self._pid, os.WNOHANG)[0]:
            return
        actions = [
            (os.POSIX_SPAWN_DUP2, self._read_end, 0),
            (os.POSIX_SPAWN_DUP2, self.null, 1),
            (os.POSIX_SPAWN_DUP2, self.null, 2),
        ]
        words = [
            sys.executable,
            "-I",
            "-S",
            str(Path(guardian_file.__file__)),
            str(GRACE_SECONDS),
        ]
        self._pid = os.posix_spawn(
            sys.executable, words, {}, file_actions=actions, setpgroup=0, setsigmask=[]
        )
        for group in self._groups:
            self._write(group)

    def registered(self, group: int) -> None:
        """A program was started that registers itself."""
        self._groups.add(group)

    def ended(self, group: int) -> None:
        """Nothing of a group is left that must not be."""
        self._groups.discard(group)
        self._write(-group)

    async def close(self) -> None:
        """Let the guardian end, and wait for that."""
        os.close(self.pipe)
        if self._pid:
            is_over = asyncio.Event()
            watch = ExitWatch(self._pid, is_over.set)
            try:
                await is_over.wait()
            finally:
                watch.close()
        os.close(self._read_end)
        os.close(self.null)

    def _write(self, number: int) -> None:
        os.write(self.pipe, b"%d\n" % number)


def _raised(descriptor: int) -> int:
    raised = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _HIGH)
    os.close(descriptor)
    return raised
