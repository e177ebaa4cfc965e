"""``choria measure``: ask a fleet again and again, and report."""

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import typer.core

from choria_core.commands.call_progress import CallProgress
from choria_core.commands.client_setup import client_config
from choria_core.commands.filter_options import NetworkOptions
from choria_core.commands.option_groups import with_option_groups
from choria_core.errors import UsageError, WorkError
from choria_core.event_loop import run_until_stopped
from choria_emulator.measure.broker_command import broker

if TYPE_CHECKING:
    from choria_core.client.call import Call
    from choria_core.network_config.client_config import ClientConfig
    from choria_emulator.measure.plan import MeasurePlan
    from choria_emulator.measure.request_run import Progress
    from choria_emulator.measure.result import RequestResult
    from choria_emulator.measure.suite_run import Outcome

FLEET = "fleet"
"""The command that is meant where no other is named."""

NETWORK = "The network"
ASKED = "What is asked"
JUDGED = "What must hold"


class MeasureGroup(typer.core.TyperGroup):
    """A group with one command that need not be named."""

    def make_context(self, info_name: Any, args: Any, parent: Any = None, **extra: Any) -> Any:
        """As typer's; without the name of a command it is that of measuring a fleet."""
        if args and args[0] in self.commands:
            return super().make_context(info_name, args, parent=parent, **extra)
        return self.commands[FLEET].make_context(
            info_name, args or ["--help"], parent=parent, **extra
        )


measure = typer.Typer(
    name="measure", cls=MeasureGroup, help="Ask a fleet again and again, and report."
)


@measure.callback()
def _group() -> None:
    """Ask a fleet again and again, and report."""


@dataclass(frozen=True)
class ReachOptions:
    """How the network is reached."""

    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            "-c",
            help="Main file; the user's own without.",
            dir_okay=False,
            rich_help_panel=NETWORK,
        ),
    ] = None
    tls: Annotated[
        bool,
        typer.Option("--tls", help="Connect with TLS; without it never.", rich_help_panel=NETWORK),
    ] = False
    verify: Annotated[
        bool,
        typer.Option("--verify", help="Check the broker's certificate.", rich_help_panel=NETWORK),
    ] = False
    secure: Annotated[
        bool,
        typer.Option("--secure", help="Sign requests; without it never.", rich_help_panel=NETWORK),
    ] = False
    workers: Annotated[
        int,
        typer.Option(
            min=1, metavar="COUNT", help="Connections that receive.", rich_help_panel=NETWORK
        ),
    ] = 1

    def client(self) -> "ClientConfig":
        """The configuration, protected as the flags say."""
        from choria_emulator.measure.protection_flags import with_protection

        config = client_config(NetworkOptions(config=self.config))
        return with_protection(config, tls=self.tls, verify=self.verify, secure=self.secure)


@dataclass(frozen=True)
class AskOptions:
    """What nodes are asked."""

    size: Annotated[
        int,
        typer.Option(
            min=0, metavar="CHARACTERS", help="Size of each answer.", rich_help_panel=ASKED
        ),
    ] = 100
    timeout: Annotated[
        str,
        typer.Option(metavar="DURATION", help="Longest wait for answers.", rich_help_panel=ASKED),
    ] = "10s"
    grace: Annotated[
        str,
        typer.Option(
            metavar="DURATION",
            help="Where nodes are missing, wait so much longer to count late answers.",
            rich_help_panel=ASKED,
        ),
    ] = "1s"
    discovery_timeout: Annotated[
        str,
        typer.Option(metavar="DURATION", help="So long look for nodes.", rich_help_panel=ASKED),
    ] = "2s"
    force_direct: Annotated[
        bool,
        typer.Option(
            "--force-direct",
            help="Ask each node by its name, instead of all with one message.",
            rich_help_panel=ASKED,
        ),
    ] = False
    agent: Annotated[
        str,
        typer.Option(help="Agent whose action generate is called.", rich_help_panel=ASKED),
    ] = "emulated0"
    warmup: Annotated[
        int,
        typer.Option(
            min=0,
            metavar="COUNT",
            help="Requests before, which do not count.",
            rich_help_panel=ASKED,
        ),
    ] = 0


@dataclass(frozen=True)
class JudgeOptions:
    """What must hold."""

    threshold: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONDITION",
            help="As p99<2s, last.p95<=1.5s, missing==0 or rate>10000/s; may be repeated.",
            rich_help_panel=JUDGED,
        ),
    ] = None
    compare: Annotated[
        Path | None,
        typer.Option(
            metavar="OLD.json",
            help="summary.json of an earlier run, to stand beside this one.",
            exists=True,
            dir_okay=False,
            rich_help_panel=JUDGED,
        ),
    ] = None


@measure.command(FLEET, hidden=True)
@with_option_groups
def fleet(  # noqa: PLR0913 - each is an argument, or a group of options
    context: typer.Context,
    count: Annotated[int, typer.Argument(min=1, help="So many requests.")],
    expect: Annotated[int, typer.Argument(min=1, help="So many nodes there must be.")],
    description: Annotated[str, typer.Argument(help="Of this run, for people.")],
    outdir: Annotated[
        Path, typer.Argument(help="Folder for the results; made where there is none.")
    ],
    *,
    ask: AskOptions,
    reach: ReachOptions,
    judge: JudgeOptions,
) -> None:
    """Ask all nodes for a text, again and again, and measure how they answer.

    OUTDIR gets tables of all times, summary.json and report.html.

    Ends with 1 where there are more or fewer nodes than expected, and
    where a threshold is broken.  Ctrl-C ends it with what there is.

    choria measure broker samples the monitor of a broker instead.
    """
    from choria_emulator.measure import result_files
    from choria_emulator.measure.finishing import earlier_run, finish
    from choria_emulator.measure.suite_run import run_suite

    plan = _plan(count, expect, description, outdir, ask, reach, judge)
    earlier = None if judge.compare is None else earlier_run(judge.compare)
    config = reach.client()
    result_files.prepare(plan.folder, shown=plan.folder_given)
    listener = _Console(plan)

    async def main(stop: asyncio.Event) -> "Outcome":
        return await run_suite(plan, config, context.obj, stop=stop, listener=listener)

    outcome = run_until_stopped(main)
    if not outcome.results:
        raise WorkError("stopped before the first request was over")
    done = finish(plan, outcome, config, earlier=earlier)
    typer.echo(f"\n{done.text}\n{done.report}")
    if outcome.failure is not None:
        raise outcome.failure
    if not done.is_kept:
        raise typer.Exit(WorkError.exit_code)


measure.command("broker")(broker)


def _plan(
    count: int,
    expect: int,
    description: str,
    outdir: Path,
    ask: AskOptions,
    reach: ReachOptions,
    judge: JudgeOptions,
) -> "MeasurePlan":
    from choria_core.protocol.names import is_agent
    from choria_emulator.measure.durations import option_seconds
    from choria_emulator.measure.option_text import option_text
    from choria_emulator.measure.plan import MeasurePlan
    from choria_emulator.measure.suite_run import new_suite_id
    from choria_emulator.measure.thresholds import parse_threshold

    if not is_agent(ask.agent):
        raise UsageError(f"--agent: {ask.agent!a} is no name of an agent")
    return MeasurePlan(
        suite_id=new_suite_id(),
        count=count,
        expect=expect,
        description=option_text(description, "DESCRIPTION"),
        folder=outdir,
        folder_given=option_text(str(outdir), "OUTDIR"),
        warmup=ask.warmup,
        agent=ask.agent,
        size=ask.size,
        timeout_seconds=option_seconds(ask.timeout, "--timeout", least=0.001),
        grace_seconds=option_seconds(ask.grace, "--grace"),
        discovery_timeout_seconds=option_seconds(
            ask.discovery_timeout, "--discovery-timeout", least=0.001
        ),
        workers=reach.workers,
        force_direct=ask.force_direct,
        thresholds=tuple(map(parse_threshold, judge.threshold or ())),
    )


class _Console:
    """Prints a suite as it goes."""

    def __init__(self, plan: "MeasurePlan") -> None:
        self._plan = plan

    def found(self, nodes: int, seconds: float) -> None:
        from choria_emulator.measure.quantities import nodes_text, seconds_text

        typer.echo(f"found {nodes_text(nodes)} in {seconds_text(seconds)}")

    @contextlib.contextmanager
    def asking(self, number: int) -> "Iterator[Progress]":
        label = f"request {number} of {self._plan.count}" if number else "warm-up"
        with CallProgress(label) as progress:
            progress.found(self._plan.expect)

            def show(call: "Call") -> None:
                progress.answered(call.answered, failed=call.failed)

            yield show

    def answered(self, result: "RequestResult") -> None:
        from choria_emulator.measure.console_lines import request_line, trouble_lines

        typer.echo("\n".join((request_line(result), *trouble_lines(result))))
