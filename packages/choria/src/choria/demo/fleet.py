"""The fleet of the demonstration: emulated nodes that register, and the page that shows them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from choria.demo.network_files import SITE
from choria_core.errors import WorkError
from choria_emulator.fleet.plan import (
    BUILTIN_AGENTS,
    Behaviour,
    FleetPlan,
    Group,
    Latency,
    emulated_agents,
)
from choria_emulator.supervisor.fleet import Fleet
from choria_emulator.supervisor.network import opened_network
from choria_emulator.supervisor.options import EmulateOptions
from choria_emulator.watch.outline import Outline
from choria_emulator.watch.watch import Watch
from choria_emulator.worker.messages import WorkerSpec

READY_SECONDS: Final = 40.0
SHOW_SECONDS: Final = 0.5

THINKING: Final = Latency(mean_seconds=0.3, spread_seconds=0.25)
"""How long a node takes to answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetWish:
    """Which fleet.

    Attributes:
        nodes: how many.
        registration_seconds: between two registrations of a node.
        broker_url, monitor_url: of the broker where nodes connect; the latter may be empty.
        audit_logs: folder where each node writes its own.
        may_control: whether the page may change the fleet.
    """

    nodes: int
    registration_seconds: float
    broker_url: str
    monitor_url: str
    audit_logs: Path
    may_control: bool = False

    @property
    def plan(self) -> FleetPlan:
        """The nodes."""
        group = Group(
            name=SITE,
            prefix=SITE,
            count=self.nodes,
            agents=(*BUILTIN_AGENTS, *emulated_agents(1)),
            behaviour=Behaviour(latency=THINKING, registration_seconds=self.registration_seconds),
        )
        return FleetPlan(groups=(group,))

    @property
    def audit_files(self) -> list[Path]:
        """The audit log of each node."""
        (group,) = self.plan.groups
        return [
            self.audit_logs / f"{group.identity(number)}.log" for number in range(1, self.nodes + 1)
        ]


@dataclass(frozen=True, slots=True)
class ShownFleet:
    """A fleet that runs.

    Attributes:
        fleet: its figures are those of its end once it has ended.
        page_url: shows it while it runs.
    """

    fleet: Fleet
    page_url: str


@contextlib.asynccontextmanager
async def opened_fleet(wish: FleetWish) -> AsyncIterator[ShownFleet]:
    """Nodes that are all connected, until the block ends; then they say goodbye.

    Raises:
        WorkError: they did not connect in time, or their process failed.
    """
    options = EmulateOptions(
        plan=wish.plan,
        servers=(wish.broker_url,),
        workers=1,
        audit_pattern=str(wish.audit_logs / "%s.log"),
        monitor_urls=(wish.monitor_url,) if wish.monitor_url else (),
    )
    async with opened_network(options) as network:
        spec = WorkerSpec(
            worker=0,
            workers=1,
            plan=options.plan,
            servers=network.servers,
            source_addresses=network.source_addresses,
            audit_pattern=options.audit_pattern,
        )
        fleet = Fleet(
            [spec],
            spread=network.spread,
            broker_figures=network.broker_figures,
            most_nodes=network.most_nodes,
        )
        watch = Watch(
            outline=Outline(name=SITE),
            host="127.0.0.1",
            port=0,
            resize=fleet.resize if wish.may_control else None,
            storm=fleet.storm if wish.may_control else None,
            most_instances=fleet.most_nodes,
        )
        async with watch, _showing(fleet, watch), fleet:
            yield ShownFleet(fleet, f"http://127.0.0.1:{watch.port}/")


async def wait_ready(fleet: Fleet) -> None:
    """Return when all nodes are there.

    Raises:
        WorkError: they did not come.
    """
    try:
        async with asyncio.timeout(READY_SECONDS):
            await fleet.wait_ready()
    except TimeoutError:
        figures = fleet.figures()
        raise WorkError(
            f"only {figures.ready} of {figures.wanted} nodes are ready after "
            f"{READY_SECONDS:g} s: {figures.stage}"
        ) from None


@contextlib.asynccontextmanager
async def _showing(fleet: Fleet, watch: Watch) -> AsyncIterator[None]:
    """Within the block the page is told how the fleet is."""

    async def show() -> None:
        while True:
            watch.show(fleet.figures())
            await asyncio.sleep(SHOW_SECONDS)

    task = asyncio.create_task(show())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait((task,))
