"""Figures that sum up many.  Pure."""

import math
from collections.abc import Sequence

from msgspec import Struct


class Spread(Struct, frozen=True):
    """How values are spread; all 0 where there are none.

    A percentile is one of the values: the least that so many percent do not exceed.
    """

    min: float = 0.0
    mean: float = 0.0
    p50: float = 0.0
    p90: float = 0.0
    p95: float = 0.0
    p99: float = 0.0
    p100: float = 0.0
    max: float = 0.0
    deviation: float = 0.0


def spread(values: Sequence[float]) -> Spread:
    """How ``values`` are spread, in any order."""
    if not values:
        return Spread()
    ordered = sorted(values)
    return Spread(
        min=ordered[0],
        mean=mean(ordered),
        p50=percentile(ordered, 50),
        p90=percentile(ordered, 90),
        p95=percentile(ordered, 95),
        p99=percentile(ordered, 99),
        p100=percentile(ordered, 100),
        max=ordered[-1],
        deviation=deviation(ordered),
    )


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The least of ``ordered`` values that ``percent`` of them do not exceed; 0 of none."""
    if not ordered:
        return 0.0
    rank = math.ceil(percent * len(ordered) / 100)
    return ordered[min(max(rank, 1), len(ordered)) - 1]


def mean(values: Sequence[float]) -> float:
    """The average; 0 of none.  It is never beyond the least and the greatest."""
    if not values:
        return 0.0
    return min(max(math.fsum(values) / len(values), min(values)), max(values))


def deviation(values: Sequence[float]) -> float:
    """The standard deviation of a sample; 0 of fewer than two values."""
    if len(values) < 2:
        return 0.0
    middle = mean(values)
    return math.sqrt(math.fsum((one - middle) ** 2 for one in values) / (len(values) - 1))


def skew(values: Sequence[float]) -> float:
    """How much further values reach above the average than below; 0 where they do not differ."""
    spreading = deviation(values)
    if not (spreading**3):
        return 0.0
    middle = mean(values)
    cubes = math.fsum((one - middle) ** 3 for one in values)
    return cubes / ((len(values) - 1) * spreading**3)
