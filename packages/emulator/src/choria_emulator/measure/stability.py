"""When a figure of a broker is itself again after a storm.  Pure.

It is watched until it falls below what it was at first; the clock starts when it rises again,
and it is stable when it has not changed for a while.
"""

import enum
from typing import Final

BUCKET_SECONDS: Final = 0.1
STABLE_SECONDS: Final = 10.0


class Stage(enum.Enum):
    """Where a storm stands."""

    WAITING = "waiting"
    FALLEN = "fallen"
    RISING = "rising"
    STABLE = "stable"


class StormCurve:
    """How a figure comes back.

    Args:
        stable_seconds: without a change it is stable after so long.

    Attributes:
        stage: of the storm.
        first: what it was.
        base: what it fell to; the least before it rose, and 0 where nobody saw it fall.
        value: what it is.
        elapsed_seconds: from the moment when it began to rise to its last change.
        increments: how much it rose in each 0.1 s, from that moment.
    """

    def __init__(self, stable_seconds: float = STABLE_SECONDS) -> None:
        self.stage = Stage.WAITING
        self.first: float | None = None
        self.base = 0.0
        self.value = 0.0
        self.elapsed_seconds = 0.0
        self.increments: list[float] = []
        self._stable_seconds = stable_seconds
        self._risen_at = 0.0
        self._is_lost = False

    def lose(self) -> None:
        """The broker did not say: it may be down."""
        self._is_lost = True

    def feed(self, moment: float, value: float) -> Stage:
        """What it is now.

        Args:
            moment: seconds of any clock that does not go back.
            value: of the figure.
        """
        if self.first is None:
            self.first = self.value = value
        elif self.stage is Stage.WAITING:
            self._wait(moment, value)
        elif self.stage is Stage.FALLEN:
            self._lie(moment, value)
        elif self.stage is Stage.RISING:
            self._rise(moment, value)
        self.value = value
        return self.stage

    def _wait(self, moment: float, value: float) -> None:
        assert self.first is not None
        if value < self.first:
            self.stage, self.base = Stage.FALLEN, value
        elif self._is_lost and value > 0:  # all came back before it could be asked again
            self.stage, self._risen_at = Stage.RISING, moment
            self._count(moment, value)

    def _lie(self, moment: float, value: float) -> None:
        if value > self.base:
            self.stage, self._risen_at = Stage.RISING, moment
            self._count(moment, value - self.base)
        self.base = min(self.base, value)

    def _rise(self, moment: float, value: float) -> None:
        if value != self.value:
            self._count(moment, max(value - self.value, 0.0))
        elif moment - self._risen_at - self.elapsed_seconds >= self._stable_seconds:
            self.stage = Stage.STABLE

    def _count(self, moment: float, increment: float) -> None:
        self.elapsed_seconds = moment - self._risen_at
        bucket = round(self.elapsed_seconds / BUCKET_SECONDS)
        self.increments += [0.0] * (bucket + 1 - len(self.increments))
        self.increments[bucket] += increment
