"""Where the replicators run: two pairs of brokers and the links between them."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from bench.replication.delaying_proxy import start_proxy
from choria_core.broker.server import Broker
from choria_core.nats.endpoint_url import parse_endpoint
from choria_core.nats.lean_transport import LeanTransport, connect
from choria_testing.brokers import jetstream_broker, leafnode_pair
from choria_testing.stream_admin import StreamAdmin

ROUND_TRIP_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class Site:
    """A broker and our way to look at it."""

    broker: Broker
    transport: LeanTransport

    @property
    def url(self) -> str:
        """For clients."""
        return self.broker.url

    @property
    def jetstream(self) -> StreamAdmin:
        """Its streams."""
        return StreamAdmin(self.transport)

    async def clear(self, stream: str) -> None:
        """Remove a stream if it is there."""
        if await self.jetstream.find_stream(stream):
            await self.jetstream.delete_stream(stream)

    async def forget_readers(self, stream: str) -> None:
        """Remove a stream's consumers."""
        names = [consumer.name async for consumer in self.jetstream.consumers(stream)]
        for name in names:
            await self.jetstream.delete_consumer(stream, name)


@dataclass(frozen=True, slots=True)
class Arena:
    """All that runs for the whole bench.

    Attributes:
        source, target: for programs that copy from one to the other.
        hub, leaf: linked as leafnodes, for the mirror on ``leaf``.
        near_url, far_url: ways to ``target`` through a proxy without and with delay.
    """

    source: Site
    target: Site
    hub: Site
    leaf: Site
    near_url: str
    far_url: str


@contextlib.asynccontextmanager
async def open_arena() -> AsyncIterator[Arena]:
    """Four equal brokers and two proxies, each a process of its own."""
    async with contextlib.AsyncExitStack() as stack:
        enter = stack.enter_async_context
        source = await enter(jetstream_broker(name="source"))
        target = await enter(jetstream_broker(name="target"))
        pair = await enter(leafnode_pair())
        near = await enter(start_proxy(target.port, delay_seconds=0.0))
        far = await enter(start_proxy(target.port, delay_seconds=ROUND_TRIP_SECONDS / 2))
        yield Arena(
            source=await _site(stack, source),
            target=await _site(stack, target),
            hub=await _site(stack, pair.hub),
            leaf=await _site(stack, pair.leaf),
            near_url=near,
            far_url=far,
        )


async def _site(stack: contextlib.AsyncExitStack, broker: Broker) -> Site:
    transport = await connect(parse_endpoint(broker.url), name="bench")
    return Site(broker, await stack.enter_async_context(transport))
