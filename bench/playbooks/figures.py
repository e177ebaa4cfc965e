"""The figures of the bench of playbooks and what they are to reach.  Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from bench.kit.report import Goal
from bench.kit.series import Series
from bench.playbooks.names import ANSIBLE, BARE, DATA, SHELL

MILLISECONDS: Final = 1e3
MEGABYTE: Final = 1e6

GOALS: Final = (
    Goal("overhead_ms_per_task", 2.0, at_most=True),
    Goal("ratio_to_ansible", 1 / 20, at_most=True),
    Goal("data_ms_per_task", 0.5, at_most=True),
    Goal("start_ms", 400.0, at_most=True),
)

BEYOND: Final = " beyond the loop"
"""Behind a name in a series: what the bare loop of the same round takes is taken off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What one run took.

    Attributes:
        tasks: so many.
        seconds: of the whole program.
        peak_bytes: the most memory that it had.
        own: its account of it; None where it gives none.
    """

    tasks: int
    seconds: float
    peak_bytes: int
    own: "OwnAccount | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnAccount:
    """What a program tells of its run.

    Attributes:
        start_seconds: from the start of the process until the first task began.
        task_seconds: from then until the last task ended.
    """

    start_seconds: float
    task_seconds: float


Round = Mapping[str, Sequence[Taken]]
"""By contender, a run of each size, the smaller first."""


def per_task(rounds: Sequence[Round]) -> Series:
    """Milliseconds for a task, round by round, without starting."""
    series = Series()
    for one in rounds:
        figures = {name: _ms_per_task(*runs) for name, runs in one.items()}
        bare = figures[BARE]
        beyond = {
            f"{name}{BEYOND}": figures[name] - bare for name in (SHELL, ANSIBLE) if name in figures
        }
        series.rounds.append({**figures, **beyond})
    return series


def figures_of(rounds: Sequence[Round]) -> dict[str, float | None]:
    """By key, the middle of all rounds; None where it was not measured."""
    series = per_task(rounds)
    ours, other = f"{SHELL}{BEYOND}", f"{ANSIBLE}{BEYOND}"
    return {
        "overhead_ms_per_task": _rounded(series.median(ours), 3),
        "ratio_to_ansible": _rounded(series.ratio(ours, other), 4),
        "data_ms_per_task": _rounded(series.median(DATA), 3),
        "start_ms": _rounded(_start_ms(rounds, -1), 0),
        "start_one_task_ms": _rounded(_start_ms(rounds, 0), 0),
        "shell_ms_per_task": _rounded(series.median(SHELL), 3),
        "bare_ms_per_task": _rounded(series.median(BARE), 3),
        "ansible_ms_per_task": _rounded(series.median(ANSIBLE), 2),
        "ansible_overhead_ms_per_task": _rounded(series.median(other), 2),
        "memory_mb": _memory_mb(rounds, SHELL),
        "data_memory_mb": _memory_mb(rounds, DATA),
        "ansible_memory_mb": _memory_mb(rounds, ANSIBLE),
    }


def _ms_per_task(small: Taken, large: Taken) -> float:
    """By its own account, or what one more takes: the same time to start is in both runs."""
    if large.own is not None:
        return MILLISECONDS * large.own.task_seconds / large.tasks
    return MILLISECONDS * (large.seconds - small.seconds) / (large.tasks - small.tasks)


def _start_ms(rounds: Sequence[Round], index: int) -> float | None:
    """Of the shell book with one task, or with all: these are read before the first begins."""
    accounts = [one[SHELL][index].own for one in rounds]
    starts = [MILLISECONDS * own.start_seconds for own in accounts if own is not None]
    return median(starts) if starts else None


def _memory_mb(rounds: Sequence[Round], name: str) -> float | None:
    peaks = [run.peak_bytes for one in rounds for run in one.get(name, ())]
    return round(max(peaks) / MEGABYTE, 1) if peaks else None


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
