"""A fleet that runs: its processes, their figures, and whether all is there."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import TracebackType
from typing import Final, Self

from msgspec import structs

from choria_core.errors import ChoriaError, UsageError
from choria_core.telemetry.logs import get_logger
from choria_emulator.fleet.overlaps import overlaps
from choria_emulator.fleet.plan import FleetPlan
from choria_emulator.supervisor.scaling import scaled
from choria_emulator.supervisor.totals import total_counts
from choria_emulator.supervisor.worker_link import WorkerLink
from choria_emulator.watch.figures import BrokerFigures, FleetFigures
from choria_emulator.worker.messages import Resize, Stop, Storm, WorkerSpec

POLL_SECONDS: Final = 0.1
GOODBYE_SECONDS: Final = 15.0
"""For workers to finish and say goodbye; then they are ended."""

_NEARLY_ALL: Final = 0.9  # some may be away at that moment anyway

Spread = Callable[[], Awaitable[None]]
"""Returns when all brokers know of each other's subscriptions."""

_log: Final = get_logger("choria.emulator")


class Fleet:
    """All nodes.

    Args:
        specs: one for each process; all have the same plan.
        spread: waits for the brokers.
        broker_figures: what brokers tell just now.
        most_nodes: that fit into its processes.

    Attributes:
        is_ready: whether all nodes are there that shall be, and brokers know it.
        exit_asked: set when somebody called ``exit_emulator``.
    """

    def __init__(
        self,
        specs: Sequence[WorkerSpec],
        *,
        spread: Spread,
        broker_figures: Callable[[], Sequence[BrokerFigures]],
        most_nodes: int,
    ) -> None:
        self.is_ready = False
        self.most_nodes = most_nodes
        self.exit_asked = asyncio.Event()
        self._plan = specs[0].plan
        self._links = [WorkerLink(spec, on_exit_asked=self.exit_asked.set) for spec in specs]
        self._spread = spread
        self._broker_figures = broker_figures
        self._ready = asyncio.Event()
        self._started = time.monotonic()
        self._stage = "connecting"
        self._changed = 0
        self._group = asyncio.TaskGroup()
        self._watching: asyncio.Task[None] | None = None
        self._storms: list[asyncio.Task[float]] = []
        self._raging = 0

    @property
    def plan(self) -> FleetPlan:
        """As the fleet shall be now."""
        return self._plan

    async def wait_ready(self) -> None:
        """Return when all nodes are there; at once when they are."""
        await self._ready.wait()

    async def resize(self, total: int) -> None:
        """Grow or shrink to so many nodes, in all groups alike."""
        await self.change(scaled(self._plan, total))

    async def change(self, counts: Mapping[str, int]) -> None:
        """Have so many nodes of each group; those that are not named stay as they are.

        Raises:
            UsageError: they do not fit, or two groups would have nodes of one name.
        """
        total = sum(counts.get(group.name, group.count) for group in self._plan.groups)
        if total > self.most_nodes:
            raise UsageError(
                f"{total} nodes: this fleet's processes and brokers hold {self.most_nodes}; "
                "start it anew with more of them"
            )
        groups = tuple(
            structs.replace(group, count=counts.get(group.name, group.count))
            for group in self._plan.groups
        )
        for found in overlaps(groups):
            raise UsageError(
                f"the groups {found.first} and {found.second} would both have nodes "
                f"{found.lowest} to {found.highest}: in the fleet file, {found.fix}"
            )
        self._plan = structs.replace(self._plan, groups=groups)
        self._unready()
        await self._order(Resize(dict(counts)))

    async def storm(self) -> None:
        """Cut all connections at once."""
        self._storms.append(self._group.create_task(self.storm_and_wait()))

    async def storm_and_wait(self) -> float:
        """Cut all connections at once; the seconds until every node is back.

        Until then the fleet is not ready, and afterwards brokers must learn of all anew.
        """
        before, began = self.figures().counts, time.monotonic()
        nodes = min(self.figures().ready, self._plan.count)
        self._raging += 1
        self._unready()
        try:
            await self._order(Storm())
            while True:
                await asyncio.sleep(POLL_SECONDS)
                figures = self.figures()
                now = figures.counts
                cuts, connects = now.cuts - before.cuts, now.connects - before.connects
                # where the fleet was made smaller meanwhile, not all that were cut come back
                is_over = connects >= cuts or not figures.absent
                if cuts >= nodes * _NEARLY_ALL and is_over:
                    return time.monotonic() - began
        finally:
            self._raging -= 1

    def figures(self) -> FleetFigures:
        """What is known just now."""
        workers = tuple(link.told.figures for link in self._links if link.told is not None)
        return FleetFigures(
            time=time.time(),
            uptime_seconds=time.monotonic() - self._started,
            name=self._plan.groups[0].prefix,
            wanted=self._plan.count,
            connected=sum(worker.connected for worker in workers),
            ready=sum(worker.ready for worker in workers),
            absent=sum(link.told.absent for link in self._links if link.told is not None),
            is_ready=self.is_ready,
            stage=self._stage,
            counts=total_counts(workers),
            workers=workers,
            brokers=tuple(self._broker_figures()),
        )

    async def __aenter__(self) -> Self:
        """Start all processes; they connect their nodes."""
        await self._group.__aenter__()
        for link in self._links:
            await link.start()
            self._group.create_task(link.follow())
        self._watching = self._group.create_task(self._watch())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Have all nodes say goodbye, and end the processes.

        Raises:
            ChoriaError: of a process that could not go on.
        """
        assert self._watching is not None
        self._stage = "stopping"
        for task in (self._watching, *self._storms):
            task.cancel()
        try:
            await self._order(Stop())
            async with asyncio.timeout(GOODBYE_SECONDS):
                await self._group.__aexit__(kind, error, trace)
        except TimeoutError:
            _log.warning("workers took too long to say goodbye, they are ended")
        finally:
            for link in self._links:
                await link.kill()

    async def _order(self, order: Resize | Storm | Stop) -> None:
        for link in self._links:
            await link.order(order)

    def _unready(self) -> None:
        self.is_ready = False
        self._ready.clear()
        self._changed += 1
        self._stage = "connecting"

    async def _watch(self) -> None:
        """Notice when all nodes are there, and when they no longer are."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            if self._is_complete() == self.is_ready:
                continue
            if self.is_ready:
                self._unready()
                continue
            seen = self._changed
            try:
                await self._spread()
            except ChoriaError as error:
                self._stage = f"waiting for brokers: {error}"
                continue
            if self._is_complete() and seen == self._changed:
                self.is_ready = True
                self._stage = "running"
                self._ready.set()

    def _is_complete(self) -> bool:
        told = [link.told for link in self._links]
        if self._raging:
            return False
        if any(one is None for one in told):
            return False
        present = sum(one.figures.ready + one.absent for one in told if one is not None)
        wanted = sum(one.figures.wanted for one in told if one is not None)
        return present >= wanted == self._plan.count
