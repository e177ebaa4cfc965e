"""Where a fleet runs: its brokers, its processes, and what is said before it starts."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from choria_core.errors import UsageError
from choria_core.nats.endpoint import Credentials, Endpoint, TlsSettings
from choria_core.network.connection import credentials
from choria_core.network_config.server_config import ServerConfig
from choria_emulator.embedded.addresses import source_addresses
from choria_emulator.embedded.broker_figures import BrokerWatch
from choria_emulator.embedded.capacity import (
    Machine,
    Wanted,
    check_ports,
    most_by_ports,
    most_connections,
    plan_capacity,
)
from choria_emulator.embedded.limits import raise_file_limit, this_machine
from choria_emulator.embedded.readiness import interest_spread
from choria_emulator.fleet.plan import FleetPlan
from choria_emulator.supervisor.options import EmulateOptions
from choria_emulator.supervisor.own_brokers import NONE, OwnBrokers, opened_brokers
from choria_emulator.watch.figures import BrokerFigures
from choria_emulator.worker.messages import TlsSpec
from choria_emulator.worker.network import emulated_config, server_address, shared_tls

_LISTENS_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetNetwork:
    """Where a fleet runs.

    Attributes:
        servers: brokers of groups that name none.
        workers: processes.
        tls: None for plain connections.
        source_addresses: that connections come from.
        most_nodes: that its processes and its own brokers can hold, and have ports for.
        notes: what to say before it starts.
        spread: waits until brokers know of each other's subscriptions.
        config_file: of a server; empty for none.
        broker_figures: what brokers tell just now.
        brokers_ended: returns when none of its own brokers runs any more; None where others
            are used.
    """

    config_file: str
    servers: tuple[str, ...]
    workers: int
    tls: TlsSpec | None
    source_addresses: tuple[str, ...]
    most_nodes: int
    notes: tuple[str, ...]
    spread: Callable[[], Awaitable[None]]
    broker_figures: Callable[[], Sequence[BrokerFigures]]
    brokers_ended: Callable[[], Awaitable[None]] | None


@contextlib.asynccontextmanager
async def opened_network(options: EmulateOptions) -> AsyncIterator[FleetNetwork]:
    """Brokers of the fleet, started where none is named, until the block ends.

    Raises:
        UsageError: the machine cannot hold the fleet as the options say.
        ConfigError: the configuration is unusable.
        WorkError: a broker did not start.
    """
    raise_file_limit()
    config = emulated_config(
        str(options.config_file or ""),
        is_secure=options.is_secure,
        has_tls=options.has_tls,
        verifies=options.verifies,
    )
    plan, named = options.plan, _named_servers(config, options)
    needs_own = not named and not all(group.servers for group in plan.groups)
    if options.brokers and not needs_own:
        raise UsageError("--brokers starts brokers, but others are named: leave one of them out")
    wanted = Wanted(
        nodes=plan.count,
        subscriptions=plan.subscriptions,
        workers=options.workers,
        brokers=options.brokers,
        own_brokers=needs_own,
        has_tls=options.has_tls,
    )
    machine = this_machine()
    capacity = plan_capacity(wanted, machine)
    async with contextlib.AsyncExitStack() as stack:
        own = NONE
        if capacity.brokers:
            own = await stack.enter_async_context(opened_brokers(options, capacity.brokers))
        servers = named or own.urls
        pools = _pools(plan, servers)
        sources = _sources(options, pools, machine)
        monitors = (*options.monitor_urls, *own.monitor_urls)
        watch = await stack.enter_async_context(BrokerWatch(monitors))
        tls = _tls(options, config, own)
        yield FleetNetwork(
            config_file=str(options.config_file or own.config_file),
            servers=servers,
            workers=capacity.workers,
            tls=tls,
            source_addresses=sources,
            most_nodes=min(
                most_connections(machine.files)
                * min(capacity.workers, capacity.brokers or capacity.workers),
                most_by_ports(
                    brokers=sum(map(len, pools)), sources=len(sources), ports=machine.ports
                ),
            ),
            notes=(
                *capacity.notes,
                *_broker_notes(options, named, needs_own=needs_own),
                *own.notes,
            ),
            spread=partial(_spread, pools, _Access(config, options, tls), plan),
            broker_figures=watch.figures,
            brokers_ended=own.all_ended,
        )


@dataclass(frozen=True, slots=True)
class _Access:
    """How brokers are reached."""

    config: ServerConfig
    options: EmulateOptions
    tls: TlsSpec | None

    def endpoint(self, server: str) -> Endpoint:
        """One broker."""
        file = self.options.credentials_file
        tls = self.tls
        return Endpoint(
            servers=(server_address(server),),
            credentials=Credentials(file=str(file)) if file else credentials(self.config),
            tls=None
            if tls is None
            else TlsSettings(
                ca_file=tls.ca_file,
                cert_file=tls.cert_file,
                key_file=tls.key_file,
                verify=tls.verify,
            ),
        )


def _broker_notes(
    options: EmulateOptions, named: Sequence[str], *, needs_own: bool
) -> Iterator[str]:
    """Which brokers are used, and why."""
    if needs_own and options.config_file is not None:
        yield (
            f"{options.config_file} names no broker by plugin.choria.middleware_hosts, "
            "and SRV records are not asked for: brokers are started"
        )
    if named:
        yield f"nodes connect to {', '.join(named)}"


def _named_servers(config: ServerConfig, options: EmulateOptions) -> tuple[str, ...]:
    """Brokers of the options, or else of the configuration."""
    if options.servers:
        return tuple(str(server_address(server)) for server in options.servers)
    return tuple(str(server) for server in config.brokers.hosts)


def _pools(plan: FleetPlan, servers: Sequence[str]) -> list[tuple[str, ...]]:
    """The brokers of each network that the groups are in, each once."""
    pools = [group.servers or tuple(servers) for group in plan.groups]
    return list(dict.fromkeys(pools))


def _sources(
    options: EmulateOptions, pools: Sequence[Sequence[str]], machine: Machine
) -> tuple[str, ...]:
    addresses = [server_address(server) for pool in pools for server in pool]
    nodes = options.plan.count
    sources = source_addresses(
        addresses,
        nodes=nodes,
        turn=os.getpid(),
        ports=machine.ports,
        named=options.source_addresses,
    )
    check_ports(nodes, brokers=len(addresses), sources=len(sources), ports=machine.ports)
    return sources


def _tls(options: EmulateOptions, config: ServerConfig, own: OwnBrokers) -> TlsSpec | None:
    """TLS of every connection, the same for all nodes; None for plain connections."""
    if not options.has_tls:
        return None
    if own.certificates is not None:
        return TlsSpec(ca_file=str(own.certificates.ca_file), verify=options.verifies)
    return shared_tls(config, verify=options.verifies)


async def _spread(pools: Sequence[Sequence[str]], access: _Access, plan: FleetPlan) -> None:
    """Wait until the brokers of each network know of each other's subscriptions.

    A broker that is down has no nodes: those of a lost member are ready when the others
    have them.
    """
    collective = plan.groups[0].collectives[0]
    for pool in pools:
        if len(pool) == 1:
            continue  # it needs to be told by nobody
        there = [server for server in pool if await _listens(server)] or pool
        await interest_spread([access.endpoint(server) for server in there], collective=collective)


async def _listens(server: str) -> bool:
    """Whether anything takes connections there."""
    address = server_address(server)
    try:
        async with asyncio.timeout(_LISTENS_SECONDS):
            _, writer = await asyncio.open_connection(address.host, address.port)
    except OSError:  # a TimeoutError is one
        return False
    writer.transport.abort()
    return True
