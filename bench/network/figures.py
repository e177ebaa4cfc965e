"""The figures of the client's bench and what they are to reach.  Pure."""

from collections.abc import Callable, Mapping, Sequence
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


def figures_of(name: str, ours: Rounds, go: Rounds | None) -> dict[str, float | None]:
    """By key; None where it was not measured, or starting varied more than replies cost."""
    own, other = _cpu_us_per_reply(ours), _cpu_us_per_reply(go or ())
    return {
        f"{name}_cpu_us_per_reply": _rounded(own, 2),
        f"{name}_replies_per_s": _rounded(_replies_per_s(ours), 0),
        f"go_{name}_cpu_us_per_reply": _rounded(other, 2),
        f"go_{name}_replies_per_s": _rounded(_replies_per_s(go or ()), 0),
        f"{name}_cpu_ratio": _rounded(own / other, 3) if own and other else None,
    }


def memory_mb(rounds: Mapping[str, Rounds | None]) -> float | None:
    """The most memory that a program had, whatever it was asked."""
    peaks = [run.peak_bytes for one in rounds.values() for runs in one or () for run in runs]
    return round(max(peaks) / MEGABYTE, 1) if peaks else None


def _cpu_us_per_reply(rounds: Rounds) -> float | None:
    """What one more reply costs: imports and connecting cancel out."""
    more = _growth(rounds, lambda run: MICROSECONDS * run.cpu_seconds)
    replies = _growth(rounds, lambda run: float(run.replies))
    return more / replies if more and replies else None


def _replies_per_s(rounds: Rounds) -> float | None:
    """How fast more replies come, likewise."""
    more = _growth(rounds, lambda run: run.seconds)
    replies = _growth(rounds, lambda run: float(run.replies))
    return replies / more if more and replies else None


def _growth(rounds: Rounds, of: Callable[[Taken], float]) -> float | None:
    """From the last but one number of nodes to the last: of each the middle of all rounds."""
    if not rounds:
        return None
    middle, large = (median(of(runs[index]) for runs in rounds) for index in (-2, -1))
    return large - middle if large > middle else None


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
