"""Fleets of several kinds beside each other, asked in turns."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from statistics import median

from bench.emulation.fleet import Fleet, started_fleet
from bench.emulation.ground import Ground, open_ground
from bench.emulation.programs import Program
from bench.emulation.scale import Scale
from bench.emulation.trial import Tell, Weight, ask_all, weigh_idle
from bench.kit.processes import Memory
from bench.kit.rounds import Contender, run_rounds
from bench.kit.series import Series


@dataclass(frozen=True, slots=True)
class Compared:
    """What came of it, by the names of the programs.

    Attributes:
        rates: replies per second, round by round.
        weights: in memory.
        connect_seconds: from the start of each program until all nodes were there.
    """

    rates: Series
    weights: dict[str, Weight]
    connect_seconds: dict[str, float]


@dataclass(frozen=True, slots=True)
class _Standing:
    """A fleet on a broker of its own."""

    fleet: Fleet
    ground: Ground
    scale: Scale

    async def replies_per_s(self) -> float:
        """Of the middle one of the requests of a round."""
        scale = self.scale
        asked = await ask_all(
            self.fleet,
            self.ground,
            nodes=scale.compared,
            requests=scale.requests,
            seconds=scale.seconds,
        )
        return scale.compared / median(asked.seconds)


async def compare(programs: Sequence[Program], scale: Scale, tell: Tell) -> Compared:
    """All fleets at a time; those that are not asked do nothing.

    Raises:
        WorkError: a program failed, or a node did not answer.
    """
    idle = {program.name: await _idle_memory(program, scale) for program in programs}
    async with contextlib.AsyncExitStack() as stack:
        standing = {}
        for program in programs:
            one = await stack.enter_async_context(_stand(program, scale))
            standing[program.name] = one
            tell(f"{program.name}: {scale.compared:,} nodes there after {one.fleet.seconds:.1f} s")
        contenders: dict[str, Contender] = {
            name: one.replies_per_s for name, one in standing.items()
        }
        rates = await run_rounds(contenders, scale.plan, prepare=_nothing, tell=tell)
        weights = {
            program.name: Weight(
                nodes=scale.compared,
                fleet=standing[program.name].fleet.memory,
                idle_nodes=program.idle_nodes(scale.compared),
                idle=idle[program.name],
            )
            for program in programs
        }
    return Compared(rates, weights, {name: one.fleet.seconds for name, one in standing.items()})


@contextlib.asynccontextmanager
async def _stand(program: Program, scale: Scale) -> AsyncIterator[_Standing]:
    nodes = scale.compared
    async with (
        open_ground(brokers=1, nodes=nodes) as ground,
        started_fleet(program, nodes, size=nodes, ground=ground) as fleet,
    ):
        yield _Standing(fleet, ground, scale)


async def _idle_memory(program: Program, scale: Scale) -> Memory:
    async with open_ground(brokers=1, nodes=scale.compared) as ground:
        return await weigh_idle(program, scale.compared, requests=scale.requests, ground=ground)


async def _nothing() -> None:
    """Rounds need no preparation."""
