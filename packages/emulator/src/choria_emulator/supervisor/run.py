"""Run a fleet from its first broker to its last goodbye."""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from typing import Final

from rich.console import Console

from choria_core.errors import ChoriaError, WorkError
from choria_core.telemetry.logs import configure, get_logger
from choria_core.telemetry.monitor import refuse_taken_port
from choria_emulator.embedded.limits import work_in_batches
from choria_emulator.supervisor.fleet import Fleet
from choria_emulator.supervisor.network import FleetNetwork, opened_network
from choria_emulator.supervisor.options import STORM_AFTER_SECONDS, EmulateOptions
from choria_emulator.watch.outline import Outline
from choria_emulator.watch.view import LineView, View, opened_view
from choria_emulator.watch.watch import Watch
from choria_emulator.worker.messages import WorkerSpec

SHOW_SECONDS: Final = 0.5
TENTH: Final = 10

_log: Final = get_logger("choria.emulator")


async def run_fleet(
    options: EmulateOptions, stop: asyncio.Event, *, say: Callable[[str], None]
) -> None:
    """Run until ``stop``, or until the duration is over or a caller wants it.

    Args:
        options: of the fleet.
        stop: set to end it.
        say: tells the user something.

    Raises:
        UsageError: the machine cannot hold it as the options say.
        ConfigError: a file, a port or the configuration is unusable.
        WorkError: a broker or process failed.
    """
    configure("info")
    work_in_batches()
    refuse_taken_port(options.http_port, host=options.http_host)
    async with contextlib.AsyncExitStack() as stack:
        network = await stack.enter_async_context(opened_network(options))
        for text in network.notes:
            say(text)
        fleet = Fleet(
            _specs(options, network),
            spread=network.spread,
            broker_figures=network.broker_figures,
            most_nodes=network.most_nodes,
        )
        watch = await stack.enter_async_context(_watch(options, fleet))
        say(f"live page: http://{options.http_host or 'localhost'}:{watch.port}/")
        view = stack.enter_context(_view(options))
        async with fleet:
            ending = [stop.wait(), _brokers(network)]
            await _live(options, fleet, ending, lambda: _show(fleet, watch, view), say)
            _show(fleet, watch, view)
        say(_farewell(fleet))


def _farewell(fleet: Fleet) -> str:
    """What there is to say at the end."""
    figures = fleet.figures()
    counts = figures.counts
    return (
        f"stopped after {figures.uptime_seconds:.0f} s: {figures.wanted:,} nodes said goodbye, "
        f"{counts.requests:,} requests, {counts.replies:,} replies"
    )


def _show(fleet: Fleet, watch: Watch, view: View) -> None:
    figures = fleet.figures()
    watch.show(figures)
    view.show(figures)


async def _live(
    options: EmulateOptions,
    fleet: Fleet,
    until: Sequence[Coroutine[None, None, object]],
    show: Callable[[], None],
    say: Callable[[str], None],
) -> None:
    """Show the fleet until it shall end, which it does with the first of ``until``."""
    ending = [
        *map(asyncio.create_task, until),
        asyncio.create_task(fleet.exit_asked.wait()),
        asyncio.create_task(_duration(options, fleet)),
    ]
    meanwhile = [
        asyncio.create_task(_showing(show)),
        asyncio.create_task(_storm(options, fleet, say)),
    ]
    with _signals(options, fleet):
        try:
            done, _ = await asyncio.wait(
                [*ending, meanwhile[0]], return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                task.result()  # its error is the fleet's
        finally:
            for task in (*ending, *meanwhile):
                task.cancel()
            await asyncio.gather(*ending, *meanwhile, return_exceptions=True)


async def _showing(show: Callable[[], None]) -> None:
    while True:
        show()
        await asyncio.sleep(SHOW_SECONDS)


async def _brokers(network: FleetNetwork) -> None:
    """Never return.

    Raises:
        WorkError: all brokers of the fleet's own have ended.
    """
    if network.brokers_ended is None:
        await asyncio.get_running_loop().create_future()
    else:
        await network.brokers_ended()
        raise WorkError("the brokers of this fleet have ended")


async def _duration(options: EmulateOptions, fleet: Fleet) -> None:
    await fleet.wait_ready()
    if options.duration_seconds is None:
        await asyncio.get_running_loop().create_future()
    else:
        await asyncio.sleep(options.duration_seconds)


async def _storm(options: EmulateOptions, fleet: Fleet, say: Callable[[str], None]) -> None:
    if not options.storm:
        return
    await fleet.wait_ready()
    await asyncio.sleep(STORM_AFTER_SECONDS)
    nodes = fleet.figures().ready
    seconds = await fleet.storm_and_wait()
    say(f"storm: all {nodes} nodes were cut, and are back after {seconds:.2f} s")


def _specs(options: EmulateOptions, network: FleetNetwork) -> list[WorkerSpec]:
    return [
        WorkerSpec(
            worker=worker,
            workers=network.workers,
            plan=options.plan,
            servers=network.servers,
            config_file=network.config_file,
            is_secure=options.is_secure,
            tls=network.tls,
            credentials_file=str(options.credentials_file or ""),
            connects_per_second=options.connects_per_second,
            source_addresses=network.source_addresses,
            audit_pattern=options.audit_pattern,
            registrations=options.registrations,
            may_exit=options.may_exit,
        )
        for worker in range(network.workers)
    ]


def _watch(options: EmulateOptions, fleet: Fleet) -> Watch:
    first = options.plan.groups[0]
    return Watch(
        outline=Outline(
            name=first.prefix,
            agents=sum(name.startswith("emulated") for name in first.agents),
            collectives=len(first.collectives),
            is_tls=options.has_tls,
            is_verifying=options.verifies,
            seed=options.plan.seed,
        ),
        host=options.http_host,
        port=options.http_port,
        resize=fleet.resize if options.may_control else None,
        storm=fleet.storm if options.may_control else None,
        most_instances=fleet.most_nodes,
    )


def _view(options: EmulateOptions) -> contextlib.AbstractContextManager[View]:
    if options.shows_view:
        return opened_view(Console(stderr=True))
    return contextlib.nullcontext(LineView())


@contextlib.contextmanager
def _signals(options: EmulateOptions, fleet: Fleet) -> Iterator[None]:
    """Grow and shrink by signals within the block."""
    loop = asyncio.get_running_loop()
    tasks: set[asyncio.Task[None]] = set()

    def have(work: Callable[[], Awaitable[None]]) -> None:
        task = loop.create_task(_guarded(work))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    loop.add_signal_handler(signal.SIGUSR1, have, lambda: _grow(options, fleet))
    loop.add_signal_handler(signal.SIGUSR2, have, lambda: _shrink(options, fleet))
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGUSR1)
        loop.remove_signal_handler(signal.SIGUSR2)
        for task in tasks:
            task.cancel()


async def _grow(options: EmulateOptions, fleet: Fleet) -> None:
    """Follow the fleet file as it is now; without one, have a tenth more."""
    if options.fleet_file is None or options.reread is None:
        await fleet.resize(fleet.plan.count + max(1, options.plan.count // TENTH))
        return
    new = {group.name: group.count for group in options.reread().groups}
    known = {group.name for group in fleet.plan.groups}
    if strange := sorted(new.keys() - known):
        _log.warning("new groups come with the next start only", groups=",".join(strange))
    await fleet.change({name: new.get(name, 0) for name in known})


async def _shrink(options: EmulateOptions, fleet: Fleet) -> None:
    """Have a tenth less."""
    await fleet.resize(max(0, fleet.plan.count - max(1, options.plan.count // TENTH)))


async def _guarded(work: Callable[[], Awaitable[None]]) -> None:
    try:
        await work()
    except ChoriaError as error:
        _log.error("the fleet stays as it is", cause=str(error))
