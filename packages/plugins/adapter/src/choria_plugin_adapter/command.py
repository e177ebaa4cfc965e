"""``choria adapter``: keep what nodes publish in a stream."""

import gc
from pathlib import Path
from typing import Annotated, Final

import typer

from choria_core.event_loop import run_async, run_until_stopped

COLLECT_EVERY: Final = 50_000
"""Objects more than before; well above what an adapter has in flight."""

app = typer.Typer(help="Keep what nodes publish in a stream.")

Config = Annotated[Path, typer.Option("--config", help="Main file.", dir_okay=False)]


@app.callback()
def _group() -> None:
    """Keep what nodes publish in a stream."""


@app.command()
def run(
    *,
    config: Config,
    monitor_port: Annotated[
        int | None,
        typer.Option(
            help="Port of the monitor in place of plugin.choria.stats_port; 0 picks a free one.",
            min=0,
            max=65_535,
        ),
    ] = None,
    pid: Annotated[Path | None, typer.Option(help="Write the process id to this file.")] = None,
) -> None:
    """Take messages out of their envelopes and publish them to a stream, until stopped.

    Processes with adapters of one name share the work.  SIGINT and SIGTERM publish what was
    taken, wait for its acknowledgement and end with 0; a second one ends at once.
    """
    from choria_core.commands.log_setup import log_to, shows_warnings
    from choria_core.network_config.load import load_server
    from choria_core.pid_file import pid_file
    from choria_plugin_adapter.service import AdapterService
    from choria_plugin_adapter.settings import read_adapters

    loaded = load_server(config)
    adapters = read_adapters(loaded.settings)
    log_to(loaded.log)
    service = AdapterService(loaded, adapters, port=monitor_port)
    if not shows_warnings(loaded.log):
        for warning in (*loaded.warnings, *adapters.warnings):
            typer.echo(f"warning: {warning}", err=True)
    with pid_file(pid):
        _collect_rarely()
        run_until_stopped(service.run)


@app.command()
def check(
    *,
    config: Config,
    offline: Annotated[
        bool, typer.Option("--offline", help="Read the files only, connect to nothing.")
    ] = False,
) -> None:
    """Say what each adapter would do, and whether its brokers and its stream are there.

    Ends with 2 for wrong settings, 3 where a broker or a stream is missing.
    """
    from choria_core.network_config.load import load_server
    from choria_core.telemetry.logs import configure
    from choria_plugin_adapter.check import check_brokers, described
    from choria_plugin_adapter.service import trust_of
    from choria_plugin_adapter.settings import read_adapters

    configure("error")
    loaded = load_server(config)
    adapters = read_adapters(loaded.settings)
    trust_of(loaded, adapters)
    for warning in (*loaded.warnings, *adapters.warnings):
        typer.echo(f"warning: {warning}", err=True)
    for settings in adapters.adapters:
        for line in described(settings):
            typer.echo(line)
        if not offline:
            for line in run_async(check_brokers(loaded, settings)):
                typer.echo(line)


def _collect_rarely() -> None:
    """Spare the hot path most of the garbage collection.

    What is loaded by now is left out of collections.  What a message makes is freed by
    counting references.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_EVERY)
