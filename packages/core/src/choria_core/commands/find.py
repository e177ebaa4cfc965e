"""``choria find``: which nodes match."""

from typing import TYPE_CHECKING, Annotated

import typer

from choria_core.commands.client_setup import client_config, connect_timeout, opened_output
from choria_core.commands.filter_options import (
    FilterOptions,
    NetworkOptions,
    SelectionOptions,
    discovery_request,
)
from choria_core.commands.option_groups import with_option_groups
from choria_core.commands.piped_nodes import piped_nodes
from choria_core.errors import WorkError
from choria_core.event_loop import run_async

if TYPE_CHECKING:
    from choria_core.discovery.request import DiscoveryRequest
    from choria_core.network_config.client_config import ClientConfig
    from choria_core.plugins import Plugins

AGENT = "rpcutil"
"""Nodes are looked for among those that have it, as every one does."""


@with_option_groups
def find(
    context: typer.Context,
    *,
    filters: FilterOptions,
    selection: SelectionOptions,
    network: NetworkOptions,
    as_json: Annotated[bool, typer.Option("--json", "-j", help="Print JSON.")] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Tell how long it took.")
    ] = False,
    silent: Annotated[bool, typer.Option("--silent", help="Log nothing.", hidden=True)] = False,
) -> None:
    """Find the nodes that match, and print their names, one a line.

    Ends with 1 where there is none.
    """
    from choria_core.presentation.call_documents import names_json
    from choria_core.presentation.safe_text import one_line

    config = client_config(network, quiet=as_json or silent)
    request = discovery_request(config, filters, selection, piped=piped_nodes(selection, filters))
    nodes, seconds = run_async(_find(config, context.obj, request))
    with opened_output(config) as output:
        if as_json:
            output.write(names_json(nodes))
        else:
            output.write("".join(f"{one_line(name)}\n" for name in nodes))
        if verbose and not as_json:
            method = request.completed(config).method
            output.write(
                f"\nDiscovered {len(nodes)} nodes using the {method} method "
                f"in {seconds:.2f} seconds\n"
            )
    if not nodes:
        raise WorkError("no nodes were found")


async def _find(
    config: "ClientConfig", plugins: "Plugins", request: "DiscoveryRequest"
) -> tuple[list[str], float]:
    """The nodes, and how many seconds they were looked for; connecting is not counted."""
    import time
    from contextlib import AsyncExitStack
    from dataclasses import replace

    from choria_core.client.call import with_agent
    from choria_core.client.client import Client
    from choria_core.commands.call_progress import CallProgress
    from choria_core.discovery.request import BROADCAST

    wanted = replace(request, filter=with_agent(request.filter, AGENT))
    timeout = connect_timeout(config, request.timeout_seconds)
    client = Client(config, plugins=plugins, connect_timeout_seconds=timeout)
    async with client, AsyncExitStack() as stack:
        stack.enter_context(CallProgress("find"))
        if wanted.completed(config).method in BROADCAST:
            await stack.enter_async_context(client.line(1))
        start = time.monotonic()
        return await client.discover(wanted), time.monotonic() - start
