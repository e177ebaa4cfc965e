"""``choria facts``: the values of a fact in the fleet."""

from typing import TYPE_CHECKING, Annotated

import typer

from choria_core.commands.client_setup import Output, client_config, opened_output
from choria_core.commands.filter_options import (
    FilterOptions,
    NetworkOptions,
    SelectionOptions,
    discovery_request,
)
from choria_core.commands.option_groups import with_option_groups
from choria_core.commands.piped_nodes import piped_nodes
from choria_core.commands.rpcutil_calls import Rpcutil
from choria_core.errors import UsageError, WorkError

if TYPE_CHECKING:
    from choria_core.client.records import CallResult


@with_option_groups
def facts(  # noqa: PLR0913 - each is an option
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="FACT", help="Fact, as os.family.")],
    *,
    filters: FilterOptions,
    selection: SelectionOptions,
    network: NetworkOptions,
    as_table: Annotated[bool, typer.Option("--table", "-t", help="Print a table.")] = False,
    as_json: Annotated[bool, typer.Option("--json", "-j", help="Print JSON.")] = False,
    show_nodes: Annotated[bool, typer.Option("--show-nodes", "-n", help="Name the nodes.")] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Name the nodes, and tell all times.")
    ] = False,
    timeout: Annotated[
        float | None, typer.Option(metavar="SECONDS", min=0, help="Longest wait for replies.")
    ] = None,
    reverse: Annotated[
        bool, typer.Option("--reverse", "-r", help="The most frequent value first.")
    ] = False,
) -> None:
    """Count the values of a fact.

    Ends with 1 where no node tells it.
    """
    from choria_core.presentation import fact_report
    from choria_core.presentation.call_report import footer

    if as_table and as_json:
        raise UsageError("--table and --json exclude each other: give one of them")
    config = client_config(network, quiet=as_json)
    request = discovery_request(config, filters, selection, piped=piped_nodes(selection, filters))
    rpcutil = Rpcutil(config, context.obj, timeout_seconds=timeout)
    result = rpcutil.call("get_fact", request, fact=name)
    _require(result)
    values = fact_report.by_count(fact_report.fact_values(result.replies), reverse=reverse)
    with opened_output(config) as output:
        if as_json:
            output.write(fact_report.facts_json(values))
            return
        names = show_nodes or verbose
        if as_table:
            output.write(fact_report.facts_table(values, nodes=names) + "\n")
        else:
            output.write(fact_report.facts_text(name, values, nodes=names))
            output.write(_failures(result, output))
            output.write(footer(result.stats, verbose=verbose, paint=output.paint))


def _require(result: "CallResult") -> None:
    """Raises WorkError where no node told the fact."""
    if not result.stats.ok:
        raise WorkError(f"none of {len(result.stats.discovered)} nodes told the fact")


def _failures(result: "CallResult", output: Output) -> str:
    from choria_core.presentation.call_report import failures_text

    return failures_text(result.replies, paint=output.paint)
