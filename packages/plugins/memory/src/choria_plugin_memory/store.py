"""Values in the memory of a run, and locks between its branches."""

import asyncio
import copy
import itertools
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from choria_core.config.schema import Setting
from choria_core.errors import KeyMissingError, WorkError
from choria_core.playbook.data_store import DataStore
from choria_core.playbook.lock import HeldLock, LockHolder, LockingStore, LockView
from choria_core.playbook.lock_texts import lock_timeout
from choria_core.playbook.options import SECONDS
from choria_core.playbook.workbench import Workbench


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryOptions:
    """What a book may say of a memory store."""

    timeout: Annotated[
        float, Setting("how long to wait for a lock", grammar=SECONDS, minimum=0)
    ] = 120.0


class MemoryLock(HeldLock):
    """A lock of one memory store.

    Attributes:
        holder: who has it.
        ended: set once it was released or broken.
    """

    def __init__(self, store: "MemoryStore", key: str, holder: LockHolder, token: int) -> None:
        self.holder = holder
        self.ended = asyncio.Event()
        self._store = store
        self._key = key
        self._token = token
        self._lost = asyncio.Event()
        self._loss = ""

    @property
    def key(self) -> str:
        """Of the lock."""
        return self._key

    @property
    def token(self) -> int:
        """Rises with each acquisition of the store."""
        return self._token

    @property
    def lost(self) -> asyncio.Event:
        """Set once it was broken."""
        return self._lost

    @property
    def loss(self) -> str:
        """Why; empty while we hold it."""
        return self._loss

    def is_held(self) -> bool:
        """Whether it is still ours."""
        return not self.ended.is_set()

    async def release(self) -> None:
        """Give it back; nothing happens where that was done."""
        self._store.forget(self)

    def take_away(self, why: str) -> None:
        """Somebody broke it, or its store was closed."""
        self._loss = why
        self._lost.set()
        self._store.forget(self)


class MemoryStore(LockingStore, DataStore):
    """Values that live as long as a run; nobody shares what they read or wrote."""

    Options: ClassVar[type] = MemoryOptions
    holds_text: ClassVar[bool] = False
    is_passive: ClassVar[bool] = True
    ends_with_run: ClassVar[bool] = True

    def __init__(self, name: str, options: Any, bench: Workbench) -> None:  # noqa: ARG002
        self._name = name
        self._options: MemoryOptions = options
        self._values: dict[str, object] = {}
        self._locks: dict[str, MemoryLock] = {}
        self._tokens = itertools.count(1)

    @property
    def lock_timeout_seconds(self) -> float:
        """How long the book waits for a lock where it does not say."""
        return self._options.timeout

    async def open(self) -> None:
        """Begin with nothing."""
        self._values.clear()

    async def close(self) -> None:
        """Forget everything; whoever has a lock loses it."""
        self._values.clear()
        for lock in tuple(self._locks.values()):
            lock.take_away("the store was closed")

    async def read(self, key: str) -> object:
        """A copy of a value."""
        if key not in self._values:
            raise KeyMissingError(f"store {self._name!r} has no key {key!r}")
        return copy.deepcopy(self._values[key])

    async def write(self, key: str, value: object) -> object:
        """Keep a copy of a value."""
        self._values[key] = copy.deepcopy(value)
        return None

    async def delete(self, key: str) -> object:
        """Forget a value."""
        self._values.pop(key, None)
        return None

    async def acquire(self, key: str, holder: LockHolder, *, timeout_seconds: float) -> HeldLock:
        """Take a lock, and wait for it where another branch has it."""
        present: MemoryLock | None = None
        try:
            async with asyncio.timeout(timeout_seconds):
                while key in self._locks:
                    present = self._locks[key]
                    await present.ended.wait()
        except TimeoutError:
            raise lock_timeout(
                key,
                store=self._name,
                holder=None if present is None else present.holder,
                timeout_seconds=timeout_seconds,
            ) from None
        if key in self._values:
            raise WorkError(f"store {self._name!r} keeps data under {key!r}: name another lock")
        lock = MemoryLock(self, key, holder, next(self._tokens))
        self._locks[key] = lock
        return lock

    async def lock_view(self, key: str) -> LockView | None:
        """Who has a lock."""
        lock = self._locks.get(key)
        if lock is None:
            return None
        return LockView(key=key, holder=lock.holder, token=lock.token, session=str(lock.token))

    async def break_lock(self, view: LockView) -> bool:
        """Take the lock from whom the view shows."""
        lock = self._locks.get(view.key)
        if lock is None or str(lock.token) != view.session:
            return False
        lock.take_away("somebody broke the lock")
        return True

    def forget(self, lock: MemoryLock) -> None:
        """A lock ended: the next one may have its key."""
        lock.ended.set()
        if self._locks.get(lock.key) is lock:
            del self._locks[lock.key]
