"""The figures of the client's bench and what they are to reach.  Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from bench.kit.report import Goal

MICROSECONDS: Final = 1e6
MEGABYTE: Final = 1e6

GOALS: Final = (
    Goal("discovery_cpu_ratio", 1 / 3, at_most=True),
    Goal("rpc_cpu_ratio", 1 / 3, at_most=True),
)


@dataclass(frozen=True, slots=True)
class Taken:
    """What one run took for so many replies.

    Attributes:
        replies: how many came.
        seconds, cpu_seconds, peak_bytes: of the whole process.
    """

    replies: int
    seconds: float
    cpu_seconds: float
    peak_bytes: int


Rounds = Sequence[Sequence[Taken]]
"""For each round, a run of each size, the smallest first."""


def cpu_us_per_reply(runs: Sequence[Taken]) -> float:
    """What one more reply costs: imports and connecting cancel out."""
    middle, large = runs[-2:]
    return (
        MICROSECONDS * (large.cpu_seconds - middle.cpu_seconds) / (large.replies - middle.replies)
    )


def replies_per_s(runs: Sequence[Taken]) -> float:
    """How fast more replies come, likewise."""
    middle, large = runs[-2:]
    return (large.replies - middle.replies) / (large.seconds - middle.seconds)


def figures_of(name: str, ours: Rounds, go: Rounds | None) -> dict[str, float | None]:
    """By key: the middle of the rounds; ratios compare within a round."""
    figures: dict[str, float | None] = {}
    for prefix, rounds in (("", ours), ("go_", go)):
        figures |= _own_figures(prefix + name, rounds)
    pairs = list(zip(ours, go or (), strict=False))
    ratios = [cpu_us_per_reply(our) / cpu_us_per_reply(their) for our, their in pairs]
    figures[f"{name}_cpu_ratio"] = _middle(ratios, 3)
    return figures


def memory_mb(rounds: Mapping[str, Rounds | None]) -> float | None:
    """The most memory that a program had, whatever it was asked."""
    peaks = [run.peak_bytes for one in rounds.values() for runs in one or () for run in runs]
    return round(max(peaks) / MEGABYTE, 1) if peaks else None


def _own_figures(name: str, rounds: Rounds | None) -> dict[str, float | None]:
    measured = rounds or ()
    return {
        f"{name}_cpu_us_per_reply": _middle([cpu_us_per_reply(runs) for runs in measured], 2),
        f"{name}_replies_per_s": _middle([replies_per_s(runs) for runs in measured], 0),
    }


def _middle(values: Sequence[float], digits: int) -> float | None:
    return round(median(values), digits) if values else None
