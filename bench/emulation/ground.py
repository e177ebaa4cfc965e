"""Brokers that fleets connect to, and what is known of them from outside."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

from bench.kit.processes import resident_bytes
from choria_emulator.embedded.broker_figures import read_varz
from choria_emulator.embedded.brokers import EmbeddedBrokers
from choria_emulator.measure.broker_monitor import BrokerMonitor
from choria_emulator.watch.figures import BrokerFigures


class Ground:
    """Brokers as ``choria emulate`` starts them; made by :func:`open_ground`."""

    def __init__(self, brokers: EmbeddedBrokers, monitors: Sequence[BrokerMonitor]) -> None:
        self._brokers = brokers
        self._monitors = monitors

    @property
    def urls(self) -> tuple[str, ...]:
        """Where nodes and clients connect."""
        return self._brokers.urls

    @property
    def resident_bytes(self) -> int:
        """Memory of all of them."""
        return sum(map(resident_bytes, self._brokers.pids))

    async def figures(self) -> list[BrokerFigures]:
        """What each tells now."""
        documents = await asyncio.gather(*(monitor.ask() for monitor in self._monitors))
        return [
            read_varz(document, url=monitor.source)
            for document, monitor in zip(documents, self._monitors, strict=True)
        ]


@contextlib.asynccontextmanager
async def open_ground(*, brokers: int, nodes: int) -> AsyncIterator[Ground]:
    """Brokers for so many nodes, a cluster if there are several, until the block ends."""
    async with contextlib.AsyncExitStack() as stack:
        embedded = EmbeddedBrokers(count=brokers, connections=nodes)
        await stack.enter_async_context(embedded)
        monitors = [
            await stack.enter_async_context(BrokerMonitor(url, "varz"))
            for url in embedded.monitor_urls
        ]
        yield Ground(embedded, monitors)
