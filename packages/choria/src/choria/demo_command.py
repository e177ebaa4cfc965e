"""``choria demo``: the whole path on embedded brokers."""

import contextlib
import sys
from collections.abc import Iterator
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table

from choria.demo import Demo, Outcome, run_demo
from choria_core.event_loop import run_async
from choria_core.telemetry.logs import configure
from choria_replicator.entry import Entry
from choria_replicator.view import LiveView


def demo(
    *,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the brokers running and print their URLs.")
    ] = False,
) -> None:
    """Show the toolkit at work on brokers of its own; takes a few seconds."""
    configure("warn")
    console = Console(highlight=False)

    def tell(step: str) -> None:
        console.print(f"[cyan]•[/cyan] {step}", soft_wrap=True)

    @contextlib.contextmanager
    def watch(entries: tuple[Entry, ...]) -> Iterator[None]:
        if not sys.stdout.isatty():
            yield
            return
        with Live(LiveView(entries), console=console, refresh_per_second=8, transient=True):
            yield

    outcome = run_async(run_demo(Demo(keep=keep, tell=tell, watch=watch)))
    _print_outcome(console, outcome)


def _print_outcome(console: Console, outcome: Outcome) -> None:
    table = Table(title="dc1 → central", show_header=False, title_style="bold")
    table.add_column(style="bold")
    table.add_column(justify="right")
    rate = outcome.published / outcome.seconds if outcome.seconds else 0.0
    table.add_row("messages in", f"{outcome.published:,}")
    table.add_row("copied", f"{outcome.copied:,}")
    table.add_row("sampled away", f"{outcome.sampled_away:,}")
    table.add_row("order verified", "[green]yes[/green]")
    table.add_row("rate", f"{rate:,.0f} msg/s")
    console.print(table)
    if not outcome.brokers:
        return
    names = zip(("dc1", "central"), outcome.brokers, strict=True)
    for name, broker in names:
        console.print(f"{name} is still running at {broker.url} (process {broker.pid})")
    pids = " ".join(str(broker.pid) for broker in outcome.brokers)
    console.print(f"stop them with: kill {pids} && rm -r {outcome.folder}", soft_wrap=True)
