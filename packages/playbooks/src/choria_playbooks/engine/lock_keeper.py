"""Takes the locks of a run, watches them, and gives them back whatever happens."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from choria_core.errors import ChoriaError, LockError
from choria_core.playbook.lock import HeldLock, LockHolder, LockingStore
from choria_playbooks.engine.events import Level, LockGone, LockTaken, LockWaiting
from choria_playbooks.engine.halt import Halt
from choria_playbooks.engine.promises import error_words
from choria_playbooks.engine.teller import Teller

RELEASE_SECONDS = 15.0
"""Longer than this we do not try to give a lock back; it ends with its session then."""

ANNOUNCED_AFTER_SECONDS = 1.0
"""Who waits longer for a lock is told who has it."""
_CONTEXT = "locks"


@dataclass(frozen=True, slots=True, kw_only=True)
class LockWish:
    """A lock that is wanted.

    Attributes:
        path: ``store/key``, for people.
        store: where it is.
        key: in that store.
        identity: equal for two wishes for the same lock, from whichever book.
        timeout_seconds: how long to wait; None for what the store says.
    """

    path: str
    store: LockingStore
    key: str
    identity: object
    timeout_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grip:
    """A lock that is ours."""

    wish: LockWish
    held: HeldLock

    @property
    def token(self) -> int | None:
        """For tasks that fence what they do; None where the store has none."""
        return self.held.token or None


Grips = tuple[Grip, ...]
"""Locks around a step, the innermost last."""


class LockKeeper:
    """All locks of a run and of the books that it calls.

    Args:
        halt: is told of a loss.
        teller: is told of everything.
        holder: who takes a lock now.
    """

    def __init__(self, *, halt: Halt, teller: Teller, holder: Callable[[], LockHolder]) -> None:
        self._halt = halt
        self._teller = teller
        self._holder = holder
        self._grips: list[Grip] = []

    def require_held(self) -> None:
        """Make certain that no lock was lost, before something is done.

        Raises:
            HaltedError: one was.
        """
        for grip in self._grips:
            if not self._is_held(grip):
                self._lose(grip)
        if self._halt.loss:
            self._halt.check(heeds_stop=False)

    def _is_held(self, grip: Grip) -> bool:
        """Whether a lock is certainly held: one that cannot say so is not."""
        try:
            return grip.held.is_held()
        except Exception as error:  # noqa: BLE001 - whatever a foreign store raises
            self._lose(grip, f"its store broke: {error_words(error)}")
            return True

    @contextlib.asynccontextmanager
    async def hold(
        self, wish: LockWish, *, around: Grips, heeds_stop: bool
    ) -> AsyncIterator[Grips]:
        """Take a lock, and give it back at the end.

        What is around the step holds it already where it is one of ``around``: then it is
        entered again, and given back by whoever took it.  Branches beside each other each take
        it for themselves.

        Raises:
            LockTimeoutError, WorkError, TransportError: it cannot be had.
            HaltedError: the run ends.
        """
        if any(grip.wish.identity == wish.identity for grip in around):
            yield around
            return
        held: HeldLock | None = None
        try:
            async with self._halt.guard(heeds_stop=heeds_stop):
                held = await self._acquire(wish)
            grip = Grip(wish=wish, held=held)
            async with self._watched(grip):
                yield (*around, grip)
        finally:
            if held is not None:
                await self._release(Grip(wish=wish, held=held))

    async def _acquire(self, wish: LockWish) -> HeldLock:
        store = wish.store
        timeout = wish.timeout_seconds
        announcer = asyncio.create_task(self._announce(wish))
        try:
            held = await store.acquire(
                wish.key,
                self._holder(),
                timeout_seconds=store.lock_timeout_seconds if timeout is None else timeout,
            )
            token = held.token
        except (ChoriaError, asyncio.CancelledError):
            raise
        except Exception as error:  # whatever a foreign store raises
            raise LockError(f"lock {wish.path}: {error_words(error)}") from error
        finally:
            announcer.cancel()  # not awaited: whoever has the lock must not lose sight of it
        path = self._teller.masking.text(wish.path)
        self._teller.tell(LockTaken(time=self._teller.now(), lock=path, token=token))
        self._teller.line(Level.INFO, _CONTEXT, f"Lock {wish.path} is taken")
        return held

    async def _announce(self, wish: LockWish) -> None:
        """Say who has the lock, where we wait for it noticeably."""
        await asyncio.sleep(ANNOUNCED_AFTER_SECONDS)
        try:
            view = await wish.store.lock_view(wish.key)
        except Exception:  # noqa: BLE001 - whoever acquires will hear of it
            view = None
        holder = view.holder if view else None
        who = f"{holder.name} on {holder.host}, {holder.book}" if holder else "somebody else"
        path = self._teller.masking.text(wish.path)
        self._teller.tell(LockWaiting(time=self._teller.now(), lock=path, holder=who))
        self._teller.line(Level.INFO, _CONTEXT, f"Waiting for lock {wish.path}, held by {who}")

    @contextlib.asynccontextmanager
    async def _watched(self, grip: Grip) -> AsyncIterator[None]:
        self._grips.append(grip)
        watcher = asyncio.create_task(self._watch(grip))
        try:
            yield
        finally:
            self._grips.remove(grip)
            await _end(watcher)

    async def _watch(self, grip: Grip) -> None:
        await grip.held.lost.wait()
        self._lose(grip)

    def _lose(self, grip: Grip, reason: str = "") -> None:
        if self._halt.loss:
            return
        reason = reason or grip.held.loss
        why = f"lock {grip.wish.path} was lost: {reason or 'it was not renewed in time'}"
        mask, loss = self._teller.masking.text, reason or why
        self._teller.tell(
            LockGone(time=self._teller.now(), lock=mask(grip.wish.path), loss=mask(loss))
        )
        self._teller.line(Level.ERROR, _CONTEXT, f"{why}; nothing more is started")
        self._halt.lose(why)

    async def _release(self, grip: Grip) -> None:
        """Give a lock back, however often we are cancelled meanwhile."""
        giving = asyncio.create_task(self._give_back(grip))
        cancelled: asyncio.CancelledError | None = None
        while not giving.done():
            try:
                await asyncio.shield(giving)
            except asyncio.CancelledError as error:
                cancelled = error
        giving.result()
        if cancelled is not None:
            raise cancelled

    async def _give_back(self, grip: Grip) -> None:
        path = grip.wish.path
        was_lost = grip.held.lost.is_set()
        try:
            async with asyncio.timeout(RELEASE_SECONDS):
                await grip.held.release()
        except Exception as error:  # noqa: BLE001 - the work is done, and the session ends by itself
            words = str(error) or type(error).__name__
            self._teller.line(Level.WARN, _CONTEXT, f"Could not release lock {path}: {words}")
        if not was_lost:
            shown = self._teller.masking.text(path)
            self._teller.tell(LockGone(time=self._teller.now(), lock=shown))
            self._teller.line(Level.INFO, _CONTEXT, f"Lock {path} is given back")


async def _end(task: asyncio.Task[None]) -> None:
    """Cancel a task of ours and wait until it is over."""
    task.cancel()
    await asyncio.wait((task,))
