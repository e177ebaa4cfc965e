"""Real nats-servers in the constellations that tests need, as async context managers.

The fixtures of ``choria_testing.fixtures`` are these with pytest around them.
"""

import asyncio
import contextlib
import json
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Unpack

from choria_core.broker.free_port import pick_port
from choria_core.broker.options import (
    ANY_PORT,
    BrokerOptions,
    ClusterOptions,
    LeafnodeOptions,
    LeafnodeRemote,
)
from choria_core.broker.server import Broker, start_broker
from choria_core.errors import UsageError
from choria_testing.broker_settings import BrokerSettings

POLL_SECONDS = 0.05
SETTLE_SECONDS = 30.0
CLUSTER_ATTEMPTS = 3


@contextlib.asynccontextmanager
async def jetstream_broker(**settings: Unpack[BrokerSettings]) -> AsyncIterator[Broker]:
    """A broker with an empty JetStream store; ``settings`` are fields of BrokerOptions."""
    settings.setdefault("jetstream", True)
    async with start_broker(BrokerOptions(**settings)) as broker:
        yield broker


@dataclass(frozen=True, slots=True)
class LeafnodePair:
    """Two brokers, ``leaf`` joined to ``hub``; their JetStream domains bear these names."""

    hub: Broker
    leaf: Broker


@contextlib.asynccontextmanager
async def leafnode_pair() -> AsyncIterator[LeafnodePair]:
    """Two linked JetStream brokers."""
    taking = LeafnodeOptions(port=ANY_PORT)
    async with jetstream_broker(domain="hub", leafnode=taking, monitor_port=ANY_PORT) as hub:
        joining = LeafnodeOptions(remotes=(LeafnodeRemote(hub.leafnode_url),))
        async with jetstream_broker(domain="leaf", leafnode=joining) as leaf:
            await _until_linked(hub)
            yield LeafnodePair(hub, leaf)


@dataclass(frozen=True, slots=True)
class JetStreamCluster:
    """Brokers that keep streams together."""

    brokers: tuple[Broker, ...]

    @property
    def url(self) -> str:
        """All client URLs, comma separated, as one endpoint."""
        return ",".join(broker.url for broker in self.brokers)

    async def settle(self) -> None:
        """Return when every running member knows the leader and is up to date.

        Raises:
            TimeoutError: that took more than 30 s.
        """
        async with asyncio.timeout(SETTLE_SECONDS):
            for broker in self.brokers:
                await _until_healthy(broker)


@contextlib.asynccontextmanager
async def jetstream_cluster(size: int = 3) -> AsyncIterator[JetStreamCluster]:
    """A settled cluster of ``size`` brokers."""
    async with contextlib.AsyncExitStack() as stack:
        cluster = JetStreamCluster(await _members(stack, size))
        await cluster.settle()
        yield cluster


async def monitor_answer(broker: Broker, path: str) -> object | None:
    """The JSON that the broker's own HTTP endpoint answers, None unless it says 200."""
    return await asyncio.to_thread(_get, f"{broker.monitor_url}/{path}")


async def _members(stack: contextlib.AsyncExitStack, size: int) -> tuple[Broker, ...]:
    """Start the members; once more if another program takes a port meanwhile."""
    for _ in range(CLUSTER_ATTEMPTS - 1):
        async with contextlib.AsyncExitStack() as attempt:
            try:
                brokers = await _start_members(attempt, size)
            except UsageError:
                continue
            await stack.enter_async_context(attempt.pop_all())
            return brokers
    return await _start_members(stack, size)


async def _start_members(stack: contextlib.AsyncExitStack, size: int) -> tuple[Broker, ...]:
    ports: list[int] = []
    for _ in range(size):
        ports.append(pick_port("127.0.0.1", besides=ports))
    brokers = [
        await stack.enter_async_context(
            jetstream_broker(
                name=f"member-{number}",
                monitor_port=ANY_PORT,
                cluster=ClusterOptions("test", port, _routes_to_others(port, ports)),
            )
        )
        for number, port in enumerate(ports, start=1)
    ]
    return tuple(brokers)


def _routes_to_others(own: int, ports: list[int]) -> tuple[str, ...]:
    return tuple(f"nats-route://127.0.0.1:{port}" for port in ports if port != own)


async def _until_healthy(broker: Broker) -> None:
    while True:
        if not broker.is_running or await monitor_answer(broker, "healthz") is not None:
            return
        await asyncio.sleep(POLL_SECONDS)


async def _until_linked(hub: Broker) -> None:
    async with asyncio.timeout(SETTLE_SECONDS):
        while True:
            match await monitor_answer(hub, "leafz"):
                case {"leafnodes": int(count)} if count:
                    return
            await asyncio.sleep(POLL_SECONDS)


def _get(url: str) -> object | None:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own broker
            content: object = json.load(answer)
            return content
    except (OSError, urllib.error.URLError):
        return None
