"""Our program as a contender: ``choria replicate --once`` as a child process."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bench.kit.child import Child, module_command, start_child
from bench.kit.pace import Sight, pace_of
from bench.kit.stream_watch import watch_stream
from bench.replication.arena import Arena
from bench.replication.nodes import STREAM
from choria_core.errors import WorkError

BEGIN_SHARE: Final = 0.01
"""Measuring begins when so much of the stream is on the target."""

_TOLERANCE: Final = 0.05
_LIMIT_SECONDS: Final = 300.0
_LOOK_EVERY: Final = 5


@dataclass(frozen=True, slots=True)
class Copy:
    """What one run did.

    Attributes:
        read_per_second: messages of the source.
        copied: messages on the target.
        peak_bytes: of the program's memory.
    """

    read_per_second: float
    copied: int
    peak_bytes: int


def replicate_command(*words: str) -> tuple[str, ...]:
    """``choria replicate`` with ``words``, to its end."""
    return module_command("choria", "replicate", *words, "--once", "--json")


async def run_copy(
    arena: Arena,
    words: Sequence[str],
    *,
    messages: int,
    share: float = 1.0,
    target_config: dict[str, object] | None = None,
) -> Copy:
    """Copy the source's ``messages`` to a new target stream.

    Args:
        arena: where.
        words: of ``choria replicate``.
        messages: that the source holds.
        share: of them that pass, to a twentieth; 1 for all of them.
        target_config: of a stream made beforehand; else the program makes one.

    Raises:
        WorkError: the program failed, or the target does not hold what it should.
    """
    await arena.target.clear(STREAM)
    await arena.source.forget_readers(STREAM)
    jetstream = arena.target.jetstream
    if target_config is not None:
        await jetstream.create_stream(target_config)
    async with start_child(*replicate_command(*words)) as child, asyncio.timeout(_LIMIT_SECONDS):
        sights = await watch_stream(jetstream, STREAM, until=_Ended(child))
        child.check()
    copied = sights[-1].messages
    if abs(copied / messages - share) > (0.0 if share == 1.0 else _TOLERANCE):
        raise WorkError(f"{copied} of {messages} messages are on the target, not {share:.0%}")
    pace = pace_of(sights, begin_at=max(1, round(messages * share * BEGIN_SHARE)))
    return Copy(pace * messages / copied, copied, child.peak_bytes)


@dataclass(slots=True)
class _Ended:
    """Says of a sight whether it was taken after the program's end; looks at it now and then."""

    child: Child
    was_over: bool = False
    sights: int = 0

    def __call__(self, _sight: Sight) -> bool:
        over, self.was_over = self.was_over, self.child.is_over
        self.sights += 1
        if self.sights % _LOOK_EVERY == 0:
            self.child.look()
        return over
