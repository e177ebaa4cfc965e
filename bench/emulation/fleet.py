"""A fleet that runs: started, waited for until all nodes are there, looked at, ended."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

import aiohttp

from bench.emulation.ground import Ground
from bench.emulation.names import SUBSCRIPTIONS
from bench.emulation.programs import Program, Start
from bench.kit.child import Child, start_child
from bench.kit.pace import Sight
from bench.kit.processes import Memory, family, memory_of
from choria_core.errors import WorkError

LOOK_SECONDS: Final = 0.03
READY_SECONDS: Final = 240.0
GOODBYE_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Fleet:
    """A fleet whose nodes are all there; made by :func:`started_fleet`.

    Attributes:
        child: the program.
        seconds: from its start until all nodes were there.
        sights: how many connections the brokers had meanwhile.
    """

    child: Child
    seconds: float
    sights: tuple[Sight, ...]

    @property
    def memory(self) -> Memory:
        """Memory of the program and all its processes: their own share of it (PSS)."""
        return sum(map(memory_of, family(self.child.pid)), Memory())


@contextlib.asynccontextmanager
async def started_fleet(
    program: Program, nodes: int, *, size: int, ground: Ground
) -> AsyncIterator[Fleet]:
    """So many nodes of a program that is sized for ``size``, until the block ends.

    Raises:
        WorkError: they are not all there after four minutes.
    """
    start = program.start(nodes, size, ground.urls)
    before = sum(figures.subscriptions for figures in await ground.figures())
    async with aiohttp.ClientSession() as session:
        began = time.monotonic()
        async with start_child(*start.command, grace_seconds=GOODBYE_SECONDS) as child:
            ready = _Ready(start, session, before + nodes * SUBSCRIPTIONS)
            try:
                async with asyncio.timeout(READY_SECONDS):
                    sights = await _watch(child, ground, ready)
            except TimeoutError:
                raise WorkError(
                    f"{program.name}: {nodes} nodes were not there within {READY_SECONDS:g} s"
                ) from None
            yield Fleet(child, time.monotonic() - began, tuple(sights))
            child.check()


@dataclass(frozen=True, slots=True)
class _Ready:
    """Knows whether all nodes are there."""

    start: Start
    session: aiohttp.ClientSession
    subscriptions: int

    async def is_told(self, subscriptions: int) -> bool:
        """By its own word where it gives one, else by the brokers' count."""
        if not self.start.health_url:
            return subscriptions >= self.subscriptions
        try:
            async with self.session.get(self.start.health_url) as response:
                return response.status == 200
        except aiohttp.ClientError:  # it is starting yet
            return False


async def _watch(child: Child, ground: Ground, ready: _Ready) -> list[Sight]:
    sights = []
    while True:
        child.check()
        figures = await ground.figures()
        connections = sum(one.connections for one in figures)
        sights.append(Sight(time.monotonic(), connections))
        if await ready.is_told(sum(one.subscriptions for one in figures)):
            return sights
        await asyncio.sleep(LOOK_SECONDS)
