"""Let contenders take turns, so that whatever else the machine does meets them alike."""

import math
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from bench.kit.series import Series

Contender = Callable[[], Awaitable[float | None]]
"""Does its work once and returns its figure; None when it cannot take part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How often.

    Attributes:
        rounds: counted ones, at most; at least one is done.
        budget_seconds: no round is begun that would not end within it, going
            by the longest so far.
    """

    rounds: int
    budget_seconds: float = math.inf


async def run_rounds(
    contenders: Mapping[str, Contender],
    plan: Plan,
    *,
    prepare: Callable[[], Awaitable[None]],
    tell: Callable[[str], None],
) -> Series:
    """Every contender once per round, in their order; ``prepare`` opens each round."""
    series = Series()
    begin = time.monotonic()
    longest = 0.0
    for number in range(1, plan.rounds + 1):
        started = time.monotonic()
        if series.rounds and started - begin + longest > plan.budget_seconds:
            tell(f"no time for round {number}")
            break
        await prepare()
        figures: dict[str, float | None] = {}
        for name, contender in contenders.items():
            figures[name] = await contender()
            if (figure := figures[name]) is not None:
                tell(f"round {number}: {name} {figure:,.0f}")
        series.rounds.append(figures)
        longest = max(longest, time.monotonic() - started)
    return series
