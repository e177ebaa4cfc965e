"""``choria demo``: the whole path on embedded brokers."""

import asyncio
from typing import TYPE_CHECKING, Annotated, Final

import typer

from choria_core.errors import UsageError
from choria_core.event_loop import Stop, run_until_stopped

AGAIN_SECONDS: Final = 10.0
"""What has not ended by then, though it was told to, is told again."""

if TYPE_CHECKING:
    from rich.console import Console

    from choria.demo.story import Demo


def demo(
    context: typer.Context,
    *,
    serve: Annotated[
        bool,
        typer.Option(
            "--serve", help="Keep all of it running until it is stopped, with pages to look at."
        ),
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the brokers running and print their URLs.")
    ] = False,
    nodes: Annotated[int, typer.Option(min=2, max=5_000, help="How many nodes register.")] = 500,
    seconds: Annotated[
        int, typer.Option(min=1, max=3_600, help="How long they do, once all are there.")
    ] = 18,
) -> None:
    """Show the toolkit at work on brokers of its own; takes half a minute.

    Nodes register every few seconds, an adapter keeps that in a stream, a
    replicator carries a sampled copy to the centre; a playbook calls the nodes,
    and their audit logs tell of it.

    SIGINT and SIGTERM end it and all that it started.  Ends with 0 when all was
    as it must be, also when --serve was stopped, and with 1 when it was not.
    """
    if serve and keep:
        raise UsageError(
            "--serve runs until it is stopped, and --keep ends at once: leave one of them out"
        )
    from rich.console import Console

    from choria.demo.story import Demo
    from choria_core.telemetry.logs import configure

    configure("warn")
    wish = Demo(plugins=context.obj, nodes=nodes, flow_seconds=seconds, serves=serve, keeps=keep)
    console = Console(highlight=False)
    code = run_until_stopped(lambda stop: _run(wish, console, stop))
    if code:
        raise typer.Exit(code)


async def _run(wish: "Demo", console: "Console", stop: Stop) -> int:
    """Show it; the exit code.

    Raises:
        ChoriaError, ExceptionGroup: as of the demonstration.
    """
    serving = asyncio.Event()
    showing = asyncio.create_task(_show(wish, console, stop, serving))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((showing, stopping), return_when=asyncio.FIRST_COMPLETED)
        while not showing.done() and not serving.is_set():
            showing.cancel()
            await asyncio.wait((showing,), timeout=AGAIN_SECONDS)
        await asyncio.wait((showing,))
        if stop.is_set() and not serving.is_set():
            if not showing.cancelled():
                showing.exception()  # of what the signal ended beside us: no news
            return 128 + stop.signal
        showing.result()
        return 0
    finally:
        showing.cancel()
        stopping.cancel()
        await asyncio.wait((showing, stopping))


async def _show(wish: "Demo", console: "Console", stop: Stop, serving: asyncio.Event) -> None:
    from choria.demo.story import demonstrated
    from choria.demo.summary import print_kept, print_outcome, print_pages
    from choria.demo.telling import LineTeller, ScreenTeller

    can_draw = console.is_terminal and not console.is_dumb_terminal
    teller = ScreenTeller(console) if can_draw else LineTeller(console)
    async with demonstrated(wish, teller) as outcome:
        if wish.serves:
            print_outcome(console, outcome)
            print_pages(console, outcome)
            serving.set()
            await stop.wait()
    if not wish.serves:
        print_outcome(console, outcome)
    print_kept(console, outcome)
