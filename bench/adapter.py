"""How many messages ``choria adapter run`` takes to a stream each second.

    nox -s bench -- adapter [--quick]

Registrations as they were recorded, each acknowledged by the stream; one process, two and
four, beside an adapter written with nats-py and the standard library, the same with our codec
in place of the latter, and, where ``CHORIA_GO`` names it, the Go
program's.  The load is the highest without a drop.  Broker, feeder and adapter share the
machine.
"""

import argparse
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Final

from rich.console import Console
from rich.table import Table

from bench.adapting.figures import GOALS, figures_of
from bench.adapting.messages import registrations
from bench.adapting.programs import (
    GO,
    GO_VARIABLE,
    NATS_PY,
    NATS_PY_CODEC,
    OURS,
    OURS_2,
    OURS_4,
    Program,
    programs,
)
from bench.adapting.trial import run_adapter
from bench.kit.report import machine_line, print_json, show_goals
from bench.kit.rounds import Plan, run_rounds
from bench.kit.series import Series
from choria_core.errors import ChoriaError
from choria_core.event_loop import run_async

NAMES: Final = {
    "ours": OURS,
    "ours_2": OURS_2,
    "ours_4": OURS_4,
    "nats_py": NATS_PY,
    "nats_py_codec": NATS_PY_CODEC,
    "go": GO,
}


def main() -> None:
    """Parse the command line, measure, report."""
    parser = argparse.ArgumentParser(prog="nox -s bench -- adapter", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer messages and rounds")
    is_quick = parser.parse_args().quick
    count, rounds = (20_000, 3) if is_quick else (100_000, 7)
    try:
        run_async(_bench(count, rounds))
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    except ChoriaError as error:
        sys.exit(f"error: {error}")


async def _bench(count: int, rounds: int) -> None:
    begin = time.monotonic()
    console = Console(highlight=False, soft_wrap=True)

    def tell(text: str) -> None:
        console.print(f"{time.monotonic() - begin:5.1f} s  {text}", style="dim")

    tell(machine_line())
    frames = registrations(count)
    tell(f"{count:,} messages of {len(frames[0]):,} bytes")
    spent: dict[str, float] = {}
    cpu = Series()

    def contender(program: Program) -> Callable[[], Awaitable[float]]:
        async def run() -> float:
            ran = await run_adapter(program, frames)
            spent[program.name] = ran.cpu_microseconds
            return ran.rate

        return run

    async def prepare() -> None:
        if spent:
            cpu.rounds.append(dict(spent))
            spent.clear()

    found = programs(os.environ.get(GO_VARIABLE, ""))
    contenders = {program.name: contender(program) for program in found}
    rates = await run_rounds(contenders, Plan(rounds=rounds), prepare=prepare, tell=tell)
    await prepare()
    _report(console, rates, cpu)


def _report(console: Console, rates: Series, cpu: Series) -> None:
    table = Table("adapter", "messages/s", "rounds", "CPU µs a message")
    for column in table.columns[1:]:
        column.justify = "right"
    for name in NAMES.values():
        middle, spent = rates.median(name), cpu.median(name)
        if middle is not None and spent is not None:
            rounds = " ".join(f"{rate:,.0f}" for rate in rates.values(name))
            table.add_row(name, f"{middle:,.0f}", rounds, f"{spent:.1f}")
    console.print(table)
    figures = figures_of(rates, cpu, NAMES)
    met = show_goals(console, figures, GOALS)
    print_json({**figures, "goals": met})


if __name__ == "__main__":
    main()
