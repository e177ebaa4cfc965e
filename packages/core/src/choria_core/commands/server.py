"""``choria server``: be a node of a Choria network."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from choria_core.event_loop import run_until_stopped

if TYPE_CHECKING:
    from choria_core.network_config.server_config import ServerConfig

app = typer.Typer(help="Be a node of a Choria network.")


@app.callback()
def _group() -> None:
    """Be a node of a Choria network."""


@app.command()
def run(
    context: typer.Context,
    *,
    config: Annotated[Path, typer.Option("--config", help="Main file.", dir_okay=False)],
    pid: Annotated[Path | None, typer.Option(help="Write the process id to this file.")] = None,
    disable_tls: Annotated[
        bool, typer.Option("--disable-tls", help="Connect without TLS.", hidden=True)
    ] = False,
    disable_ssl_verification: Annotated[
        bool,
        typer.Option(
            "--disable-ssl-verification", help="Trust any certificate of a broker.", hidden=True
        ),
    ] = False,
) -> None:
    """Connect to the network and answer requests until stopped.

    SIGINT and SIGTERM finish what is in work, then end with 0; a second one ends at once.
    """
    from choria_core.commands.log_setup import log_to, shows_warnings
    from choria_core.network_config.load import load_server
    from choria_core.pid_file import pid_file
    from choria_core.server.service import Server

    loaded = load_server(config)
    changed = _unprotected(loaded, tls=not disable_tls, verify=not disable_ssl_verification)
    log_to(loaded.log)
    if not shows_warnings(loaded.log):
        for warning in loaded.warnings:
            typer.echo(f"warning: {warning}", err=True)
    with pid_file(pid):
        server = Server(changed, context.obj)
        run_until_stopped(server.run)


def _unprotected(config: "ServerConfig", *, tls: bool, verify: bool) -> "ServerConfig":
    """The configuration without what the hidden options switch off."""
    from choria_core.network_config.protection import Tls

    protection = config.security.protection
    if not tls:
        protection = dataclasses.replace(protection, tls=Tls.OFF)
    if not verify:
        protection = dataclasses.replace(protection, verify_tls=False)
    security = dataclasses.replace(config.security, protection=protection)
    return dataclasses.replace(config, security=security)
