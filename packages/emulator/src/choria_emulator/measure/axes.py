"""Scales of charts.  Pure."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Axis:
    """A scale from ``low`` to ``high``, drawn from ``start`` to ``end``.

    Attributes:
        low, high: values; ``high`` is greater.
        start, end: where they are drawn, in units of the picture.
    """

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Where a value is drawn."""
        share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self, wanted: int = 6) -> list[float]:
        """Round values from low to high, about as many as wanted."""
        step = tick_step(self.high - self.low, wanted)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [round(number * step, 12) for number in range(first, last + 1)]


def tick_step(width: float, wanted: int) -> float:
    """The least round number that parts ``width`` into no more than ``wanted`` steps."""
    rough = width / max(wanted, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    return next(step * power for step in _STEPS if step * power >= rough * (1 - 1e-9))


def axis(values: Iterable[float], start: float, end: float, *, from_zero: bool = True) -> Axis:
    """A scale with room for all values, which ends at a round one.

    Args:
        values: finite.
        start: where it is drawn from.
        end: where to.
        from_zero: whether it begins at 0.
    """
    known = list(values) or [0.0]
    low = min(0.0, *known) if from_zero else min(known)
    high = max(known)
    if high <= low:
        high = low + (abs(low) or 1.0)
    step = tick_step(high - low, 6)
    if from_zero:
        high = math.ceil(high / step - 1e-9) * step
    return Axis(low, high, start, end)
