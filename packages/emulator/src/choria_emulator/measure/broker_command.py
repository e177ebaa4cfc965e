"""``choria measure broker``: sample the monitor of a broker."""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from choria_core.commands.option_groups import with_option_groups
from choria_core.errors import UsageError, WorkError
from choria_core.event_loop import run_until_stopped

if TYPE_CHECKING:
    import asyncio

    from choria_emulator.measure.broker_files import BrokerFiles
    from choria_emulator.measure.broker_plan import BrokerPlan, Sampled

MONITOR = "The monitor"
WHEN = "When it ends"


class Source(Enum):
    """Documents of a monitor."""

    VARZ = "varz"
    SUBSZ = "subsz"
    CONNZ = "connz"


@dataclass(frozen=True)
class MonitorOptions:
    """Where the monitor is, and what is looked at."""

    host: Annotated[str, typer.Option(help="Host of the monitor.", rich_help_panel=MONITOR)] = (
        "localhost"
    )
    port: Annotated[
        int, typer.Option(min=1, max=65535, help="Its port.", rich_help_panel=MONITOR)
    ] = 8222
    url: Annotated[
        str,
        typer.Option(
            help="Its URL, as http://broker:8222, instead of host and port.",
            rich_help_panel=MONITOR,
        ),
    ] = ""
    source: Annotated[
        Source, typer.Option(help="Document to look into.", rich_help_panel=MONITOR)
    ] = Source.SUBSZ
    variable: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Figure of the document, as num_subscriptions; may be repeated.",
            rich_help_panel=MONITOR,
        ),
    ] = None
    interval: Annotated[
        str,
        typer.Option(
            metavar="DURATION", help="From one look to the next.", rich_help_panel=MONITOR
        ),
    ] = "100ms"


@dataclass(frozen=True)
class EndOptions:
    """When sampling ends; SIGINT ends it too."""

    duration: Annotated[
        str, typer.Option(metavar="DURATION", help="After so long.", rich_help_panel=WHEN)
    ] = ""
    until_stable: Annotated[
        bool,
        typer.Option(
            "--until-stable",
            help="When the first figure fell, came back and does not change any more.",
            rich_help_panel=WHEN,
        ),
    ] = False
    stable_for: Annotated[
        str,
        typer.Option(
            metavar="DURATION",
            help="With --until-stable: not for so long.",
            rich_help_panel=WHEN,
        ),
    ] = "10s"


@with_option_groups
def broker(
    *,
    out: Annotated[Path, typer.Option(metavar="FOLDER|FILE.csv", help="Where the results go.")],
    description: Annotated[str, typer.Option(help="Of this run, for people.")] = "",
    monitor: MonitorOptions,
    end: EndOptions,
) -> None:
    """Sample figures of a NATS server's monitor into CSV, and report.

    With --until-stable it measures a storm: it waits until the figure
    falls, as when the broker is restarted, and ends when it has come back.

    Ends with 1 where it did not come back.
    """
    from choria_emulator.measure import broker_files

    plan = _plan(monitor, end, description)
    files = broker_files.files_of(out, plan)
    broker_files.prepare(files)
    sampled = _sampled(plan, files)
    if not any(sample.values for sample in sampled.samples):
        raise WorkError("nothing was seen")
    broker_files.finish(files, plan, sampled)
    typer.echo(_told(plan, sampled))
    typer.echo(files.report)
    if plan.stable_seconds is not None and not sampled.is_stable:
        raise WorkError(f"{plan.variables[0]} did not become stable")


def _sampled(plan: "BrokerPlan", files: "BrokerFiles") -> "Sampled":
    from choria_emulator.measure import broker_files
    from choria_emulator.measure.broker_run import sample_broker

    with broker_files.opened(files, plan) as writer:

        async def main(stop: "asyncio.Event") -> "Sampled":
            return await sample_broker(plan, stop, take=writer.take, tell=typer.echo)

        try:
            return run_until_stopped(main)
        except BaseException:
            if files.samples.exists() and files.samples.read_text().count("\n") < 2:
                files.samples.unlink()  # so that the same command can be given again
            raise


def _plan(monitor: MonitorOptions, end: EndOptions, description: str) -> "BrokerPlan":
    from choria_emulator.measure.broker_plan import BrokerPlan
    from choria_emulator.measure.durations import option_seconds
    from choria_emulator.measure.option_text import option_text

    if monitor.url and not monitor.url.startswith(("http://", "https://")):
        raise UsageError(f"--url: {monitor.url!a} is no URL of a monitor, as http://host:8222")
    variables = tuple(dict.fromkeys(monitor.variable or ("num_subscriptions",)))
    duration = option_seconds(end.duration, "--duration", least=0.001) if end.duration else None
    stable = option_seconds(end.stable_for, "--stable-for", least=0.001)
    return BrokerPlan(
        url=monitor.url or f"http://{monitor.host}:{monitor.port}",
        source=monitor.source.value,
        variables=variables,
        interval_seconds=option_seconds(monitor.interval, "--interval", least=0.001),
        duration_seconds=duration,
        stable_seconds=stable if end.until_stable else None,
        description=option_text(description, "--description"),
    )


def _told(plan: "BrokerPlan", sampled: "Sampled") -> str:
    from choria_core.presentation.table import table
    from choria_emulator.measure.broker_report import figure_rows

    gaps = f", {sampled.gaps} of them in vain" if sampled.gaps else ""
    title = f"{len(sampled.samples)} looks at {plan.source}{gaps}"
    headers, rows = figure_rows(plan, sampled)
    return table(headers, rows, title=title).removesuffix("\n")
