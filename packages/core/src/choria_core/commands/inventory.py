"""``choria inventory``: what a node says of itself, and which collectives there are."""

from dataclasses import astuple
from typing import TYPE_CHECKING, Annotated

import typer

from choria_core.commands.client_setup import client_config, opened_output
from choria_core.commands.filter_options import FilterOptions, NetworkOptions, discovery_request
from choria_core.commands.option_groups import with_option_groups
from choria_core.commands.rpcutil_calls import Rpcutil
from choria_core.errors import UsageError, WorkError

if TYPE_CHECKING:
    from choria_core.client.records import CallResult


@with_option_groups
def inventory(
    context: typer.Context,
    node: Annotated[str, typer.Argument(help="Name of the node.")] = "",
    *,
    filters: FilterOptions,
    network: NetworkOptions,
    collectives: Annotated[
        bool, typer.Option("--collectives", help="Count the nodes of all collectives.")
    ] = False,
    timeout: Annotated[
        float | None,
        typer.Option("--timeout", "-t", metavar="SECONDS", min=0, help="Longest wait for replies."),
    ] = None,
    show_facts: Annotated[bool, typer.Option("--facts/--no-facts", help="Show facts.")] = True,
) -> None:
    """Show what a node says of itself: agents, classes, facts and figures.

    Ends with 1 where it does not answer.
    """
    if bool(node) == collectives:
        raise UsageError("name a node, or give --collectives")
    if node and any(astuple(filters)):
        raise UsageError("filters go with --collectives: beside the name of a node give none")
    config = client_config(network)
    rpcutil = Rpcutil(config, context.obj, timeout_seconds=timeout)
    if collectives:
        _show_collectives(rpcutil, filters)
    else:
        _show_node(rpcutil, node, facts=show_facts)


def _show_node(rpcutil: Rpcutil, node: str, *, facts: bool) -> None:
    from choria_core.presentation.inventory_report import inventory_text

    results = rpcutil.ask(node, ["inventory", "daemon_stats"])
    for result in results:
        _require(result, node)
    about, stats = (result.replies[0].data for result in results)
    with opened_output(rpcutil.config) as output:
        output.write(inventory_text(node, about, stats, facts=facts))


def _require(result: "CallResult", node: str) -> None:
    """Raises WorkError where the node did not do what it was asked."""
    from choria_core.presentation.safe_text import one_line

    if not result.replies:
        raise WorkError(f"{one_line(node)} did not answer")
    reply = result.replies[0]
    if not reply.is_ok:
        action = result.stats.action
        raise WorkError(f"{one_line(node)} refused {action}: {one_line(reply.statusmsg)}")


def _show_collectives(rpcutil: Rpcutil, filters: FilterOptions) -> None:
    from choria_core.presentation.call_report import failures_text, footer
    from choria_core.presentation.inventory_report import collectives_table

    request = discovery_request(rpcutil.config, filters)
    result = rpcutil.call("collective_info", request)
    with opened_output(rpcutil.config) as output:
        output.write(collectives_table(result.replies) + "\n")
        if result.stats.no_responses or result.stats.failed:
            output.write(failures_text(result.replies, paint=output.paint))
            output.write(footer(result.stats, paint=output.paint))
    if not result.stats.ok:
        raise WorkError("no node told its collectives")
