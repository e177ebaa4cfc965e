"""``choria replicate``: copy streams from one cluster to another."""

import asyncio
import contextlib
import gc
import json
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.live import Live

from choria_core.errors import ConfigError, UsageError
from choria_core.event_loop import run_async, run_until_stopped
from choria_core.pid_file import pid_file
from choria_core.telemetry.logs import configure
from choria_core.telemetry.monitor import refuse_taken_port
from choria_replicator.check import check_entries
from choria_replicator.check_report import MachineFinding, print_check
from choria_replicator.entry import Manner
from choria_replicator.places import Place, places_of, prepare, problems_of
from choria_replicator.service import Replicator, instance_name, replicator_of, summary_of
from choria_replicator.settings.file import load_settings
from choria_replicator.settings.model import ReplicatorSettings, from_options, select
from choria_replicator.view import LiveView, Teller

COLLECT_EVERY: Final = 50_000
"""Objects more than before; well above the messages that a copy has in flight."""


def replicate(  # noqa: PLR0913 - each is an option
    *,
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="Configuration file, with topics: or streams:."),
    ] = None,
    stream: Annotated[
        list[str] | None,
        typer.Option(help="Only this entry, by its name or its stream; may be repeated."),
    ] = None,
    topic: Annotated[str | None, typer.Option(help="Only this entry of topics:.")] = None,
    source: Annotated[
        str | None, typer.Option(help="Without a file: URL of the source cluster.")
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="Without a file: URL of the target cluster.")
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(help="Without a file: a name of its own for the copy of one stream."),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Copy what is there, then end.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Say what would be done, and do nothing.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the summary or the check as JSON.")
    ] = False,
    restart: Annotated[
        list[str] | None,
        typer.Option(help="Copy this stream from its start, behind what the target holds."),
    ] = None,
    pid: Annotated[Path | None, typer.Option(help="Write the process id to this file.")] = None,
) -> None:
    """Copy streams from one NATS cluster to another, in order and exactly once.

    Ends with 0 when done or stopped, 1 when a copy cannot go on, 2 for wrong
    settings, 3 when a cluster refuses us or cannot be reached.
    """
    settings = _settings(config, _Options(source, target, name), stream or [], topic)
    select(settings, restart or [])  # whose names must be known too
    manner = Manner(
        instance=instance_name(),
        once=once,
        restart=frozenset(restart or ()),
        state_dir=settings.state_dir,
    )
    places = tuple(places_of(settings, pid))
    if check:
        configure("warn")
        findings = run_async(check_entries(settings.streams, manner))
        print_check(findings, _check_machine(settings, places), as_json=as_json)
        return
    prepare(places)
    with pid_file(pid):
        replicator = replicator_of(settings, manner)
        try:
            run_until_stopped(lambda stop: _run(replicator, stop, quiet=as_json))
        finally:
            _print_summary(replicator, as_json=as_json)


@dataclass(frozen=True, slots=True)
class _Options:
    """What stands for a file."""

    source: str | None = None
    target: str | None = None
    name: str | None = None


def _settings(
    config: Path | None, options: _Options, names: list[str], topic: str | None
) -> ReplicatorSettings:
    if config is None:
        source, target = options.source, options.target
        if source is None or target is None:
            raise UsageError(
                "say what to copy: --config FILE, or --source URL --target URL --stream NAME"
            )
        if topic is not None:
            raise UsageError("--topic selects an entry of a file: it needs --config")
        return from_options(source, target, names, name=options.name)
    if options != _Options():
        raise UsageError(
            "--source, --target and --name stand for a file: leave them out beside --config"
        )
    loaded = load_settings(config)
    for warning in loaded.warnings:
        typer.secho(f"warning: {warning}", err=True, fg="yellow")
    return select(loaded.settings, names, topic)


def _check_machine(settings: ReplicatorSettings, places: Sequence[Place]) -> MachineFinding:
    errors = problems_of(places)
    steps = [
        f"would make the folder {place.folder} ({place.said})"
        for place in places
        if place.is_missing_folder and not place.problem()
    ]
    for port in settings.monitor_ports:
        try:
            refuse_taken_port(port)
        except ConfigError as error:
            errors.append(error)
        else:
            steps.append(f"would answer /metrics and /healthz on port {port}")
    return MachineFinding(tuple(steps), tuple(errors))


async def _run(replicator: Replicator, stop: asyncio.Event, *, quiet: bool) -> None:
    _collect_rarely()
    async with _shown(replicator, quiet=quiet):
        await replicator.run(stop)


def _collect_rarely() -> None:
    """Spare the hot path most of the garbage collection: a tenth of its processor time.

    What is loaded by now is left out of collections.  What a copy makes per
    message is freed by counting references.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_EVERY)


@contextlib.asynccontextmanager
async def _shown(replicator: Replicator, *, quiet: bool) -> AsyncIterator[None]:
    """Show a live view on a terminal, log lines elsewhere."""
    settings = replicator.settings

    def log() -> None:
        configure(settings.log_level, log_file=settings.log_file or None)

    if not quiet and sys.stderr.isatty():
        with Live(LiveView(replicator.entries), console=Console(stderr=True), refresh_per_second=4):
            log()  # now that standard error goes through the view
            yield
        log()
        return
    log()
    teller = Teller(replicator.entries)
    telling = asyncio.create_task(teller.run())
    try:
        yield
    finally:
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)
        teller.tell_end()


def _print_summary(replicator: Replicator, *, as_json: bool) -> None:
    """Say what was done, where there was something to do."""
    if as_json:
        if any(entry.has_begun for entry in replicator.entries):
            typer.echo(json.dumps(summary_of(replicator), indent=2))
        return
    if not replicator.manner.once:
        return
    for entry in replicator.entries:
        if entry.has_started:
            typer.echo(
                f"{entry.name}: {entry.total('copied_messages'):,} copied, "
                f"{entry.total('skipped_messages'):,} sampled away, "
                f"{entry.total('received_messages'):,} read in {entry.running_seconds:.1f} s"
                f"{', then it failed' if entry.error else ''}"
            )
