"""How fast ``choria replicate`` copies a stream, beside other ways to copy it.

    nox -s bench -- replicate [--quick]

Everyone copies the same messages and is measured in the same way, from outside:
the target stream's state is polled, and the rate is what arrived between the
first sight of a hundredth of the messages and the last message.
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

from bench.kit.report import machine_line, print_json, show_goals, show_rates
from bench.kit.rounds import run_rounds
from bench.kit.series import Series
from bench.replication.arena import open_arena
from bench.replication.contenders import Contenders
from bench.replication.figures import GOALS, figures_of
from bench.replication.memory import measure_memory
from bench.replication.scale import FULL, QUICK, Scale
from choria_core.errors import ChoriaError
from choria_core.event_loop import run_async

GO_VARIABLE: Final = "STREAM_REPLICATOR_GO"


def main() -> None:
    """Parse the command line, measure, report."""
    parser = argparse.ArgumentParser(prog="nox -s bench -- replicate", description=__doc__)
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
        async with open_arena() as arena:
            tell(f"{machine_line()}, nats-server {arena.source.transport.server.version}")
            contenders = Contenders(arena, scale, Path(name), os.environ.get(GO_VARIABLE, ""))
            tell(f"warming up with {scale.warm_messages:,} messages")
            await contenders.warm(scale.warm_messages)
            tell(f"rounds of {scale.messages:,} messages")
            series = await run_rounds(
                contenders.all(), scale.plan, prepare=contenders.prepare, tell=tell
            )
            tell(f"copying {scale.large_messages:,} messages for the sake of memory")
            memory = await measure_memory(
                arena, contenders.peaks, words=contenders.words(), messages=scale.large_messages
            )
    _report(console, series, contenders, memory)


def _report(
    console: Console, series: Series, contenders: Contenders, memory: dict[str, float | None]
) -> None:
    figures = figures_of(series, memory)
    show_rates(console, series, contenders.commands())
    met = show_goals(console, figures, GOALS)
    print_json({**figures, "goals": met})


if __name__ == "__main__":
    main()
