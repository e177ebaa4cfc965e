"""What a bench shows: the machine, a table of figures, the goals, and one line of JSON."""

import contextlib
import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bench.kit.series import Series


@dataclass(frozen=True, slots=True)
class Goal:
    """What a figure is to reach.

    Attributes:
        figure: its key.
        bound: the goal.
        at_most: the figure shall stay below, instead of reach, the bound.
    """

    figure: str
    bound: float
    at_most: bool = False

    def is_met_by(self, value: float | None) -> bool | None:
        """None where nothing was measured."""
        if value is None:
            return None
        return value <= self.bound if self.at_most else value >= self.bound

    def __str__(self) -> str:
        return f"{'≤' if self.at_most else '≥'} {self.bound:g}"


def machine_line() -> str:
    """What it was measured on."""
    size_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"{cores} cores of {_processor_model() or 'an unnamed processor'}, {size_gb:.0f} GB, "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    )


def _processor_model() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def show_rates(console: Console, series: Series, commands: Mapping[str, str]) -> None:
    """A row for each contender: the median and all rounds; below, what was run."""
    table = Table("messages read per second", "median", "rounds")
    for name in commands:
        middle = series.median(name)
        rounds = " ".join(f"{value:,.0f}" for value in series.values(name))
        table.add_row(name, f"{middle:,.0f}" if middle else "-", rounds)
    for column in table.columns[1:]:
        column.justify = "right"
    console.print(table)
    for name, command in commands.items():
        console.print(f"[bold]{name}[/bold]: {escape(command)}")


def show_goals(
    console: Console, figures: Mapping[str, float | None], goals: Sequence[Goal]
) -> dict[str, bool | None]:
    """A row for each goal; returns which are met."""
    table = Table("figure", "measured", "goal", "met")
    met = {goal.figure: goal.is_met_by(figures[goal.figure]) for goal in goals}
    words = {True: "[green]yes[/green]", False: "[red]no[/red]", None: "not measured"}
    for goal in goals:
        value = figures[goal.figure]
        table.add_row(
            goal.figure, "-" if value is None else f"{value:g}", str(goal), words[met[goal.figure]]
        )
    console.print(table)
    return met


def print_json(figures: Mapping[str, object]) -> None:
    """The last line of every bench."""
    print(json.dumps(figures), flush=True)
