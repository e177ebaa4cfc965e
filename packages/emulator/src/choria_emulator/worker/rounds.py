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
        self._seconds: dict[int, list[Item]] = {}  # those that have any: a period may be a year

    def add(self, item: Item, share: float) -> None:
        """Give ``item`` the second at ``share`` of the period, from 0 to 1."""
        self._seconds.setdefault(int(share * self._period), []).append(item)

    def due(self, second: int) -> Iterable[Item]:
        """Those whose second it is, counted from the start of the round."""
        return self._seconds.get(second % self._period, ())

    def keep(self, wanted: Iterable[Item]) -> None:
        """Forget all but ``wanted``."""
        kept = set(wanted)
        for second, items in list(self._seconds.items()):
            self._seconds[second] = [item for item in items if item in kept]

    def __iter__(self) -> Iterator[Item]:
        for items in self._seconds.values():
            yield from items
