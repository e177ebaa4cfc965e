"""What an adapter would do, and whether it could."""

import dataclasses
from collections.abc import Iterator
from typing import Final

from choria_core.durations import format_duration
from choria_core.errors import ConnectError
from choria_core.nats.endpoint import Endpoint
from choria_core.nats.jetstream import JetStream
from choria_core.nats.lean_transport import LeanTransport, connect
from choria_core.network.connection import endpoint
from choria_core.network.party import server_party
from choria_core.network_config.server_config import ServerConfig
from choria_core.protocol.subjects import inbox_prefix
from choria_plugin_adapter.settings import AdapterSettings
from choria_plugin_adapter.stream_window import find_window

CONNECT_SECONDS: Final = 5.0


def described(settings: AdapterSettings) -> Iterator[str]:
    """Lines that say what an adapter would do."""
    yield f"{settings.name}:"
    yield f"  reads {settings.takes.value} messages on {settings.ingest}"
    yield f"  writes to {settings.template.text}"
    yield f"  shares its work in the queue group {settings.group}"
    believed = "what its sender signed alone" if settings.verify else "every sender, unverified"
    yield f"  believes {believed}"
    yield f"  holds {settings.queue_length:,} messages in its queue"


async def check_brokers(config: ServerConfig, settings: AdapterSettings) -> list[str]:
    """Connect to both sides, look for the stream, and say what was found.

    Raises:
        TransportError: a broker cannot be reached, or no stream takes the subjects.
        ConfigError: a certificate or token cannot be used.
    """
    network = await endpoint(config)
    target = dataclasses.replace(network, servers=settings.servers or network.servers)
    async with await _connected(config, network) as ingest:
        lines = [f"  ingest broker {ingest.server.url}: connected"]
    async with await _connected(config, target) as stream:
        lines.append(f"  stream broker {stream.server.url}: connected")
        if settings.retry_seconds is not None:
            seconds = settings.retry_seconds
            return [*lines, f"  publishes again for {format_duration(seconds)}, as configured"]
        window = await find_window(JetStream(stream), settings.template)
        if not window.streams:
            covering = settings.template.covering
            raise ConnectError(
                f"{settings.name}: no stream of {stream.server.url} takes {covering}; "
                "make one with `nats stream add`"
            )
        again = format_duration(window.retry_seconds)
        return [*lines, f"  stream {', '.join(window.streams)}: publishes again for {again}"]


async def _connected(config: ServerConfig, where: Endpoint) -> LeanTransport:
    return await connect(
        where,
        name=f"Choria Adapter: {config.identity} check",
        timeout_seconds=CONNECT_SECONDS,
        inbox_prefix=inbox_prefix(config.main_collective, server_party(config).unique_id),
    )
