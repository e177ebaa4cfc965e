"""Watch a stream fill, without touching who fills it."""

import asyncio
import time
from collections.abc import Callable

from bench.kit.pace import Sight
from choria_core.nats.jetstream import JetStream

POLL_SECONDS = 0.01


async def watch_stream(
    jetstream: JetStream, name: str, *, until: Callable[[Sight], bool]
) -> list[Sight]:
    """Sights of the stream's number of messages until ``until`` says of the latest: enough.

    Each is taken with the moment at which its question was sent.  A stream that
    is not there yet has none.
    """
    sights: list[Sight] = []
    while True:
        moment = time.monotonic()
        info = await jetstream.find_stream(name)
        sight = Sight(moment, info.state.messages if info else 0)
        sights.append(sight)
        if until(sight):
            return sights
        await asyncio.sleep(POLL_SECONDS)
