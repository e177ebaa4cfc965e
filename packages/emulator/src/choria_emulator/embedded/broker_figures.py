"""What brokers tell of themselves, asked once a second.

async with BrokerWatch(monitor_urls) as watch:
    watch.figures()
"""

import asyncio
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Final, Self

from choria_core.errors import TransportError, WorkError
from choria_emulator.measure.broker_monitor import BrokerMonitor
from choria_emulator.watch.figures import BrokerFigures

ASK_SECONDS: Final = 1.0


class BrokerWatch:
    """Asks monitors again and again; used as ``async with``.

    Args:
        monitor_urls: as ``http://localhost:8222``.
    """

    def __init__(self, monitor_urls: Sequence[str]) -> None:
        self._urls = tuple(monitor_urls)
        self._told: dict[str, BrokerFigures] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._follow(url)) for url in self._urls]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def figures(self) -> tuple[BrokerFigures, ...]:
        """Those of the brokers that answered last time, in the order of their monitors."""
        return tuple(self._told[url] for url in self._urls if url in self._told)

    async def _follow(self, url: str) -> None:
        async with BrokerMonitor(url, "varz") as monitor:
            while True:
                try:
                    self._told[url] = read_varz(await monitor.ask(), url=url)
                except (TransportError, WorkError):
                    self._told.pop(url, None)
                await asyncio.sleep(ASK_SECONDS)


def read_varz(document: Mapping[str, object], *, url: str) -> BrokerFigures:
    """The figures in a ``varz`` document; what is missing counts as nothing.

    Args:
        document: what the monitor answered.
        url: of the monitor, which names a broker that does not say its own name.
    """
    host, port = document.get("host"), document.get("port")
    return BrokerFigures(
        name=str(document.get("server_name") or url),
        url=f"nats://{host}:{port}" if host and port else url,
        connections=_count(document, "connections"),
        subscriptions=_count(document, "subscriptions"),
        memory_bytes=_count(document, "mem"),
        cpu_percent=float(_number(document, "cpu")),
        slow_consumers=_count(document, "slow_consumers"),
        in_messages=_count(document, "in_msgs"),
        out_messages=_count(document, "out_msgs"),
    )


def _count(document: Mapping[str, object], name: str) -> int:
    return int(_number(document, name))


def _number(document: Mapping[str, object], name: str) -> float:
    value = document.get(name)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else 0.0
