"""A broker that an adapter works at, and somebody who feeds it."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from bench.adapting.names import HOST, STREAM, SUBJECTS
from choria_core.broker.options import BrokerOptions
from choria_core.broker.server import start_broker
from choria_core.nats.endpoint import Endpoint, ServerAddress, TlsSettings
from choria_core.nats.lean_transport import LeanTransport, connect
from choria_testing.stream_admin import StreamAdmin

CONNECT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Ground:
    """A broker.

    Attributes:
        port: where clients connect.
        broker_pid: of its process.
        feed: a connection to feed the adapter by.
        streams: a connection to look at what it stored.
    """

    port: int
    broker_pid: int
    feed: LeanTransport
    streams: StreamAdmin

    @property
    def url(self) -> str:
        """For clients without TLS."""
        return f"nats://{HOST}:{self.port}"

    async def empty(self) -> None:
        """Make the stream anew, so that it knows no ids."""
        if await self.streams.find_stream(STREAM) is not None:
            await self.streams.delete_stream(STREAM)
        await self.streams.create_stream({"name": STREAM, "subjects": [SUBJECTS]})


@contextlib.asynccontextmanager
async def opened(
    port: int, broker_pid: int, tls: TlsSettings | None = None
) -> AsyncIterator[Ground]:
    """A broker with connections to it."""
    endpoint = Endpoint((ServerAddress(HOST, port),), tls=tls)
    async with (
        await connect(endpoint, name="feeder", timeout_seconds=CONNECT_SECONDS) as feed,
        await connect(endpoint, name="watcher", timeout_seconds=CONNECT_SECONDS) as watcher,
    ):
        yield Ground(port, broker_pid, feed, StreamAdmin(watcher, timeout_seconds=30.0))


@contextlib.asynccontextmanager
async def plain_ground() -> AsyncIterator[Ground]:
    """A nats-server without security."""
    async with (
        start_broker(BrokerOptions(jetstream=True)) as broker,
        opened(broker.port, broker.pid) as ground,
    ):
        yield ground
