"""Why a run must end before its time, and how what runs is told."""

import asyncio
from types import TracebackType
from typing import Self


class HaltedError(Exception):
    """What was being done was broken off; never leaves the engine."""


class Halt:
    """Whether a run was stopped, or lost a lock.

    A stop spares what comes after a failure: the hooks ``on_fail`` and ``post_book``, and
    ``always`` of blocks, where they begin later than it.  A lost lock spares nothing.

    Attributes:
        stopped: why the run was stopped; empty while it was not.
        loss: why a lock was lost; empty while none was.
    """

    def __init__(self) -> None:
        self.stopped = ""
        self.loss = ""
        self._guards: set[Guard] = set()

    def stop(self, why: str) -> None:
        """Break off what runs and heeds it; nothing happens the second time."""
        if not self.stopped:
            self.stopped = why
            self._break_off()

    def lose(self, why: str) -> None:
        """Break off everything; nothing happens the second time."""
        if not self.loss:
            self.loss = why
            self._break_off()

    def reason(self, *, heeds_stop: bool) -> str:
        """Why nothing may begin; empty where it may."""
        return self.loss or (self.stopped if heeds_stop else "")

    def check(self, *, heeds_stop: bool) -> None:
        """Raise HaltedError where nothing may begin."""
        if reason := self.reason(heeds_stop=heeds_stop):
            raise HaltedError(reason)

    def guard(self, *, heeds_stop: bool) -> "Guard":
        """An ``async with`` whose inside is cancelled at a halt; HaltedError leaves it then."""
        return Guard(self, heeds_stop=heeds_stop)

    def enter(self, guard: "Guard") -> None:
        """From now on it is told."""
        self._guards.add(guard)

    def leave(self, guard: "Guard") -> None:
        """It is told no more."""
        self._guards.discard(guard)

    def _break_off(self) -> None:
        for guard in tuple(self._guards):
            if self.reason(heeds_stop=guard.heeds_stop):
                guard.break_off()


class Guard:
    """See :meth:`Halt.guard`.  They do not nest within one asyncio task."""

    __slots__ = ("_cancelling", "_halt", "_is_broken", "_task", "heeds_stop")

    def __init__(self, halt: Halt, *, heeds_stop: bool) -> None:
        self.heeds_stop = heeds_stop
        self._halt = halt
        self._is_broken = False
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0

    def break_off(self) -> None:
        """Cancel what is inside."""
        if self._task is None or self._is_broken or self._task is asyncio.current_task():
            return  # who halts the run itself finds out at its next step
        self._is_broken = True
        self._task.cancel()

    async def __aenter__(self) -> Self:
        self._halt.check(heeds_stop=self.heeds_stop)
        self._task = asyncio.current_task()
        assert self._task is not None
        self._cancelling = self._task.cancelling()
        self._halt.enter(self)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._halt.leave(self)
        if not self._is_broken:
            return
        assert self._task is not None
        is_ours = self._task.uncancel() <= self._cancelling
        if is_ours and (kind is None or issubclass(kind, asyncio.CancelledError)):
            raise HaltedError(self._halt.reason(heeds_stop=self.heeds_stop)) from error
