"""A page that is looked at: the fleet behind it is told what to show."""

import itertools

from msgspec.structs import replace

from choria_emulator.watch.figures import (
    LATENCY_BOUNDS_SECONDS,
    BrokerFigures,
    Counts,
    FleetFigures,
    WorkerFigures,
)
from choria_emulator.watch.outline import Outline
from choria_emulator.watch.watch import Watch

OUTLINE = Outline(name="node", agents=10, collectives=1, seed=42)
BEGIN = 1_700_000_000.0


class Fleet:
    """A fleet without nodes, which does what a page asks for, and tells of it.

    Attributes:
        wanted, connected: nodes.
        storms: how often all connections were cut.
    """

    def __init__(self, wanted: int = 5_000) -> None:
        self.wanted = wanted
        self.connected = 0
        self.storms = 0
        self._counts = Counts()
        self._ticks = itertools.count(1)

    async def resize(self, size: int) -> None:
        """Have so many nodes."""
        self.wanted = size
        self.connected = min(size, self.connected)

    async def storm(self) -> None:
        """Cut all connections."""
        self.storms += 1
        self._counts.cuts += self.connected
        self.connected = 0

    def look(self, *, joining: int = 500, replies: int = 0, milliseconds: int = 20) -> FleetFigures:
        """Half a second later: so many nodes came, and so many replies went out."""
        tick = next(self._ticks)
        came = min(joining, self.wanted - self.connected)
        self.connected += came
        self._counts.connects += came
        self._counts.requests += replies
        self._counts.replies += replies
        slot = sum(bound < milliseconds / 1_000 for bound in LATENCY_BOUNDS_SECONDS)
        self._counts.latency[slot] += replies
        is_ready = self.connected == self.wanted
        return FleetFigures(
            time=BEGIN + tick / 2,
            uptime_seconds=tick / 2,
            name="node",
            wanted=self.wanted,
            connected=self.connected,
            ready=self.connected,
            is_ready=is_ready,
            stage="running" if is_ready else "connecting",
            counts=replace(self._counts, latency=list(self._counts.latency)),
            workers=(self._worker(0, is_ready=is_ready), self._worker(1, is_ready=is_ready)),
            brokers=(self._broker(),),
        )

    def _worker(self, number: int, *, is_ready: bool) -> WorkerFigures:
        return WorkerFigures(
            worker=number,
            pid=4_100 + number,
            wanted=self.wanted // 2,
            connected=self.connected // 2,
            ready=self.connected // 2,
            memory_bytes=30 * 2**20 + self.connected // 2 * 7_000,
            last_failure="" if is_ready else "127.0.0.1:4222 refused the connection",
            counts=self._counts,
        )

    def _broker(self) -> BrokerFigures:
        return BrokerFigures(
            name="broker-one",
            url="nats://127.0.0.1:4222",
            connections=self.connected,
            subscriptions=self.connected * 14,
            memory_bytes=50 * 2**20 + self.connected * 40_000,
            cpu_percent=31.4,
            slow_consumers=0,
            in_messages=self._counts.replies,
            out_messages=self._counts.requests,
        )


def watch_over(fleet: Fleet, *, port: int = 0, is_controlled: bool = True) -> Watch:
    """The watch over a fleet, not opened yet."""
    return Watch(
        outline=OUTLINE,
        host="127.0.0.1",
        port=port,
        resize=fleet.resize if is_controlled else None,
        storm=fleet.storm if is_controlled else None,
    )
