"""A server: one node with its connection, its files, its monitor and its end.

await Server(config, plugins).run(stop)
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, Final, TypeVar

from choria_core.agents.data_source import load_data_sources
from choria_core.agents.host import AgentHost
from choria_core.agents.loading import load_agents
from choria_core.audit.loading import load_audit
from choria_core.authorization.loading import load_authorizer
from choria_core.errors import PluginError
from choria_core.nats.connection_observer import ConnectionObserver
from choria_core.nats.lean_transport import LeanSubscription, LeanTransport
from choria_core.nats.wire import Delivery
from choria_core.network.connection import connect_network
from choria_core.network.party import Party, server_party
from choria_core.network_config.server_config import ServerConfig
from choria_core.node.gate import Gate
from choria_core.node.opening import RequestOpener
from choria_core.plugins import Plugins
from choria_core.protocol.messages import NANOSECONDS
from choria_core.registration.host import RegistrationHost
from choria_core.registration.loading import load_registrations
from choria_core.registration.publisher import RegistrationPublisher
from choria_core.registration.schedule import Pace
from choria_core.registration.sealing import Sealer, server_sealer
from choria_core.server.credentials_expiry import expiry_of
from choria_core.server.events import Lifecycle
from choria_core.server.figures import Figures
from choria_core.server.inventory_files import ClassFile, FactFiles
from choria_core.server.monitoring import Monitoring
from choria_core.server.replies import ReplySealer
from choria_core.server.responder import Responder
from choria_core.server.served_node import ServedNode
from choria_core.server.sparing_log import SparingLog
from choria_core.server.status import Status, StatusCounts, expiry_text
from choria_core.server.status_file import StatusFile
from choria_core.server.subscriptions import interests
from choria_core.server.uplink import Uplink
from choria_core.server.workload import Workload
from choria_core.telemetry.logs import get_logger

Result = TypeVar("Result")

_log: Final = get_logger("choria.server")


class Server:
    """One node.

    Args:
        config: of it.
        plugins: where its agents, data sources, registrations, authorizer and auditor come from.
        clock_ns: unix time.

    Raises:
        ConfigError: a key, certificate, token, registration, authorizer or auditor is missing or
            unusable.
        PluginError: the authorizer or the auditor cannot be loaded.
    """

    def __init__(
        self,
        config: ServerConfig,
        plugins: Plugins,
        *,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.config = config
        self.figures = Figures()
        self._clock_ns = clock_ns
        self._started_ns = clock_ns()
        self._party: Party = server_party(config)
        self._workload = Workload()
        self._gate = Gate(collectives=config.collectives, started_ns=self._started_ns)
        self.uplink = Uplink(config, self.figures)
        agents = load_agents(plugins, report=_left_out)
        self.node = ServedNode(
            config,
            agents=agents,
            sources=load_data_sources(plugins, report=_left_out),
            facts=FactFiles(config.fact_files),
            classes=ClassFile(
                config.class_file,
                may_be_absent=not config.settings.is_given("classesfile"),
            ),
            connection=self.uplink.connection,
            network=self.uplink.network,
            counts=self._gate.counts,
            figures=self.figures,
            started=self._started_ns / NANOSECONDS,
            status=self.status,
        )
        self._host = AgentHost(
            agents,
            node=self.node,
            authorizer=load_authorizer(config, plugins),
            audit=load_audit(config, plugins, on_lost=self.figures.lose_audit, clock_ns=clock_ns),
        )
        self.registrations = self._registrations(plugins)
        self._status_file = StatusFile(
            config.status.path,
            interval_seconds=config.status.interval_seconds,
            status=self.status,
        )
        self.monitoring = Monitoring(
            config,
            counts=self._gate.counts,
            figures=self.figures,
            workload=self._workload,
            uplink=self.uplink,
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until ``stop``, then finish what is in work.

        Raises:
            ConfigError: the port of the monitor is taken, or no broker is known.
        """
        for warning in self.config.warnings:
            _log.warning(str(warning))
        async with (
            self.monitoring.opened(),
            self._workload,
            _meanwhile(self.registrations.live_local()),
        ):
            transport = await _unless(stop, self._connect())
            if transport is not None:
                self.uplink.transport = transport
                async with transport:
                    await self._serve(transport, stop)
                self._status_file.write()  # which now says that there is no connection
        _log.info("the server has ended", identity=self.config.identity)

    async def _connect(self) -> LeanTransport:
        observer = ConnectionObserver(self.monitoring.registry)
        return await connect_network(
            self.config,
            self._party,
            name=self.config.certname,
            timeout_seconds=None,
            on_state=observer.listener("broker"),
        )

    async def _serve(self, transport: LeanTransport, stop: asyncio.Event) -> None:
        config = self.config
        lifecycle = Lifecycle(config, wire=transport, figures=self.figures, clock_ns=self._clock_ns)
        self._status_file.write()
        subscriptions = self._subscribe(transport)
        await lifecycle.tell("startup")
        _log.info(
            "the server is ready",
            identity=config.identity,
            broker=transport.server.url,
            agents=",".join(self._host.names),
            subscriptions=len(subscriptions),
        )
        registering = self.registrations.live()
        async with _meanwhile(self._status_file.keep(), lifecycle.live(), registering):
            await stop.wait()
        await self._end(subscriptions, lifecycle)

    def _registrations(self, plugins: Plugins) -> RegistrationHost:
        """Raises ConfigError."""
        config, wanted = self.config, self.config.registration
        kinds = load_registrations(config, plugins, report=_left_out)
        publisher = RegistrationPublisher(
            config.identity,
            wanted.collective,
            sealer=server_sealer(config) if kinds else Sealer(version=self._party.version),
            line=self.uplink,
            figures=self.figures,
            clock_ns=self._clock_ns,
        )
        pace = Pace(
            interval_seconds=wanted.interval_seconds,
            splay=wanted.splay,
            size_trigger_bytes=wanted.size_trigger_bytes,
            size_interval_seconds=wanted.size_interval_seconds,
        )
        return RegistrationHost(kinds, node=self.node, pace=pace, publisher=publisher)

    def _subscribe(self, transport: LeanTransport) -> list[LeanSubscription]:
        config, party = self.config, self._party
        responder = Responder(
            opener=RequestOpener(party.version, party.request_trust),
            gate=self._gate,
            view=self.node.view,
            host=self._host,
            sealer=ReplySealer(config.identity, party.sign, party.credential),
            wire=transport,
            workload=self._workload,
            figures=self.figures,
            log=SparingLog(self._clock_ns),
            clock_ns=self._clock_ns,
        )

        def take(delivery: Delivery) -> None:
            responder.take(delivery[3])

        wanted = interests(config.identity, config.collectives, self._host.subscriptions())
        return [transport.add_sink(one.subject, take, queue=one.queue) for one in wanted]

    async def _end(self, subscriptions: list[LeanSubscription], lifecycle: Lifecycle) -> None:
        """Take no more, and finish what was taken."""
        _log.info("the server is stopping", in_work=self._workload.size)
        for subscription in subscriptions:
            subscription.end()
        left = await self._workload.settle(seconds=self.config.shutdown_seconds)
        if left:
            _log.warning("requests are given up", count=left)
        await lifecycle.tell("shutdown")

    def status(self) -> Status:
        """What the status file says."""
        now, counts, expiry = self._clock_ns(), self._gate.counts, expiry_of(self.config)
        return Status(
            identity=self.config.identity,
            uptime=(now - self._started_ns) // NANOSECONDS,
            connected_server=self.uplink.broker,
            last_message=self.figures.last_message,
            stats=StatusCounts(
                total=counts.total,
                valid=counts.valid,
                invalid=counts.invalid,
                passed=counts.passed,
                filtered=counts.filtered,
                replies=counts.replies,
                ttlexpired=counts.ttl_expired,
                events=self.figures.events,
            ),
            certificate_expires=expiry_text(expiry.certificate),
            token_expires=expiry_text(expiry.token),
        )


def _left_out(error: PluginError) -> None:
    _log.error("left out", cause=str(error))


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, Result]) -> Result | None:
    """The result of ``work``; None where ``stop`` came first, which ends it."""
    task, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((task, stopping), return_when=asyncio.FIRST_COMPLETED)
        return await task if task.done() else None
    finally:
        task.cancel()
        stopping.cancel()
        await asyncio.gather(task, stopping, return_exceptions=True)


@contextlib.asynccontextmanager
async def _meanwhile(*works: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run ``works`` until the block ends."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work) for work in works]
        yield
        for task in tasks:
            task.cancel()
