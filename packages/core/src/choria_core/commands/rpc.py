"""``choria rpc``: call an action of an agent on many nodes."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from choria_core.commands.call_options import Form, PaceOptions, ShowOptions
from choria_core.commands.client_setup import client_config, connect_timeout, opened_output
from choria_core.commands.filter_options import (
    FilterOptions,
    NetworkOptions,
    SelectionOptions,
    discovery_request,
)
from choria_core.commands.option_groups import with_option_groups
from choria_core.commands.piped_nodes import piped_nodes
from choria_core.errors import ChoriaError, LocalProtocolError, UsageError, WorkError
from choria_core.event_loop import run_async

if TYPE_CHECKING:
    from choria_core.client.call import Call
    from choria_core.client.client import Client
    from choria_core.client.records import CallRequest, CallStats
    from choria_core.commands.call_progress import CallProgress
    from choria_core.commands.reply_printer import ReplyPrinter


@with_option_groups
def rpc(  # noqa: PLR0913 - groups of options
    context: typer.Context,
    agent: Annotated[str, typer.Argument(help="Agent to call.")],
    action: Annotated[str, typer.Argument(help="Its action.")],
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="KEY=VALUE", help="Inputs of the action.")
    ] = None,
    *,
    filters: FilterOptions,
    selection: SelectionOptions,
    pace: PaceOptions,
    show: ShowOptions,
    network: NetworkOptions,
) -> None:
    """Call an action of an agent on the nodes that match, and print what they answer.

    Ends with 1 where a node failed or did not answer, and where there is none.
    """
    from choria_core.client.client import Client
    from choria_core.client.records import CallRequest
    from choria_core.commands.named_agents import (
        argument_texts,
        described_action,
        described_agent,
    )
    from choria_core.commands.reply_printer import ReplyPrinter
    from choria_core.ddl.inputs import typed_arguments
    from choria_core.network.party import client_party

    form = show.form
    config = client_config(network, quiet=form not in {Form.TEXT, Form.TABLE})
    party = client_party(config)
    wait = connect_timeout(config, pace.timeout, selection.discovery_timeout)
    client = Client(config, party=party, plugins=context.obj, connect_timeout_seconds=wait)
    ddl = described_agent(client.ddls, agent)
    described = described_action(ddl, action)
    request = CallRequest(
        agent=agent,
        action=action,
        arguments=typed_arguments(described, argument_texts(arguments or ())),
        ddl=ddl,
        discovery=discovery_request(
            config, filters, selection, piped=piped_nodes(selection, filters)
        ),
        limit=pace.chosen_limit(),
        timeout_seconds=pace.timeout,
        batch_size=pace.batch,
        batch_sleep_seconds=pace.batch_sleep,
        workers=pace.workers,
    )
    if pace.reply_to:
        typer.echo(run_async(_send(client, request, pace.reply_to)))
        return
    with opened_output(config, show.output_file) as output:
        printer = ReplyPrinter(show, described, party.version, output)
        method = request.discovery.completed(config).method
        plan = _Plan(client, request, "service" if ddl.metadata.service else method)
        stats = _called(plan, printer, is_shown=printer.is_for_people and not show.no_progress)
        printer.finish(stats)
    if stats.failed or stats.no_responses:
        raise typer.Exit(WorkError.exit_code)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is called, and how the nodes are found."""

    client: "Client"
    request: "CallRequest"
    method: str


def _called(plan: _Plan, printer: "ReplyPrinter", *, is_shown: bool) -> "CallStats":
    from choria_core.commands.call_progress import CallProgress

    label = f"{plan.request.agent}#{plan.request.action}"
    try:
        call = plan.client.call(plan.request)
        try:
            with CallProgress(label, is_shown=is_shown) as progress:
                return run_async(_call(plan, call, printer, progress))
        except KeyboardInterrupt:
            _finish_early(call, printer)
            raise
    except ChoriaError as error:
        printer.failed(str(error))
        raise


def _finish_early(call: "Call", printer: "ReplyPrinter") -> None:
    """Print what came before somebody had enough; that ends the program, whatever came."""
    import contextlib

    if call.nodes:
        with contextlib.suppress(WorkError):
            printer.finish(call.stats)


async def _call(
    plan: _Plan, call: "Call", printer: "ReplyPrinter", progress: "CallProgress"
) -> "CallStats":
    import contextlib

    printer.looking(plan.method)
    async with plan.client:
        is_known = False
        stats: CallStats | None = None
        try:
            async with contextlib.aclosing(call.chunks()) as chunks:
                async for replies in chunks:
                    if not is_known:
                        is_known = True
                        printer.found(plan.method, call.stats)
                        progress.found(len(call.nodes))
                    if replies:
                        stats = stats or call.stats
                        printer.take(replies, stats)
                        progress.answered(call.answered, failed=call.failed)
        except WorkError:
            printer.nobody(call.stats)
            raise
        return call.stats


async def _send(client: "Client", request: "CallRequest", reply_to: str) -> str:
    """Publish alone; nodes from a file or standard input are called by name."""
    from dataclasses import replace

    from choria_core.discovery.request import BROADCAST

    async with client:
        method = request.discovery.completed(client.config).method
        if method not in BROADCAST:
            request = replace(request, nodes=await client.nodes_for(request))
        try:
            return await client.send(request, reply_to=reply_to)
        except LocalProtocolError as error:
            raise UsageError(f"--reply-to: {error}") from error
