"""How long each node took over all requests.  Pure."""

import heapq
from collections.abc import Iterable

from choria_emulator.measure.summary import SlowNode


class NodeTimes:
    """Sums for each node, so that a thousand requests take no more room than one."""

    def __init__(self) -> None:
        self._sums: dict[str, int] = {}
        self._counts: dict[str, int] = {}
        self._worst: dict[str, int] = {}

    def add(self, names: Iterable[str], time_ns: int) -> None:
        """These answered so long after the publication."""
        sums, counts, worst = self._sums, self._counts, self._worst
        for name in names:
            sums[name] = sums.get(name, 0) + time_ns
            counts[name] = counts.get(name, 0) + 1
            if time_ns > worst.get(name, -1):
                worst[name] = time_ns

    def slowest(self, count: int) -> tuple[SlowNode, ...]:
        """The nodes with the greatest averages."""
        most = heapq.nsmallest(
            count, self._sums, key=lambda name: (-self._sums[name] / self._counts[name], name)
        )
        return tuple(
            SlowNode(
                node=name,
                mean_seconds=self._sums[name] / self._counts[name] / 1e9,
                worst_seconds=self._worst[name] / 1e9,
                replies=self._counts[name],
            )
            for name in most
        )
