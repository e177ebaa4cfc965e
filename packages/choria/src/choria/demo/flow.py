"""What carries the messages of nodes: the adapter into the site's stream, the replicator on."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final

from choria.demo.brokers import DemoBrokers
from choria.demo.network_files import STREAM, DemoFiles
from choria_core.errors import WorkError
from choria_core.nats.endpoint_url import parse_endpoint
from choria_core.nats.jetstream import JetStream, StreamState
from choria_core.nats.nats_transport import connect
from choria_core.telemetry.monitor import Monitor
from choria_plugin_adapter.adapter import Adapter
from choria_plugin_adapter.service import AdapterService
from choria_plugin_adapter.settings import read_adapters
from choria_replicator.entry import Entry, Manner
from choria_replicator.service import Replicator, instance_name, replicator_of
from choria_replicator.settings.file import load_settings

MOST_BYTES: Final = 256 << 20
"""Of each stream, so that a demonstration that is left running does not fill the disk."""

PATIENCE_SECONDS: Final = 20.0
_LOOK_SECONDS: Final = 0.02


@dataclass(frozen=True, slots=True)
class Flow:
    """Adapter and replicator at work.

    Attributes:
        adapter: of the data centre.
        entry: of the replicator.
        urls: of their metrics.
    """

    adapter: Adapter
    entry: Entry
    urls: dict[str, str]

    async def settle(self, received: int) -> None:
        """Return when so many registrations were taken, and what was stored is copied.

        Raises:
            WorkError: that takes too long.
        """
        figures = self.adapter.figures
        await until(
            lambda: figures.received >= received and not self.adapter.waiting,
            lambda: (
                f"the adapter has {figures.received} of {received} registrations, and "
                f"{self.adapter.waiting} of them wait"
            ),
        )

    async def copied(self, last: int) -> None:
        """Return when the replicator is through with all messages up to ``last``.

        Raises:
            WorkError: that takes too long.
        """
        (stats,) = self.entry.stats
        await until(
            lambda: stats.frontier_sequence >= last,
            lambda: f"the replicator is at {stats.frontier_sequence} of {last}",
        )


@contextlib.asynccontextmanager
async def opened_flow(
    brokers: DemoBrokers, files: DemoFiles, *, interval_seconds: int
) -> AsyncIterator[Flow]:
    """An adapter that reads already, and a replicator behind it, until the block ends.

    Args:
        brokers: of the two sides; the site gets its stream.
        files: for the configurations.
        interval_seconds: least time between two copies of one node.

    Raises:
        ChoriaError: one of them cannot work.
        ExceptionGroup: of such errors.
    """
    await _make_stream(brokers.site_url)
    config = files.adapter(brokers.site_url)
    service = AdapterService(config, read_adapters(config.settings), port=0)
    replicator = _replicator(brokers, files, interval_seconds)
    monitor = Monitor(
        replicator.registry,
        port=0,
        host="127.0.0.1",
        health=replicator.health,
        variables=replicator.variables,
    )
    stop = asyncio.Event()
    async with monitor, asyncio.TaskGroup() as group:
        group.create_task(service.run(stop))
        group.create_task(replicator.run(stop))
        try:
            (adapter,) = service.adapters
            await until(lambda: adapter.is_reading, lambda: "the adapter does not begin")
            urls = {
                "adapter metrics": f"http://127.0.0.1:{service.port}/metrics",
                "replicator metrics": f"http://127.0.0.1:{monitor.port}/metrics",
            }
            yield Flow(adapter, replicator.entries[0], urls)
        finally:
            stop.set()


async def watch_streams(
    brokers: DemoBrokers, show: Callable[[StreamState | None, StreamState | None], None]
) -> None:
    """Tell how full both streams are, for ever; None for one that is not there yet."""
    async with (
        await connect(parse_endpoint(brokers.site_url), name="choria demo: watch") as site,
        await connect(parse_endpoint(brokers.centre_url), name="choria demo: watch") as centre,
    ):
        sides = JetStream(site), JetStream(centre)
        while True:
            show(*[await state_of(side) for side in sides])
            await asyncio.sleep(0.5)


async def last_of(url: str) -> int:
    """Sequence of the last message that the stream of a broker has."""
    async with await connect(parse_endpoint(url), name="choria demo: look") as transport:
        state = await state_of(JetStream(transport))
    return state.last_seq if state else 0


async def state_of(side: JetStream) -> StreamState | None:
    """How full a stream is; None where there is none."""
    info = await side.find_stream(STREAM)
    return info.state if info else None


async def until(holds: Callable[[], bool], problem: Callable[[], str]) -> None:
    """Return when something holds that nothing tells of.

    Raises:
        WorkError: it does not hold in time.
    """
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not holds():  # noqa: ASYNC110 - counts have no events
                await asyncio.sleep(_LOOK_SECONDS)
    except TimeoutError:
        raise WorkError(f"{problem()} after {PATIENCE_SECONDS:g} s") from None


async def _make_stream(url: str) -> None:
    stream = {
        "name": STREAM,
        "subjects": ["nodes.>"],
        "storage": "file",
        "max_bytes": MOST_BYTES,
    }
    async with await connect(parse_endpoint(url), name="choria demo") as transport:
        await JetStream(transport).create_stream(stream)


def _replicator(brokers: DemoBrokers, files: DemoFiles, interval_seconds: int) -> Replicator:
    file = files.replicator(brokers.site_url, brokers.centre_url, seconds=interval_seconds)
    settings = load_settings(file).settings
    manner = Manner(instance=instance_name(), state_dir=settings.state_dir)
    return replicator_of(settings, manner)
