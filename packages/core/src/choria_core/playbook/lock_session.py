"""Taking a lock by a session: what the store ends, and the lock with it, unless it is renewed.

Each acquisition has a session of its own.  Two branches that shared one would both have the
lock, and the first to release it would free it for everybody.
"""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any, Final, Protocol

from choria_core.errors import (
    AuthenticationError,
    ChoriaError,
    LockLostError,
    LockTimeoutError,
    TransportError,
)
from choria_core.playbook.lease import Lease, LeasedLock, lease_clock

RETRY_SECONDS: Final = 0.5
"""Before we ask again where the store could not be reached while we wait."""


class SessionEndedError(LockLostError):
    """The session ended before it had the lock: another one may try."""


class LockSession(Protocol):
    """One session, renewed already, which is to have one lock."""

    @property
    def lease(self) -> Lease:
        """How long the session is certainly there."""

    @property
    def pause_seconds(self) -> float:
        """How long to wait after a try in vain before the next one."""

    async def try_to_lock(self, *, until: float) -> LeasedLock | None:
        """Take the lock if it can be had.

        Args:
            until: a time of the lease's clock; so long it may wait for a change.

        Returns:
            The lock; None where it cannot be had now.

        Raises:
            SessionEndedError: the store has ended the session.
            WorkError: the key holds data.
            TransportError: the store cannot be reached.
        """

    def timeout(self, timeout_seconds: float) -> LockTimeoutError:
        """The error that says who had the lock all the time."""

    async def give_back(self) -> None:
        """Release the lock where the session has it, and end the session.

        Raises:
            TransportError: the store cannot be told.
        """


async def take_lock(
    open_session: Callable[[], Coroutine[Any, Any, LockSession]], *, timeout_seconds: float
) -> LeasedLock:
    """Open a session and take its lock, waiting for it where somebody has it.

    While we wait, a store that cannot be reached is asked again; a session that ends
    meanwhile is replaced.  Nothing is left behind where this fails or is cancelled.

    Raises:
        LockTimeoutError: the lock was not free in time.
        WorkError: its key holds data.
        TransportError: the store cannot be reached, at first or at the end.
    """
    until = lease_clock() + timeout_seconds
    while True:
        session = await _opened(open_session)
        try:
            return await _wait_for(session, until, timeout_seconds)
        except SessionEndedError:
            await _abandon(session)
        except BaseException:
            await _abandon(session)
            raise


async def _opened(open_session: Callable[[], Coroutine[Any, Any, LockSession]]) -> LockSession:
    """A new session, which is none where we are cancelled before the store has named it."""
    opening = asyncio.create_task(open_session())
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        with contextlib.suppress(ChoriaError):
            await _abandon(await opening)
        raise


async def _wait_for(session: LockSession, until: float, timeout_seconds: float) -> LeasedLock:
    while True:
        pause = RETRY_SECONDS
        try:
            lock = await session.try_to_lock(until=until)
            pause = session.pause_seconds
        except AuthenticationError:
            raise
        except TransportError:
            if lease_clock() >= until:
                raise
            lock = None
        if not session.lease.is_held():
            raise SessionEndedError(session.lease.loss)
        if lock is not None:
            return lock
        left = until - lease_clock()
        if left <= 0:
            raise session.timeout(timeout_seconds)
        await asyncio.sleep(min(pause, left))


async def _abandon(session: LockSession) -> None:
    """End a session that got no lock; what the store cannot be told it finds out itself."""
    await session.lease.stop()
    with contextlib.suppress(ChoriaError):
        await session.give_back()
