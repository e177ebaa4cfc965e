"""A slow program as a contender: watched for a fixed time only."""

import asyncio
from dataclasses import dataclass
from typing import Final

from bench.kit.child import Child, start_child
from bench.kit.pace import Sight, pace_of
from bench.kit.stream_watch import watch_stream
from bench.replication.arena import Arena
from bench.replication.nodes import STREAM

BEGIN_AT: Final = 50
"""Messages on the target when the time begins."""

_LIMIT_SECONDS: Final = 60.0


@dataclass(slots=True)
class _TimeOver:
    child: Child
    seconds: float
    first: Sight | None = None

    def __call__(self, sight: Sight) -> bool:
        self.child.check()
        if self.first is None and sight.messages >= BEGIN_AT:
            self.first = sight
        return self.first is not None and sight.moment >= self.first.moment + self.seconds


async def run_timed(arena: Arena, *command: str, seconds: float) -> float:
    """Messages per second that ``command`` copies to a new target stream."""
    async with start_child(*command) as child, asyncio.timeout(_LIMIT_SECONDS):
        enough = _TimeOver(child, seconds)
        sights = await watch_stream(arena.target.jetstream, STREAM, until=enough)
    return pace_of(sights, begin_at=BEGIN_AT)
