"""A copy whose program and brokers are killed again and again on the way."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from choria_core.broker.server import Broker
from choria_testing.crossing import Crossing
from choria_testing.programs import Program
from choria_testing.streams import Sent

KILLS: Final = tuple(range(4, 84, 7))
"""Where the program is killed, in percent of the source."""

RESTARTS: Final = (32, 60)
"""Where the source's and the target's broker are killed and started again."""

LEAD_PERCENT: Final = 4
"""So far before the next kill of the program a broker is killed."""

AHEAD_PERCENT: Final = 11
"""So far ahead of the next kill the source is filled: no copy can slip past it by more."""


@dataclass(slots=True)
class Ordeal:
    """Kills on the way through one source.

    Attributes:
        crossing: with an empty source.
        settings: what to run.
        messages: what the source is filled with.
        kills: where to kill the program, in percent.
        killed_at: where each kill fell, in percent.
    """

    crossing: Crossing
    settings: Path
    messages: Sequence[Sent]
    kills: tuple[int, ...] = KILLS
    killed_at: list[float] = field(default_factory=list)
    _filled: int = field(default=0, init=False)

    async def run(self) -> str:
        """Kill on the way, then copy to the end; returns what the last run wrote.

        Raises:
            AssertionError: a kill came too late, or the last run failed.
        """
        brokers = [self.crossing.source_broker, self.crossing.target_broker]
        restarts = dict(zip(RESTARTS, brokers, strict=True))
        for percent in self.kills:
            due = [restarts.pop(at) for at in list(restarts) if at <= percent]
            await self._fill(percent + AHEAD_PERCENT)
            async with self.crossing.replicate(self.settings) as program:
                for broker in due:
                    await self._restart(program, broker, percent - LEAD_PERCENT)
                newest = await self.crossing.kill_at(program, self._sequence(percent))
            self.killed_at.append(100 * newest / len(self.messages))
        assert not restarts, "there were too few kills to restart the brokers between them"
        assert all(2 <= percent <= 95 for percent in self.killed_at), self.killed_at
        await self._fill(100)
        return await self._finish()

    def _sequence(self, percent: int) -> int:
        return len(self.messages) * percent // 100

    async def _fill(self, percent: int) -> None:
        """Let the source hold so much."""
        until = self._sequence(min(percent, 100))
        await self.crossing.source.lean.wait_connected()  # its broker may just have come back
        await self.crossing.source.fill(self.messages[self._filled : until])
        self._filled = until

    async def _restart(self, program: Program, broker: Broker, percent: int) -> None:
        """Kill a broker in mid-copy and start it again; the program stays."""
        await self.crossing.copied(program, self._sequence(percent))
        await broker.kill()
        await broker.start()

    async def _finish(self) -> str:
        async with self.crossing.replicate(self.settings, "--once") as program:
            assert await program.ended() == 0, program.output
            return program.output
