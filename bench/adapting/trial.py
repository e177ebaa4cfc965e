"""One run of one adapter at the highest load that it takes without a drop.

The feeder has no more messages on their way than an adapter's queue has room for: it goes on
when the stream has stored others.  So the adapter is never idle and never drops, and the rate
at which the stream grows is the rate of acknowledged messages.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bench.adapting.ground import Ground
from bench.adapting.names import STREAM
from bench.adapting.programs import Program
from bench.kit.pace import Sight, pace_of
from bench.kit.processes import cpu_seconds
from choria_core.errors import WorkError

ON_THEIR_WAY: Final = 4_000
"""Messages sent and not stored yet, at most."""

BEGUN: Final = 0.1
"""Of all messages; the rate counts from there."""

LOOK_SECONDS: Final = 0.004
PATIENCE_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of it.

    Attributes:
        rate: messages per second.
        cpu_microseconds: of the adapter's processes, for each message.
    """

    rate: float
    cpu_microseconds: float


async def run_adapter(program: Program, frames: Sequence[bytes]) -> Ran:
    """Start an adapter at a broker of its own and have it store all of ``frames``.

    Raises:
        WorkError: it did not, or a message is missing.
    """
    async with program.ground() as ground:
        await ground.empty()
        async with program.begin(ground) as processes:
            began = sum(map(cpu_seconds, processes))
            sights = await _feed(ground, frames)
            taken = sum(map(cpu_seconds, processes)) - began
        held = (await ground.streams.stream_info(STREAM)).state.messages
    if held != len(frames):
        raise WorkError(f"{program.name}: {held} of {len(frames)} messages are in the stream")
    rate = pace_of(sights, begin_at=int(len(frames) * BEGUN))
    return Ran(rate, taken / len(frames) * 1e6)


async def _feed(ground: Ground, frames: Sequence[bytes]) -> list[Sight]:
    """Send as fast as the stream grows, until it holds everything."""
    sights: list[Sight] = []
    sent = stored = 0
    deadline = time.monotonic() + PATIENCE_SECONDS
    while stored < len(frames):
        until = min(len(frames), stored + ON_THEIR_WAY)
        ground.feed.send(b"".join(frames[sent:until]))
        sent = until
        await asyncio.sleep(LOOK_SECONDS)
        moment = time.monotonic()
        stored = (await ground.streams.stream_info(STREAM)).state.messages
        sights.append(Sight(moment, stored))
        if moment > deadline:
            raise WorkError(f"{stored} of {len(frames)} messages were stored in time")
    return sights
