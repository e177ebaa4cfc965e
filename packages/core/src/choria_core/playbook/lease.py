"""Keeping a lock: a lease of the store that ends by itself unless it is renewed in time.

    sent_at = clock()
    session = await create_session(ttl=10)
    lease = Lease(lambda: renew(session), ttl_seconds=10, sent_at=sent_at, clock=clock)
    lease.start()
    ...
    if lease.is_held():
        ...
    await lease.stop()

The store counts a lease's time from when it hears from us, which is never before we sent
the request.  So what we may rely on begins when the last renewal that it confirmed was
*sent*.  Counted from the answer, two holders would overlap by as long as the answer took.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Final

from choria_core.errors import ChoriaError, LockLostError

TRIES_IN_A_LIFE: Final = 3
"""A renewal begins, and is given up, after this part of the life."""

PAUSES_IN_A_LIFE: Final = 30
"""How long we wait after a renewal failed, as a part of the life."""


def lease_clock() -> float:
    """Seconds that only rise, and go on while the machine sleeps, as the store's do."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime(clock)


class Lease:
    """Renewed every third of its life, from :meth:`start` to :meth:`stop` or its loss.

    Args:
        renew: asks the store to renew, and returns when it has confirmed.  It raises
            LockLostError where the store says that the lease is gone.  Every other
            ChoriaError may pass, and is tried again while there is time.  It is cancelled
            after a third of the life.
        ttl_seconds: its life from each renewal.
        sent_at: when the request that began it was sent, by ``clock``.
        clock: seconds that only rise.

    Attributes:
        lost: set once the lease is lost; not set where we stop it.
        loss: why it was lost; empty before.
    """

    def __init__(
        self,
        renew: Callable[[], Awaitable[None]],
        *,
        ttl_seconds: float,
        sent_at: float,
        clock: Callable[[], float] = lease_clock,
    ) -> None:
        self.lost = asyncio.Event()
        self.loss = ""
        self._renew = renew
        self._ttl_seconds = ttl_seconds
        self._clock = clock
        self._sent_at = sent_at
        self._last_error = ""
        self._is_stopped = False
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def request_seconds(self) -> float:
        """How long any one request about the lease may take."""
        return self._ttl_seconds / TRIES_IN_A_LIFE

    def start(self) -> None:
        """Begin to renew."""
        self._watch()
        self._task = asyncio.create_task(self._keep(), name="lease")

    def is_held(self) -> bool:
        """Whether it is certainly ours now: by the clock, whatever the loop came to do."""
        if self._seconds_left() <= 0:
            self.lose(self._expiry())
        return not (self.loss or self._is_stopped)

    def lose(self, reason: str) -> None:
        """It is gone, and does not come back; the first reason counts."""
        if self.loss or self._is_stopped:
            return
        self.loss = reason
        self._cancel()
        self.lost.set()

    async def stop(self) -> None:
        """Renew no more; from now on it does not count as held."""
        self._is_stopped = True
        self._cancel()
        if self._task is None:
            return
        await asyncio.wait({self._task})
        if not self._task.cancelled():
            self._task.result()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()

    def _seconds_left(self) -> float:
        return self._sent_at + self._ttl_seconds - self._clock()

    def _expiry(self) -> str:
        reason = f"it could not be renewed within {self._ttl_seconds:g} s"
        return f"{reason}: {self._last_error}" if self._last_error else reason

    def _watch(self) -> None:
        """Notice the end of the life by a timer, whatever a renewal waits for."""
        if self.is_held():
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._seconds_left(), self._watch)

    async def _keep(self) -> None:
        try:
            while self.is_held():
                await asyncio.sleep(self._pause_seconds())
                await self._try()
        except LockLostError as error:
            self.lose(str(error))
        except Exception as bug:
            self.lose(f"renewing it failed: {bug!r}")
            raise

    def _pause_seconds(self) -> float:
        if self._last_error:
            return self._ttl_seconds / PAUSES_IN_A_LIFE
        return self._sent_at + self.request_seconds - self._clock()

    async def _try(self) -> None:
        """Renew once; noted where the store confirms before the lease is over."""
        sent_at = self._clock()
        try:
            async with asyncio.timeout(self.request_seconds):
                await self._renew()
        except LockLostError:
            raise
        except TimeoutError:
            self._last_error = f"no answer within {self.request_seconds:g} s"
        except ChoriaError as error:
            self._last_error = str(error)
        else:
            if self.is_held():
                self._sent_at, self._last_error = sent_at, ""


class LeasedLock:
    """A lock that lasts as long as its lease.

    Args:
        key: of the lock, without its store.
        token: rises with each acquisition.
        lease: begun, and this lock's alone.
        give_back: tells the store, and ends what the store keeps the lease by; it ends in time
            by itself, and may be called again where it raised.
    """

    def __init__(
        self, key: str, *, token: int, lease: Lease, give_back: Callable[[], Awaitable[None]]
    ) -> None:
        self.key = key
        self.token = token
        self._lease = lease
        self._give_back = give_back
        self._is_released = False

    @property
    def lost(self) -> asyncio.Event:
        """Set once the lock is lost; not set where it is released."""
        return self._lease.lost

    @property
    def loss(self) -> str:
        """Why it was lost; empty before."""
        return self._lease.loss

    def is_held(self) -> bool:
        """Whether it is certainly still ours."""
        return self._lease.is_held()

    async def release(self) -> None:
        """Stop renewing, and tell the store, which is done even where the lock was lost.

        Whoever cancels this waits until the store was told, or could not be in time.

        Raises:
            ChoriaError: the store cannot be told; the lease ends by itself.  It may be tried
                again.
        """
        if self._is_released:
            return
        giving = asyncio.create_task(self._end())
        try:
            await asyncio.shield(giving)
        except asyncio.CancelledError:
            with contextlib.suppress(ChoriaError):
                await giving
            raise

    async def _end(self) -> None:
        try:
            await self._lease.stop()
        finally:
            await self._give_back()
            self._is_released = True
