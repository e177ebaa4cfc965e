"""A fleet of ours of one size: connected, asked in every way, weighed."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.emulation.clients import Asked, Desk, count_replies
from bench.emulation.fleet import Fleet, started_fleet
from bench.emulation.ground import Ground, open_ground
from bench.emulation.programs import OUR_PROGRAM, Program
from bench.emulation.questions import GENERATE, PING_ALL, Question
from bench.emulation.scale import Row
from bench.kit.pace import Sight
from bench.kit.processes import Memory
from choria_core.errors import WorkError

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """What a fleet takes of memory.

    Attributes:
        nodes: how many it has.
        fleet: after it was asked.
        idle_nodes, idle: of the same program with as few nodes as it goes.
    """

    nodes: int
    fleet: Memory
    idle_nodes: int
    idle: Memory


@dataclass(frozen=True, slots=True, kw_only=True)
class RowTaken:
    """What came of one size.

    Attributes:
        row: the size.
        connect_seconds: from the start of the program until all nodes were there.
        sights: how many connections the brokers had meanwhile.
        weight: of the fleet.
        broker_bytes: that the brokers grew by while the nodes connected.
        counted_pings, counted_replies: by the counting subscriber.
        pings: by ``choria ping``.
        replies: by ``choria measure``.
    """

    row: Row
    connect_seconds: float
    sights: tuple[Sight, ...]
    weight: Weight
    broker_bytes: int
    counted_pings: Asked
    counted_replies: Asked
    pings: tuple[Asked, ...]
    replies: Asked


async def take_row(row: Row, tell: Tell) -> RowTaken:
    """Measure one size.

    Raises:
        WorkError: a program failed, or nodes did not answer the counting subscriber.
    """
    async with open_ground(brokers=row.brokers, nodes=row.nodes) as ground:
        before = ground.resident_bytes
        async with started_fleet(OUR_PROGRAM, row.nodes, size=row.nodes, ground=ground) as fleet:
            tell(f"{row.nodes:,} nodes there after {fleet.seconds:.1f} s")
            broker_bytes = ground.resident_bytes - before
            counted = [
                await _counted(question, row, ground, tell) for question in (PING_ALL, GENERATE)
            ]
            with tempfile.TemporaryDirectory(prefix="choria-bench-") as folder:
                desk = Desk(Path(folder), ground.urls)
                pings = [await desk.ping(row.nodes) for _ in range(row.pings)]
                tell(_told("choria ping", *pings))
                replies = await desk.measure(row.requests, row.nodes)
                tell(_told("choria measure", replies))
            taken = fleet.memory
        idle = await weigh_idle(OUR_PROGRAM, row.nodes, requests=row.counted, ground=ground)
    return RowTaken(
        row=row,
        connect_seconds=fleet.seconds,
        sights=fleet.sights,
        weight=Weight(
            nodes=row.nodes,
            fleet=taken,
            idle_nodes=OUR_PROGRAM.idle_nodes(row.nodes),
            idle=idle,
        ),
        broker_bytes=broker_bytes,
        counted_pings=counted[0],
        counted_replies=counted[1],
        pings=tuple(pings),
        replies=replies,
    )


async def weigh_idle(program: Program, size: int, *, requests: int, ground: Ground) -> Memory:
    """Memory of a program that is sized for ``size`` but has next to no nodes.

    It is asked first, as the larger one was, so that it has loaded what answering takes.
    """
    nodes = program.idle_nodes(size)
    async with started_fleet(program, nodes, size=size, ground=ground) as fleet:
        await ask_all(fleet, ground, nodes=nodes, requests=requests)
        return fleet.memory


async def ask_all(
    fleet: Fleet, ground: Ground, *, nodes: int, requests: int, seconds: float = 0.0
) -> Asked:
    """Ask with the counting subscriber, whom every node must answer.

    Raises:
        WorkError: one did not.
    """
    asked = await count_replies(
        ground.urls[0], GENERATE, nodes=nodes, requests=requests, seconds=seconds
    )
    fleet.child.check()
    if any(asked.missing):
        raise WorkError(f"{max(asked.missing)} of {nodes} nodes did not answer")
    return asked


async def _counted(question: Question, row: Row, ground: Ground, tell: Tell) -> Asked:
    asked = await count_replies(ground.urls[0], question, nodes=row.nodes, requests=row.counted)
    tell(_told(f"counting {question.name}", asked))
    return asked


def _told(what: str, *asked: Asked) -> str:
    seconds = [one for some in asked for one in some.seconds]
    missing = sum(sum(some.missing) for some in asked)
    return f"{what}: {min(seconds):.3f} to {max(seconds):.3f} s, {missing} replies missing"
