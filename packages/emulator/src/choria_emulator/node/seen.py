"""Which nodes of a process have taken which request, so that none takes one twice.  Pure."""

import heapq
from typing import Final

MAX_REQUESTS: Final = 1_000_000
"""So many requests are remembered at once by one process, some 200 bytes each."""

_FEW: Final = 64


class Seen:
    """The nodes that have taken one request, by their places in their group."""

    __slots__ = ("_few", "_many")

    def __init__(self) -> None:
        self._few: set[int] | None = None
        self._many: bytearray | None = None

    def add(self, place: int) -> bool:
        """Note that a node takes the request; whether it had not before."""
        many = self._many
        if many is not None:
            if place >= len(many):
                many.extend(bytes(place + 1 - len(many)))
            if many[place]:
                return False
            many[place] = 1
            return True
        return self._add_to_few(place)

    def _add_to_few(self, place: int) -> bool:
        few = self._few
        if few is None:
            self._few = {place}
            return True
        if place in few:
            return False
        few.add(place)
        if len(few) > _FEW:
            self._many = many = bytearray(max(few) + 1)
            self._few = None
            for one in few:
                many[one] = 1
        return True


class SeenTable:
    """What the nodes of one group have seen.

    A request is remembered until its time to live has passed.  A table that is full
    takes nothing new: forgetting one to make room would let it come again.
    """

    __slots__ = ("_expiries", "_most", "_requests")

    def __init__(self, *, most: int = MAX_REQUESTS) -> None:
        self._most = most
        self._requests: dict[bytes, Seen] = {}
        self._expiries: list[tuple[int, bytes]] = []

    def __len__(self) -> int:
        return len(self._requests)

    def of(self, key: bytes, *, until_ns: int, now_ns: int) -> Seen | None:
        """Who has seen the request ``key``; None where there is no room to remember it.

        Args:
            key: of :func:`choria_core.security.replay.replay_key`.
            until_ns: unix time from which the request is refused for its age.
            now_ns: unix time.
        """
        expiries, requests = self._expiries, self._requests
        while expiries and expiries[0][0] <= now_ns:
            requests.pop(heapq.heappop(expiries)[1], None)
        seen = requests.get(key)
        if seen is None and len(requests) < self._most:
            seen = requests[key] = Seen()
            heapq.heappush(expiries, (until_ns, key))
        return seen
