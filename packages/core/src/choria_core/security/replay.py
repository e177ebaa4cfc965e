"""Requests that were seen before.  Pure."""

import heapq
from hashlib import sha256
from typing import Final

from choria_core.errors import Refusal, RefusedError

MAX_ENTRIES: Final = 65_536
MAX_ENTRIES_PER_CALLER: Final = 4_096


def replay_key(signed: bytes) -> bytes:
    """What a table knows a request by; nodes in one process can share the work."""
    return sha256(signed).digest()


class ReplayTable:
    """The requests that one node has taken and could be sent again.

    A request is remembered until its time to live has passed.  A table that is
    full refuses: forgetting one to make room would let it come again.  It is
    exact for every clock, also for one that goes back: what may have been
    forgotten counts as seen.
    """

    __slots__ = (
        "_callers",
        "_counts",
        "_expiries",
        "_forgotten",
        "_max_entries",
        "_max_entries_per_caller",
    )

    def __init__(
        self,
        *,
        max_entries: int = MAX_ENTRIES,
        max_entries_per_caller: int = MAX_ENTRIES_PER_CALLER,
    ) -> None:
        self._max_entries = max_entries
        self._max_entries_per_caller = max_entries_per_caller
        self._callers: dict[bytes, str] = {}
        self._counts: dict[str, int] = {}
        self._expiries: list[tuple[float, bytes]] = []
        self._forgotten = float("-inf")

    def __len__(self) -> int:
        return len(self._callers)

    def admit(self, key: bytes, *, caller: str, expires: float, now: float) -> None:
        """Take a verified request that has not expired, once.

        Args:
            key: of :func:`replay_key`.
            caller: the verified one; each has its share of the table.
            expires: the request's time plus its ttl, in the unit of ``now``.
            now: any clock's time that ``expires`` is of.

        Raises:
            RefusedError: it was taken before, or there is no room to remember it.
        """
        self._forget(now)
        if key in self._callers or expires <= self._forgotten:
            raise RefusedError(Refusal.REPLAYED, "the request was seen before")
        count = self._counts.get(caller, 0)
        if count >= self._max_entries_per_caller or len(self) >= self._max_entries:
            raise RefusedError(Refusal.OVERLOADED, "too many requests at once to remember them")
        self._callers[key] = caller
        self._counts[caller] = count + 1
        heapq.heappush(self._expiries, (expires, key))

    def _forget(self, now: float) -> None:
        while self._expiries and self._expiries[0][0] <= now:
            self._forgotten, key = heapq.heappop(self._expiries)
            caller = self._callers.pop(key)
            self._counts[caller] -= 1
            if not self._counts[caller]:
                del self._counts[caller]
