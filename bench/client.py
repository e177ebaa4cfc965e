"""What a reply costs a client: discovery, and RPC to many nodes.

    nox -s bench -- client [--quick]

A program of its own answers for 1,000, 10,000 and 50,000 nodes.  Clients are whole
processes; what one reply costs is the difference between the last two numbers of nodes,
so that starting and connecting cancel out.  Where ``CHORIA_GO`` names a Go choria
program, it asks the same in turn with ours.
"""

import argparse
import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from bench.kit.report import machine_line, print_json, show_goals
from bench.kit.rounds import Plan
from bench.network.figures import GOALS, figures_of, memory_mb
from bench.network.programs import DISCOVERY, GO, OURS, RPC, write_programs
from bench.network.trial import Results, Scale, Trial
from choria_core.broker.options import ANY_PORT, BrokerOptions
from choria_core.broker.server import start_broker
from choria_core.errors import ChoriaError
from choria_core.event_loop import run_async

GO_VARIABLE: Final = "CHORIA_GO"
COUNTS: Final = (1_000, 10_000, 50_000)
FULL: Final = Scale(COUNTS, Plan(rounds=7))
QUICK: Final = Scale(COUNTS, Plan(rounds=3, budget_seconds=40.0))


def main() -> None:
    """Parse the command line, measure, report."""
    parser = argparse.ArgumentParser(prog="nox -s bench -- client", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="end within 50 seconds")
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

    with tempfile.TemporaryDirectory(prefix="choria-bench-") as name:
        async with start_broker(BrokerOptions(port=ANY_PORT)) as broker:
            tell(machine_line())
            address = broker.url.rpartition("//")[2]
            go = os.environ.get(GO_VARIABLE, "")
            programs = write_programs(Path(name), address, scale.counts, go)
            results = await Trial(broker.url, programs, (DISCOVERY, RPC), tell).run(scale)
    _report(console, results)


def _report(console: Console, results: Results) -> None:
    figures: dict[str, float | None] = {}
    for question in (DISCOVERY, RPC):
        ours = results.rounds(OURS, question) or []
        figures |= figures_of(question.name, ours, results.rounds(GO, question))
    for prefix, program in (("", OURS), ("go_", GO)):
        asked = {question.name: results.rounds(program, question) for question in (DISCOVERY, RPC)}
        figures[f"{prefix}memory_mb"] = memory_mb(asked)
    _show(console, figures)
    met = show_goals(console, figures, GOALS)
    print_json({**figures, "goals": met})


def _show(console: Console, figures: dict[str, float | None]) -> None:
    """A row for each figure, ours beside the Go client's."""
    table = Table("figure", OURS, GO)
    for key, value in figures.items():
        if f"go_{key}" in figures:
            other = figures[f"go_{key}"]
            shown = ["-" if one is None else f"{one:,.10g}" for one in (value, other)]
            table.add_row(key, *shown)
    for column in table.columns[1:]:
        column.justify = "right"
    console.print(table)


if __name__ == "__main__":
    main()
