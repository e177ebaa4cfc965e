"""``choria broker``: run a NATS server."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from choria_core.broker.options import (
    ANY_PORT,
    BrokerOptions,
    ClusterOptions,
    LeafnodeOptions,
    LeafnodeRemote,
)
from choria_core.broker.peer_url import LEAFNODE_SCHEMES, ROUTE_SCHEMES, check_peer_url
from choria_core.broker.server import start_broker
from choria_core.errors import ConfigError, UsageError, WorkError
from choria_core.event_loop import run_until_stopped
from choria_core.parent_watch import INIT, until_parent_ends

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 4222
CLUSTER = "Cluster"
LEAFNODE = "Leafnodes"
HIGHEST_PORT = 65_535

app = typer.Typer()


def _check_text(text: str) -> str:
    """What the shell gave as bytes that are no text comes with surrogates."""
    if text.isprintable():
        return text
    raise typer.BadParameter(f"{text!r} is not printable text")


def _check_port(port: int | None) -> int | None:
    if port is None or port == ANY_PORT or 1 <= port <= HIGHEST_PORT:
        return port
    raise typer.BadParameter(
        f"{port} is no port; give one from 1 to {HIGHEST_PORT}, or {ANY_PORT} for any free one"
    )


def _port(text: str, panel: str | None = None) -> Any:
    """An option that takes a port."""
    help_text = f"{text}; {ANY_PORT} picks a free one."
    return typer.Option(help=help_text, callback=_check_port, rich_help_panel=panel)


def _peer_urls(schemes: tuple[str, ...]) -> Callable[[list[str] | None], list[str]]:
    """What checks the values of an option that takes URLs of other brokers."""

    def check(urls: list[str] | None) -> list[str]:
        try:
            return [check_peer_url(url, schemes) for url in urls or ()]
        except ConfigError as error:
            raise typer.BadParameter(str(error)) from error

    return check


@app.callback()
def _group() -> None:
    """Run a NATS server."""


@app.command()
def run(  # noqa: PLR0913 - each is an option
    context: typer.Context,
    *,
    jetstream: Annotated[
        bool, typer.Option("--jetstream", help="Keep streams; for this run only without --store.")
    ] = False,
    store: Annotated[
        Path | None,
        typer.Option(help="Keep streams in this folder; turns --jetstream on.", file_okay=False),
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = DEFAULT_HOST,
    port: Annotated[int, _port("Client port")] = DEFAULT_PORT,
    monitor_port: Annotated[
        int | None, _port("Port of the server's own HTTP endpoint; none without")
    ] = None,
    name: Annotated[
        str, typer.Option(help="Server name; broker-PORT without.", callback=_check_text)
    ] = "",
    cluster_name: Annotated[
        str,
        typer.Option(
            help="Be a member of this cluster.", callback=_check_text, rich_help_panel=CLUSTER
        ),
    ] = "",
    cluster_port: Annotated[int, _port("Port for other members", CLUSTER)] = ANY_PORT,
    route: Annotated[
        list[str] | None,
        typer.Option(
            help="URL of another member's cluster port.",
            callback=_peer_urls(ROUTE_SCHEMES),
            rich_help_panel=CLUSTER,
        ),
    ] = None,
    leafnode_port: Annotated[
        int | None, _port("Port for leafnodes; none without", LEAFNODE)
    ] = None,
    leafnode_remote: Annotated[
        list[str] | None,
        typer.Option(
            help="URL of a broker to join as a leafnode.",
            callback=_peer_urls(LEAFNODE_SCHEMES),
            rich_help_panel=LEAFNODE,
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            help="Configuration file of nats-server, instead of all the above.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    outlive_parent: Annotated[
        bool, typer.Option("--outlive-parent", help="Go on when the starting process ends.")
    ] = False,
) -> None:
    """Run a NATS server in the foreground and print its URL when it is ready.

    It ends on SIGINT and SIGTERM, and when the process that started it ends
    (not under nohup).  Its log goes to standard error.
    """
    parent = os.getppid()
    if config is None:
        options = BrokerOptions(
            host=host,
            port=port,
            name=name,
            jetstream=jetstream or store is not None,
            store=store.absolute() if store else None,
            monitor_port=monitor_port,
            cluster=_cluster(cluster_name, cluster_port, route or []),
            leafnode=_leafnode(leafnode_port, leafnode_remote or []),
        )
    else:
        _refuse_beside_config(context)
        options = BrokerOptions(config_file=config.absolute())
    if outlive_parent or signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        parent = INIT
    run_until_stopped(lambda stop: _serve(options, stop, parent))


def _refuse_beside_config(context: typer.Context) -> None:
    """Refuse options that nats-server's own configuration file decides."""
    beside = {"config", "outlive_parent"}
    for name in context.params.keys() - beside:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            option = "--" + name.replace("_", "-")
            raise UsageError(f"{option} does nothing beside --config: set it in that file")


def _cluster(name: str, port: int, routes: list[str]) -> ClusterOptions | None:
    if name:
        return ClusterOptions(name, port, tuple(routes))
    if routes:
        raise UsageError("--route needs --cluster-name, the same on every member")
    return None


def _leafnode(port: int | None, remotes: list[str]) -> LeafnodeOptions | None:
    if port is None and not remotes:
        return None
    return LeafnodeOptions(port, tuple(LeafnodeRemote(url) for url in remotes))


async def _serve(options: BrokerOptions, stop: asyncio.Event, parent: int) -> None:
    async with start_broker(options, on_log=_to_stderr) as broker:
        typer.echo(broker.url)
        sys.stdout.flush()
        await _first(stop.wait(), broker.wait(), until_parent_ends(parent))
        if not broker.is_running:
            raise WorkError(await broker.describe_end())


def _to_stderr(line: str) -> None:
    with contextlib.suppress(OSError):  # nobody may be there to read it any more
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


async def _first(*ends: Awaitable[object]) -> None:
    """Return when the first of ``ends`` is there."""
    tasks = [asyncio.ensure_future(end) for end in ends]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
