"""Things that every node does once in a while, spread over time.  Pure."""

from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Round(Generic[Item]):
    """A period in which every member has its second.

    Args:
        period_seconds: at least 1.
    """

    def __init__(self, period_seconds: int) -> None:
        self._period = max(1, period_seconds)
        self._seconds: list[list[Item]] = [[] for _ in range(self._period)]

    def add(self, item: Item, share: float) -> None:
        """Give ``item`` the second at ``share`` of the period, from 0 to 1."""
        self._seconds[int(share * self._period)].append(item)

    def due(self, second: int) -> Iterable[Item]:
        """Those whose second it is, counted from the start of the round."""
        return self._seconds[second % self._period]

    def keep(self, wanted: Iterable[Item]) -> None:
        """Forget all but ``wanted``."""
        kept = set(wanted)
        self._seconds = [[item for item in items if item in kept] for items in self._seconds]

    def __iter__(self) -> Iterator[Item]:
        for items in self._seconds:
            yield from items
