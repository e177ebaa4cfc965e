"""Brokers that live as long as a fleet: one alone, or several as a cluster.

    async with EmbeddedBrokers(count=3, connections=50_000) as brokers:
        brokers.urls             # where nodes and clients connect
        brokers.monitor_urls     # what they tell of themselves

They end with this process, however it ends.
"""

import asyncio
import contextlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from choria_core.broker.options import ANY_PORT, BrokerOptions, ClusterOptions
from choria_core.broker.server import Broker, start_broker
from choria_core.errors import TransportError, WorkError
from choria_core.telemetry.logs import get_logger
from choria_emulator.embedded.limits import cpus, in_batches
from choria_emulator.measure.broker_monitor import BrokerMonitor

CLUSTER_NAME: Final = "emulator"
MESH_SECONDS: Final = 30.0
POLL_SECONDS: Final = 0.05
ENDED_SECONDS: Final = 0.5
"""Between two looks whether members run."""

SPARE_CONNECTIONS: Final = 2_000
"""For clients, over what the nodes take."""

LEAST_CONNECTIONS: Final = 65_536
"""What a broker takes anyway."""

_log: Final = get_logger("choria.emulator")
_SMAPS: Final = "/proc/{pid}/smaps_rollup"


@dataclass(frozen=True, slots=True)
class BrokerTlsFiles:
    """PEM files of brokers that take encrypted connections only."""

    cert_file: Path
    key_file: Path


class EmbeddedBrokers:
    """Brokers, used as ``async with``.

    Args:
        count: how many.
        connections: that each must be able to take.
        tls: None for plain connections.
        host: address to listen on.

    Raises (on entering):
        UsageError: nats-server is not installed.
        WorkError: a broker did not start, or did not find the others.
    """

    def __init__(
        self,
        *,
        count: int = 1,
        connections: int = 0,
        tls: BrokerTlsFiles | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        self._count = count
        self._connections = connections
        self._tls = tls
        self._host = host
        self._stack = contextlib.AsyncExitStack()
        self.members: list[Broker] = []
        """Each can be stopped, killed and restarted, and keeps its ports."""

    @property
    def urls(self) -> tuple[str, ...]:
        """Where clients connect, ``nats://host:port``."""
        return tuple(f"nats://{broker.url.rpartition('/')[2]}" for broker in self.members)

    @property
    def monitor_urls(self) -> tuple[str, ...]:
        """What they tell of themselves over HTTP."""
        return tuple(broker.monitor_url for broker in self.members)

    @property
    def pids(self) -> tuple[int, ...]:
        """Process ids of those that run."""
        return tuple(broker.pid for broker in self.members if broker.is_running)

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as attempt:
            with in_batches():
                await self._start(attempt)
            await self.wait_mesh()
            self._stack = attempt.pop_all()
        return self

    async def _start(self, stack: contextlib.AsyncExitStack) -> None:
        for number in range(1, self._count + 1):
            broker = await stack.enter_async_context(start_broker(self._options(number)))
            self.members.append(broker)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    async def stop(self, number: int) -> None:
        """End a member, counted from 0, as an administrator would."""
        await self.members[number].stop()

    async def kill(self, number: int) -> None:
        """End a member at once, as a crash would."""
        await self.members[number].kill()

    async def restart(self, number: int) -> None:
        """Stop a member if it runs, start it, and return when it has found the others."""
        with in_batches():
            await self.members[number].restart()
        await self.wait_mesh()

    async def all_ended(self) -> None:
        """Return when no member runs any more; the log tells of each that ends."""
        running = [broker for broker in self.members if broker.is_running]
        while running:
            await asyncio.sleep(ENDED_SECONDS)
            for broker in running:
                if not broker.is_running:
                    _log.error("a broker ended", broker=broker.url)
            running = [broker for broker in running if broker.is_running]

    async def wait_mesh(self) -> None:
        """Return when all members that run know each other.

        Raises:
            WorkError: they do not, after half a minute.
        """
        running = [broker for broker in self.members if broker.is_running]
        if len(running) < 2:
            return
        try:
            async with asyncio.timeout(MESH_SECONDS):
                for broker in running:
                    await _knows(broker, len(running) - 1)
        except TimeoutError:
            raise WorkError(
                f"{len(running)} brokers did not find each other within {MESH_SECONDS:g} s"
            ) from None

    def _options(self, number: int) -> BrokerOptions:
        cluster = None
        if self._count > 1:
            routes = tuple(
                f"nats-route://{broker.cluster_url.rpartition('/')[2]}" for broker in self.members
            )
            cluster = ClusterOptions(CLUSTER_NAME, routes=routes)
        return BrokerOptions(
            host=self._host,
            name=f"{CLUSTER_NAME}-{number}",
            monitor_port=ANY_PORT,
            cluster=cluster,
            extra_config=broker_settings(self._connections, self._tls),
            environment=go_settings(self._count, cpus()),
        )


def broker_settings(connections: int, tls: BrokerTlsFiles | None) -> str:
    """What brokers of a fleet are told beyond their ports, in nats-server's syntax.

    The answers of a whole fleet to one client pile up before it: with the default limit of
    64 MiB the broker would cut it off.
    """
    most = max(LEAST_CONNECTIONS, connections + SPARE_CONNECTIONS)
    settings: dict[str, object] = {
        "max_pending": 1 << 30,
        "max_connections": most,
        "write_deadline": "60s",
        "ping_interval": "2m",
        "ping_max": 5,
    }
    if tls is not None:  # many handshakes at a time take their time
        files = {"cert_file": str(tls.cert_file), "key_file": str(tls.key_file)}
        settings["tls"] = {**files, "timeout": 60}
    return "\n".join(f"{key}: {json.dumps(value)}" for key, value in settings.items())


def go_settings(brokers: int, processors: int) -> dict[str, str]:
    """What the runtime of brokers is told that share a machine, unless the user has told it.

    Each would take all processors and, in search of work, keep waking the others: with as many
    threads as are its share a cluster does the same in less than two thirds of the processor
    time.  Fewer garbage collections take memory, of which there is more than time.
    """
    wanted = {"GOMAXPROCS": str(max(1, processors // brokers)), "GOGC": "400"}
    return {name: value for name, value in wanted.items() if name not in os.environ}


def memory_of(pid: int) -> int | None:
    """A process's own share of memory (PSS), in bytes; None where the system does not say."""
    try:
        text = Path(_SMAPS.format(pid=pid)).read_text()
    except OSError:
        return None
    for line in text.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return None


async def _knows(broker: Broker, others: int) -> None:
    async with BrokerMonitor(broker.monitor_url, "routez") as monitor:
        while True:
            with contextlib.suppress(TransportError, WorkError):  # it is starting yet
                if _peers(await monitor.ask()) >= others:
                    return
            await asyncio.sleep(POLL_SECONDS)


def _peers(document: Mapping[str, object]) -> int:
    """How many other brokers a ``routez`` document names; each has several routes."""
    routes = document.get("routes")
    if not isinstance(routes, Sequence):
        return 0
    return len({route.get("remote_id") for route in routes if isinstance(route, Mapping)})
