"""One program from its start to its end."""

import asyncio
import contextlib
import os
import signal
from typing import Final

from choria_core.processes.exit_watch import ExitWatch
from choria_core.processes.guard import GRACE_SECONDS, Guard

_POLL_SECONDS: Final = 0.02


class Program:
    """A program that was started.

    Args:
        group: its number, and its group's.
        guard: with whom it registers.
    """

    def __init__(self, group: int, guard: Guard) -> None:
        self._group = group
        self._guard = guard
        self._changed = asyncio.Event()
        self._error: Exception | None = None
        guard.registered(group)
        self._watch = ExitWatch(group, self._changed.set)

    @property
    def status(self) -> int:
        """As of ``waitpid``; a program that the kernel does not let go of counts as killed."""
        return signal.SIGKILL if self._watch.status is None else self._watch.status

    def fail(self, error: Exception) -> None:
        """Let :meth:`run` end the program and raise an error."""
        self._error = self._error or error
        self._changed.set()

    async def run(self, timeout_seconds: float | None) -> bool:
        """Wait for the program's own end, not for what it leaves in the background.

        When the time is over, on an error and when this is cancelled, the whole group is
        ended.

        Returns:
            Whether the time was over.
        """
        is_timed_out = False
        try:
            async with asyncio.timeout(timeout_seconds) as limit:
                await self._changed.wait()
        except TimeoutError:
            is_timed_out = limit.expired()
        finally:
            try:
                if self._watch.status is None:
                    await self._end()
            finally:
                self._let_go()
        if self._error is not None:
            raise self._error
        return is_timed_out

    async def _end(self) -> None:
        """Ask the group to end, and kill what is left after two seconds.

        Where this is cancelled, it is killed at once.
        """
        try:
            self._tell(signal.SIGTERM)
            async with asyncio.timeout(GRACE_SECONDS):
                while self._tell(0):  # noqa: ASYNC110 - nobody tells the end of a group
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError:
            pass
        finally:
            self._tell(signal.SIGKILL)
            await self._reaped()

    async def _reaped(self) -> None:
        """Wait for the end of what was killed; the kernel may never let go of it."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GRACE_SECONDS):
                while self._watch.status is None:
                    self._changed.clear()
                    await self._changed.wait()

    def _let_go(self) -> None:
        self._watch.close()
        if self._watch.status is not None:
            self._guard.ended(self._group)

    def _tell(self, number: int) -> bool:
        """Whether there is somebody in the group; macOS refuses where all have ended."""
        try:
            os.killpg(self._group, number)
        except (ProcessLookupError, PermissionError):
            return False
        return True
