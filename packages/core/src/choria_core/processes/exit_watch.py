"""Notice the end of a program that this process started."""

import asyncio
import os
from collections.abc import Callable
from typing import Final

POLL_SECONDS: Final = 0.01


class ExitWatch:
    """Watches one program.

    Linux has a descriptor that becomes readable at the end; elsewhere we ask again and again.

    Args:
        pid: of a child of this process that nobody else waits for.
        on_end: called once, when it has ended.

    Attributes:
        status: as of ``waitpid``; None while it runs.
    """

    def __init__(self, pid: int, on_end: Callable[[], None]) -> None:
        self.status: int | None = None
        self._pid = pid
        self._on_end = on_end
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._descriptor = _open(pid)
        if self._descriptor is None:
            self._look_later()
        else:
            self._loop.add_reader(self._descriptor, self._look)

    def close(self) -> None:
        """Watch no longer."""
        if self._descriptor is not None:
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look_later(self) -> None:
        self._timer = self._loop.call_later(POLL_SECONDS, self._look)

    def _look(self) -> None:
        pid, status = os.waitpid(self._pid, os.WNOHANG)
        if pid:
            self.close()
            self.status = status
            self._on_end()
        elif self._descriptor is None:
            self._look_later()


def _open(pid: int) -> int | None:
    """A descriptor of the program; None where the system has none."""
    if not hasattr(os, "pidfd_open"):
        return None
    try:
        return os.pidfd_open(pid)
    except OSError:  # an old kernel, a sandbox, or no descriptors left
        return None
