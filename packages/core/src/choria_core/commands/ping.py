"""``choria ping``: which nodes are there, and how long they take to answer."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

import typer

from choria_core.commands.client_setup import client_config, connect_timeout, opened_output
from choria_core.commands.filter_options import FilterOptions, NetworkOptions, discovery_request
from choria_core.commands.option_groups import with_option_groups
from choria_core.errors import UsageError, WorkError
from choria_core.event_loop import run_async

if TYPE_CHECKING:
    from choria_core.client.client import Client
    from choria_core.client.records import PingReply
    from choria_core.discovery.request import DiscoveryRequest


@with_option_groups
def ping(  # noqa: PLR0913 - each is an option
    context: typer.Context,
    *,
    filters: FilterOptions,
    network: NetworkOptions,
    names: Annotated[
        bool, typer.Option("--names", help="Print names alone, no times and no statistics.")
    ] = False,
    silent: Annotated[bool, typer.Option("--silent", help="Print no names.")] = False,
    graph: Annotated[
        bool, typer.Option("--graph", help="Draw how many answered in each 50 ms.")
    ] = False,
    expect: Annotated[
        int,
        typer.Option(metavar="COUNT", min=0, show_default=False, help="End when so many answered."),
    ] = 0,
    timeout: Annotated[
        float | None,
        typer.Option("--timeout", "-t", metavar="SECONDS", min=0, help="Longest wait."),
    ] = None,
    workers: Annotated[  # noqa: ARG001 - taken as by the original
        int,
        typer.Option(
            metavar="COUNT",
            show_default=False,
            help="Has no effect: one connection receives all answers.",
        ),
    ] = 1,
) -> None:
    """Ask nodes for a sign of life, and print who answers after how many milliseconds.

    Ends with 1 where nobody does.
    """
    from dataclasses import replace

    from choria_core.client.client import Client
    from choria_core.presentation.ping_report import ping_line

    if names and silent:
        raise UsageError("--names and --silent exclude each other: give one of them")
    start = time.monotonic()
    config = client_config(network)
    request = replace(discovery_request(config, filters), timeout_seconds=timeout, expected=expect)
    with opened_output(config) as output:

        def show(replies: "list[PingReply]") -> None:
            if not silent:
                output.write("".join(ping_line(reply, names_only=names) for reply in replies))

        client = Client(
            config, plugins=context.obj, connect_timeout_seconds=connect_timeout(config, timeout)
        )
        answers = _Answers(asked=start)
        try:
            run_async(_ping(client, request, show, answers))
        finally:  # also for who does not wait for the rest
            if not names and (answers.seconds or answers.is_complete):
                output.write("" if silent else "\n\n")
                output.write("---- ping statistics ----\n")
                output.write(_statistics(answers, start, graph=graph))
        if not answers.seconds:
            raise WorkError("no node answered")


@dataclass(slots=True)
class _Answers:
    """What came so far.

    Attributes:
        asked: when nodes were asked, in monotonic seconds.
        seconds: how long each took.
        is_complete: nobody is waited for any more.
    """

    asked: float
    seconds: list[float] = field(default_factory=list)
    is_complete: bool = False


def _statistics(answers: _Answers, start: float, *, graph: bool) -> str:
    from choria_core.presentation.ping_report import ping_graph, ping_statistics

    seconds = answers.seconds
    if not seconds:
        return ""
    text = ping_statistics(seconds, overhead_seconds=answers.asked - start)
    return text + (f"\n{ping_graph(seconds)}\n" if graph else "")


async def _ping(
    client: "Client",
    request: "DiscoveryRequest",
    show: Callable[["list[PingReply]"], None],
    answers: _Answers,
) -> None:
    async with client:
        async for replies in client.ping(request):
            if not answers.seconds and replies:
                answers.asked = time.monotonic() - replies[0].seconds
            show(replies)
            answers.seconds += [reply.seconds for reply in replies]
    answers.is_complete = True
