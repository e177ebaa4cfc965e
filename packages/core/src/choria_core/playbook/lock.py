"""Locks that stores keep for a book: who holds one, and how it is given back."""

import asyncio
from dataclasses import dataclass
from typing import Protocol

from choria_core.playbook.data_store import DataStore


@dataclass(frozen=True, slots=True, kw_only=True)
class LockHolder:
    """Who wants or has a lock; stores keep it beside the lock for people to read.

    Attributes:
        name: the caller's identity, as ``up=rip``.
        book: name of the playbook.
        host: where it runs.
        pid: its process.
        time: since when, unix seconds.
    """

    name: str
    book: str
    host: str
    pid: int
    time: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LockView:
    """A lock as anybody sees it.

    Attributes:
        key: of the lock, without its store.
        holder: as far as the store knows it; None where another program took the lock.
        token: rises with each acquisition; 0 where the store has none.
        session: what the store keeps the lock by; for :meth:`LockingStore.break_lock`.
    """

    key: str
    holder: LockHolder | None
    token: int = 0
    session: str = ""


class HeldLock(Protocol):
    """A lock that we hold, each by a session of its own, until it is released or lost."""

    @property
    def key(self) -> str:
        """Of the lock, without its store."""

    @property
    def token(self) -> int:
        """Rises with each acquisition, for tasks that fence what they do; 0 for none."""

    @property
    def lost(self) -> asyncio.Event:
        """Set once it is no longer ours."""

    @property
    def loss(self) -> str:
        """Why; empty while we hold it."""

    def is_held(self) -> bool:
        """Whether it is certainly still ours.

        Counted from when the last confirmed renewal was sent, not from when its answer came,
        so that it never says yes after somebody else may have it.
        """

    async def release(self) -> None:
        """Give it back and end its session; nothing happens where that was done.

        Raises:
            ChoriaError: the store cannot be told; it will find out when the session ends.
        """


class LockingStore(DataStore, Protocol):
    """A store with locks."""

    @property
    def lock_timeout_seconds(self) -> float:
        """How long the book waits for one where it does not say."""

    async def acquire(self, key: str, holder: LockHolder, *, timeout_seconds: float) -> HeldLock:
        """Take a lock, and wait for it where somebody else has it.

        Raises:
            LockTimeoutError: somebody had it all the time; the error names them.
            WorkError: the key holds data that the lock would overwrite.
            TransportError: the store cannot be reached.
        """

    async def lock_view(self, key: str) -> LockView | None:
        """Who has a lock; None where nobody does."""

    async def break_lock(self, view: LockView) -> bool:
        """Take the lock from whom :meth:`lock_view` showed; whether they still had it."""
