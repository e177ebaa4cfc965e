"""One process of a fleet: its nodes, and what happens to them over time."""

import asyncio
import gc
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from choria_core.agents.data_source import load_data_sources
from choria_core.agents.loading import load_agents
from choria_core.errors import ConfigError, PluginError
from choria_core.nats.endpoint import ServerAddress
from choria_core.plugins import Plugins
from choria_core.protocol.messages import NANOSECONDS
from choria_core.registration.loading import load_kinds, missing_of
from choria_core.server.sparing_log import SparingLog
from choria_core.server.workload import Workload
from choria_core.telemetry.logs import get_logger
from choria_emulator.fleet.draws import Draws
from choria_emulator.fleet.facts import GroupFacts
from choria_emulator.fleet.plan import BUILTIN_AGENTS, Group
from choria_emulator.fleet.recipes import InventoryFacts
from choria_emulator.node.audit import AuditLog
from choria_emulator.node.broker import Broker
from choria_emulator.node.desk import Desk
from choria_emulator.node.emulated_agents import Limits, load_emulated
from choria_emulator.node.emulated_node import EmulatedNode
from choria_emulator.node.openings import Openings
from choria_emulator.node.traits import Traits
from choria_emulator.node.whims import Whims, has_whims
from choria_emulator.watch.figures import Counts, WorkerFigures
from choria_emulator.worker.calendar import Calendar
from choria_emulator.worker.connector import Connector
from choria_emulator.worker.crew import Crew
from choria_emulator.worker.dialing import NodeDialer
from choria_emulator.worker.events import EventTeller
from choria_emulator.worker.greeting import Greeter
from choria_emulator.worker.hosted_registrations import HostedRegistrations
from choria_emulator.worker.messages import WorkerSpec
from choria_emulator.worker.network import load_network, server_address
from choria_emulator.worker.registrar import Registrar, node_sealer

WORK_AT_ONCE: Final = 20_000
"""Actions that take time, over all nodes; more are dropped."""

SETTLE_SECONDS: Final = 3.0
_SMAPS: Final = Path("/proc/self/smaps_rollup")


class WorkerProcess:
    """The nodes of one process.

    Args:
        spec: what it shall do.
        plugins: where agents, data sources and the authorizer come from.
        clock_ns: unix time.

    Raises:
        ConfigError: a file is missing or unusable.
    """

    def __init__(
        self,
        spec: WorkerSpec,
        plugins: Plugins,
        *,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._spec = spec
        self.counts = Counts()
        self.limits = Limits(may_exit=spec.may_exit)
        self._draws = Draws(spec.plan.seed)
        self._clock_ns = clock_ns
        self._started_ns = self._clock_ns()
        self._network = load_network(spec, plugins)
        self._openings = Openings(self._network.opener, started_ns=self._started_ns)
        self._workload = Workload(most=WORK_AT_ONCE)
        self._builtin = load_agents(plugins, report=_left_out)
        self._sources = load_data_sources(plugins, report=_left_out)
        self._audit = AuditLog(spec.audit_pattern) if spec.audit_pattern else None
        self._log = SparingLog(self._clock_ns, logger="choria.emulator")
        self._events = EventTeller(self.counts, is_legacy=self._network.is_legacy)
        self.registrar = Registrar(
            node_sealer(self._network.config),
            self.counts,
            started=self._started_ns // NANOSECONDS,
            clock_ns=self._clock_ns,
            log=self._log,
            hosted=self._hosted(plugins),
        )
        self._greeter = Greeter(self._network.signer)
        self.connector = Connector(
            slots=max(1, spec.connects_at_once // spec.workers),
            per_second=spec.connects_per_second / spec.workers,
            greeter=self._greeter,
            dialer=NodeDialer(spec.source_addresses),
            context=self._network.context,
            counts=self.counts,
            log=self._log,
            jitter=self._jitter,
            on_ready=self._ready,
        )
        self._brokers: dict[ServerAddress, Broker] = {}
        self._crews = {group.name: self._crew(group) for group in spec.plan.groups}
        self._calendar = Calendar(
            draws=self._draws,
            events=self._events,
            registrar=self.registrar,
            connector=self.connector,
        )

    def _hosted(self, plugins: Plugins) -> HostedRegistrations | None:
        """Raises ConfigError."""
        names = self._spec.registrations
        if not names:
            return None
        missing = missing_of(names, plugins)
        if missing is not None:
            raise ConfigError(f"--registration-plugin: {'; '.join(missing)}")
        return HostedRegistrations(
            load_kinds(names, plugins, report=_left_out),
            config=self._network.config,
            workload=self._workload,
            log=self._log,
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Connect all nodes and serve until ``stop``; then say goodbye."""
        self.connector.open((crew.group.name, crew.brokers) for crew in self._crews.values())
        async with self._workload, asyncio.TaskGroup() as tasks:
            self.resize({group.name: group.count for group in self._spec.plan.groups})
            gc.collect()
            gc.freeze()  # nodes live as long as the process: no collection shall walk them
            living = tasks.create_task(self._calendar.live())
            try:
                await stop.wait()
            finally:
                living.cancel()
            await self._end()

    def resize(self, counts: Mapping[str, int]) -> None:
        """Have the nodes of this process, where the whole fleet has so many of each group."""
        now = self._clock_ns() // NANOSECONDS
        for name, count in counts.items():
            crew = self._crews.get(name)
            if crew is None:
                continue
            new, gone = crew.resize(count)
            for node in new:
                self.connector.add(node)
            for node in gone:
                self._events.tell(node, "shutdown", timestamp=now)
                self.connector.release(node)
            self._calendar.change(crew.group, new, gone)

    def storm(self) -> None:
        """Cut all connections at once."""
        for node in self.nodes():
            self.connector.cut(node)

    def nodes(self) -> Iterator[EmulatedNode]:
        """All of this process."""
        for crew in self._crews.values():
            yield from crew

    def figures(self) -> WorkerFigures:
        """How they are doing."""
        return WorkerFigures(
            worker=self._spec.worker,
            pid=os.getpid(),
            wanted=sum(len(crew.nodes) for crew in self._crews.values()),
            connected=self.connector.connected,
            ready=self.connector.ready,
            memory_bytes=_pss_bytes(),
            last_failure=self.connector.last_failure,
            counts=self.counts,
        )

    async def _end(self) -> None:
        """Take no more, finish what was taken, and say goodbye."""
        await self.connector.close()
        for crew in self._crews.values():
            crew.desk.is_open = False
        await self._workload.settle(seconds=SETTLE_SECONDS)
        now = self._clock_ns() // NANOSECONDS
        for number, node in enumerate(self.nodes()):
            self._events.tell(node, "shutdown", timestamp=now)
            self.connector.release(node)
            if number % 500 == 0:
                await asyncio.sleep(0)
        await self.connector.wait_empty(timeout_seconds=SETTLE_SECONDS)

    def _crew(self, group: Group) -> Crew:
        spec = self._spec
        servers = group.servers or spec.servers
        brokers = list(dict.fromkeys(self._broker(server) for server in servers))
        emulated = [name for name in group.agents if name not in BUILTIN_AGENTS]
        agents = {name: self._builtin[name] for name in group.agents if name in BUILTIN_AGENTS}
        agents |= load_emulated(emulated, self.limits)
        behaviour = group.behaviour
        desk = Desk(
            group,
            Traits(
                agents=agents,
                collectives=group.collectives,
                classes=_common_classes(group),
                sources=self._sources,
                network=self._network.facts,
                config_item=self._network.config_item,
                has_tls=self._network.context is not None,
            ),
            openings=self._openings,
            authorizer=self._network.authorizer,
            whims=Whims(self._draws, group) if has_whims(behaviour) else None,
            counts=self.counts,
            audit=self._audit,
            workload=self._workload,
            line=self.connector,
            own=GroupFacts(group, self._draws),
            later=asyncio.get_running_loop().call_later,
            clock_ns=self._clock_ns,
        )
        self._greeter.add(group)
        return Crew(group, desk, brokers, (spec.worker, spec.workers))

    def _broker(self, server: str) -> Broker:
        """The broker ``server``, one for all groups: its pace is that of all their nodes."""
        address = server_address(server)
        if address not in self._brokers:
            self._brokers[address] = Broker(address, self.limits)
        return self._brokers[address]

    def _ready(self, node: EmulatedNode) -> None:
        if node.connections == 1:
            now = self._clock_ns()
            node.started = now / NANOSECONDS
            self._events.tell(node, "startup", timestamp=now // NANOSECONDS)

    def _jitter(self, node: EmulatedNode) -> float:
        return self._draws.share("backoff", node.identity, node.connections * 64 + node.attempts)


def _common_classes(group: Group) -> tuple[str, ...] | None:
    """The classes of every node; None where each has its own."""
    if group.drawn_classes or isinstance(group.facts, InventoryFacts):
        return None
    return group.classes


def _pss_bytes() -> int:
    """Memory of this process, of what it shares with others its part."""
    try:
        for text in _SMAPS.read_text().splitlines():
            if text.startswith("Pss:"):
                return int(text.split()[1]) * 1024
    except OSError:
        pass
    from choria_core.telemetry.process_figures import rss_bytes

    return rss_bytes()


def _left_out(error: PluginError) -> None:
    get_logger("choria.emulator").error("left out", cause=str(error))
