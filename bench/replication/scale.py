"""How much is measured: in full, or within 50 seconds."""

from dataclasses import dataclass
from typing import Final

from bench.kit.rounds import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Sizes of a run.

    Attributes:
        messages: in the source stream, each round.
        warm_messages: in the uncounted round before.
        plan: of the rounds.
        timed_seconds: for each of the slow contenders.
        large_messages: copied once, to see what memory grows with.
    """

    messages: int
    warm_messages: int
    plan: Plan
    timed_seconds: float
    large_messages: int


FULL: Final = Scale(
    messages=200_000,
    warm_messages=200_000,
    plan=Plan(rounds=3),
    timed_seconds=6.0,
    large_messages=2_000_000,
)
QUICK: Final = Scale(
    messages=50_000,
    warm_messages=20_000,
    plan=Plan(rounds=3, budget_seconds=30.0),
    timed_seconds=1.0,
    large_messages=200_000,
)
