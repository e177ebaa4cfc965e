"""What a fleet did in the last ten minutes.  Pure.

Figures hold totals; people want rates.  A :class:`History` is told figures as they come
and keeps, for each, a :class:`Moment`: what charts, the terminal and the page show.  It is
bounded, and moments are numbered, so that whoever lags behind knows what was missed.
"""

from collections import deque
from itertools import islice
from typing import Final

from msgspec import Struct

from choria_emulator.watch.figures import FleetFigures
from choria_emulator.watch.latency import grown, percentile

MOST_MOMENTS: Final = 1_200
LONGEST_SECONDS: Final = 600.0
_RATE_SECONDS: Final = 0.9
"""Rates are taken over two looks of half a second, whose timers are never exact."""

_MOST_RECENT: Final = 16  # more than that window holds, unless the clock was set back


class Moment(Struct, frozen=True, kw_only=True, array_like=True):
    """A fleet at one time; as JSON an array, in this order.

    Attributes:
        time: unix seconds.
        wanted, connected, ready: nodes.
        connects_per_s, requests_per_s, replies_per_s: lately.
        p50_seconds, p99_seconds: latency of the replies of lately; None when there was none.
        memory_bytes: of all processes of the emulator.
        broker_memory_bytes: of all brokers; None where no monitor is known.
    """

    time: float
    wanted: int
    connected: int
    ready: int
    connects_per_s: float
    requests_per_s: float
    replies_per_s: float
    p50_seconds: float | None
    p99_seconds: float | None
    memory_bytes: int
    broker_memory_bytes: int | None


COLUMNS: Final = Moment.__struct_fields__
"""Names of a moment's values, in their order."""


class History:
    """The moments of the last ten minutes, 1,200 at most.

    Attributes:
        count: moments since the start, those that were forgotten too.
    """

    def __init__(self) -> None:
        self.count = 0
        self._moments: deque[Moment] = deque(maxlen=MOST_MOMENTS)
        self._recent: deque[FleetFigures] = deque(maxlen=_MOST_RECENT)
        self._replying: Moment | None = None

    def add(self, figures: FleetFigures) -> Moment:
        """Note figures, which are not older than those before; the moment that they make."""
        while len(self._recent) > 1 and figures.time - self._recent[1].time >= _RATE_SECONDS:
            self._recent.popleft()
        moment = _moment(figures, self._recent[0] if self._recent else figures)
        self._recent.append(figures)
        self._moments.append(moment)
        self.count += 1
        if moment.p50_seconds is not None:
            self._replying = moment
        while moment.time - self._moments[0].time > LONGEST_SECONDS:
            self._moments.popleft()
        return moment

    def since(self, count: int) -> list[Moment]:
        """The moments after the first ``count``, as far as they are still known."""
        missed = min(max(0, self.count - count), len(self._moments))
        return list(islice(self._moments, len(self._moments) - missed, None))

    @property
    def latest(self) -> Moment | None:
        """The newest; None before the first."""
        return self._moments[-1] if self._moments else None

    @property
    def latest_with_replies(self) -> Moment | None:
        """The newest in which replies were sent: latency is known of those alone."""
        return self._replying


def _moment(now: FleetFigures, then: FleetFigures) -> Moment:
    seconds = now.time - then.time
    latency = grown(now.counts.latency, then.counts.latency)
    memory = [broker.memory_bytes for broker in now.brokers]
    return Moment(
        time=round(now.time, 3),
        wanted=now.wanted,
        connected=now.connected,
        ready=now.ready,
        connects_per_s=_rate(now.counts.connects - then.counts.connects, seconds),
        requests_per_s=_rate(now.counts.requests - then.counts.requests, seconds),
        replies_per_s=_rate(now.counts.replies - then.counts.replies, seconds),
        p50_seconds=_rounded(percentile(latency, 0.5)),
        p99_seconds=_rounded(percentile(latency, 0.99)),
        memory_bytes=sum(worker.memory_bytes for worker in now.workers),
        broker_memory_bytes=sum(memory) if memory else None,
    )


def _rate(count: int, seconds: float) -> float:
    """Per second; nothing for counts that shrank, as they do when a process ends."""
    return round(max(0, count) / seconds, 1) if seconds > 0 else 0.0


def _rounded(seconds: float | None) -> float | None:
    """To microseconds, which is more than the buckets tell."""
    return None if seconds is None else round(seconds, 6)
