"""The broker's own copying as a contender: a JetStream mirror over a leafnode link."""

import asyncio
from typing import Final

from bench.kit.pace import pace_of
from bench.kit.stream_watch import watch_stream
from bench.replication.arena import Arena
from bench.replication.copier import BEGIN_SHARE
from bench.replication.nodes import STREAM

MIRROR: Final = "MIRROR"
_LIMIT_SECONDS: Final = 120.0


async def run_mirror(arena: Arena, *, messages: int) -> float:
    """Let ``leaf`` mirror the stream of ``hub``; returns messages per second."""
    await arena.leaf.clear(MIRROR)
    origin = {"name": STREAM, "external": {"api": "$JS.hub.API"}}
    config = {"name": MIRROR, "storage": "file", "mirror": origin}
    jetstream = arena.leaf.jetstream
    await jetstream.create_stream(config)
    async with asyncio.timeout(_LIMIT_SECONDS):
        sights = await watch_stream(
            jetstream, MIRROR, until=lambda sight: sight.messages >= messages
        )
    return pace_of(sights, begin_at=round(messages * BEGIN_SHARE))
