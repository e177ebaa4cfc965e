"""How many nodes ``choria emulate`` holds on this machine, and how fast they answer.

    nox -s bench -- emulate [--quick]

Fleets of 1,000, 10,000 and 50,000 nodes with ten agents each, every node a connection of
its own; ``--quick`` leaves the larger two out.  1,000 nodes stand beside as many nats-py
clients and, where ``EMULATOR_GO`` names it, the Go emulator with as many, and are asked in
turn.  Brokers, nodes and clients share the machine.
"""

import argparse
import os
import signal
import sys
import time
from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.table import Table

from bench.emulation.comparison import Compared, compare
from bench.emulation.figures import GOALS, figures_of, node_bytes, row_figures
from bench.emulation.programs import GO_VARIABLE, programs
from bench.emulation.scale import FULL, QUICK, Scale
from bench.emulation.trial import RowTaken, take_row
from bench.kit.report import machine_line, print_json, show_goals
from choria_core.errors import ChoriaError
from choria_core.event_loop import run_async
from choria_emulator.embedded.limits import raise_file_limit

KILOBYTE: Final = 1e3


def main() -> None:
    """Parse the command line, measure, report."""
    parser = argparse.ArgumentParser(prog="nox -s bench -- emulate", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="1,000 nodes only")
    scale = QUICK if parser.parse_args().quick else FULL
    try:
        run_async(_bench(scale))
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    except ChoriaError as error:
        sys.exit(f"error: {error}")


async def _bench(scale: Scale) -> None:
    begin = time.monotonic()
    console = Console(highlight=False, soft_wrap=True)

    def tell(text: str) -> None:
        console.print(f"{time.monotonic() - begin:5.1f} s  {text}", style="dim")

    raise_file_limit()
    tell(machine_line())
    compared = await compare(programs(os.environ.get(GO_VARIABLE, "")), scale, tell)
    rows = [await take_row(row, tell) for row in scale.rows]
    _report(console, rows, compared)


def _report(console: Console, rows: Sequence[RowTaken], compared: Compared) -> None:
    figures = figures_of(rows, compared)
    _show_compared(console, compared)
    _show_rows(console, rows)
    met = show_goals(console, figures, GOALS)
    print_json({**figures, "goals": met})


def _show_compared(console: Console, compared: Compared) -> None:
    """A row for each kind of fleet."""
    nodes = max(weight.nodes for weight in compared.weights.values())
    table = Table(f"{nodes:,} nodes", "replies/s", "rounds", "KB a node", "idle MB", "s to connect")
    for name, weight in compared.weights.items():
        rates = compared.rates.values(name)
        table.add_row(
            name,
            f"{compared.rates.median(name):,.0f}",
            " ".join(f"{rate:,.0f}" for rate in rates),
            f"{node_bytes(weight) / KILOBYTE:,.1f}",
            f"{weight.idle.whole / 1e6:,.0f}",
            f"{compared.connect_seconds[name]:.1f}",
        )
    _print(console, table)


def _show_rows(console: Console, rows: Sequence[RowTaken]) -> None:
    """A column for each size."""
    table = Table("figure", *(f"{taken.row.nodes:,} nodes" for taken in rows))
    columns = [row_figures(taken) for taken in rows]
    for key in columns[0]:
        table.add_row(key, *(_shown(figures[key]) for figures in columns))
    _print(console, table)


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:,.10g}"


def _print(console: Console, table: Table) -> None:
    first, *others = table.columns
    first.no_wrap = True
    for column in others:
        column.justify = "right"
    console.print(table)


if __name__ == "__main__":
    main()
