"""Whether brokers know of each other's subscriptions."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from choria_core.broker.options import BrokerOptions, ClusterOptions
from choria_core.broker.server import Broker, start_broker
from choria_core.errors import ConnectError, WorkError
from choria_core.nats.endpoint_url import parse_endpoint
from choria_core.nats.lean_transport import LeanTransport, connect
from choria_core.nats.wire import Delivery
from choria_emulator.embedded.brokers import EmbeddedBrokers
from choria_emulator.embedded.readiness import interest_spread
from choria_testing.proxy import Proxy

NODES = [f"mcollective.node.n{number}" for number in range(200)]


@dataclass
class FarBrokers:
    """Two members of a cluster with a network between them."""

    near: Broker
    far: Broker
    network: Proxy

    async def spread(self, timeout_seconds: float = 60.0) -> None:
        endpoints = [parse_endpoint(broker.url) for broker in (self.near, self.far)]
        await interest_spread(endpoints, collective="mcollective", timeout_seconds=timeout_seconds)


@contextlib.asynccontextmanager
async def far_brokers() -> AsyncIterator[FarBrokers]:
    async with contextlib.AsyncExitStack() as stack:
        near = await stack.enter_async_context(member("near"))
        network = Proxy("127.0.0.1", int(near.cluster_url.rpartition(":")[2]))
        await stack.enter_async_context(network)
        route = f"nats-route://127.0.0.1:{network.port}"
        far = await stack.enter_async_context(member("far", route))
        brokers = FarBrokers(near, far, network)
        await brokers.spread()
        yield brokers


def member(name: str, *routes: str) -> contextlib.AbstractAsyncContextManager[Broker]:
    return start_broker(BrokerOptions(name=name, cluster=ClusterOptions("far", routes=routes)))


class Nodes:
    """Nodes that note what comes."""

    def __init__(self, transport: LeanTransport) -> None:
        self.came: list[tuple[bytes, bytes]] = []
        self.all_came = asyncio.Event()
        for subject in NODES:
            transport.add_sink(subject, self._take)

    def _take(self, delivery: Delivery) -> None:
        self.came.append((bytes(delivery[0]), bytes(delivery[3])))
        if len(self.came) >= len(NODES):
            self.all_came.set()


async def ask_all(client: LeanTransport, body: bytes) -> None:
    for subject in NODES:
        await client.publish(subject, body)
    await client.flush()


async def test_requests_after_the_sentinels_reach_all_nodes_where_those_before_are_lost() -> None:
    async with (
        far_brokers() as brokers,
        await connect(parse_endpoint(brokers.near.url), name="nodes") as transport,
        await connect(parse_endpoint(brokers.far.url), name="client") as client,
    ):
        brokers.network.stall()
        nodes = Nodes(transport)
        await transport.flush()  # the PONG of the nodes' own broker
        await ask_all(client, b"too early")
        brokers.network.delay_seconds = 0.05
        brokers.network.resume()

        await brokers.spread()
        await ask_all(client, b"in time")
        async with asyncio.timeout(30):
            await nodes.all_came.wait()

    assert sorted(nodes.came) == sorted((subject.encode(), b"in time") for subject in NODES)


async def test_a_cluster_of_three_becomes_ready() -> None:
    async with EmbeddedBrokers(count=3) as brokers:
        endpoints = [parse_endpoint(url) for url in brokers.urls]

        await interest_spread(endpoints, collective="mcollective")


async def test_one_broker_is_ready_at_once() -> None:
    nowhere = parse_endpoint("nats://127.0.0.1:1")

    await interest_spread([nowhere], collective="mcollective")


async def test_brokers_that_are_strangers_are_named() -> None:
    async with EmbeddedBrokers() as one, EmbeddedBrokers() as other:
        endpoints = [parse_endpoint(url) for url in (*one.urls, *other.urls)]

        with pytest.raises(WorkError) as raised:
            await interest_spread(endpoints, collective="mcollective", timeout_seconds=0.5)

    assert f"from {one.urls[0]} to {other.urls[0]}" in str(raised.value)
    assert "one cluster" in str(raised.value)


async def test_a_stalled_network_is_told() -> None:
    async with far_brokers() as brokers:
        brokers.network.stall()

        with pytest.raises(WorkError, match="do not pass on messages"):
            await brokers.spread(timeout_seconds=0.5)


async def test_an_absent_broker_is_told() -> None:
    async with EmbeddedBrokers() as brokers:
        endpoints = [parse_endpoint(url) for url in (*brokers.urls, "nats://127.0.0.1:1")]

        with pytest.raises((ConnectError, WorkError), match="reached"):
            await interest_spread(endpoints, collective="mcollective", timeout_seconds=1.0)
