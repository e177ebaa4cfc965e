"""Which brokers a server or client connects to.

Configured addresses come first, then SRV records, then ``puppet:4222``.  A federated client
goes to the federation's brokers, which have no default.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from choria_core.errors import ConfigError, TransportError
from choria_core.nats.endpoint import ServerAddress
from choria_core.network_config.addresses import DEFAULT_PORT
from choria_core.network_config.records import Brokers

DEFAULT_BROKER: Final = ServerAddress("puppet", DEFAULT_PORT)
BROKER_RECORDS: Final = ("_mcollective-server._tcp", "_x-puppet-mcollective._tcp")
FEDERATION_RECORDS: Final = (
    "_mcollective-federation_server._tcp",
    "_x-puppet-mcollective_federation._tcp",
)


@dataclass(frozen=True, slots=True)
class SrvRecord:
    """One answer of DNS.

    Attributes:
        host: without a trailing dot.
        priority: the smallest is to be tried first.
        weight: among those of one priority the greatest is preferred.
    """

    host: str
    port: int
    priority: int = 0
    weight: int = 0


class SrvResolver(Protocol):
    """Asks DNS for SRV records."""

    async def __call__(self, name: str, /) -> Sequence[SrvRecord]:
        """The records of ``name``, in any order; none where there are none.

        Raises:
            TransportError: DNS could not be asked.
        """
        ...


@dataclass(frozen=True, slots=True)
class Found:
    """Brokers and how they were found.

    Attributes:
        servers: at least one, the first to be tried first.
        source: in words, for a log.
        notes: why DNS told nothing, for a log.
    """

    servers: tuple[ServerAddress, ...]
    source: str
    notes: tuple[str, ...] = ()


async def find_brokers(brokers: Brokers, *, domain: str, resolve: SrvResolver) -> Found:
    """The brokers to connect to.

    Args:
        brokers: as configured.
        domain: where SRV records are; see :func:`choria_core.network_config.host.srv_domain`.
        resolve: asks DNS.

    Raises:
        ConfigError: the client is federated and no broker of the federation is known.
    """
    if brokers.federation_collectives:
        return await _federation(brokers, domain, resolve)
    if brokers.hosts:
        return Found(brokers.hosts, "plugin.choria.middleware_hosts")
    found, notes = await _by_srv(brokers, BROKER_RECORDS, domain, resolve)
    return found or Found((DEFAULT_BROKER,), "the default", notes)


async def _federation(brokers: Brokers, domain: str, resolve: SrvResolver) -> Found:
    if brokers.federation_hosts:
        return Found(brokers.federation_hosts, "plugin.choria.federation_middleware_hosts")
    found, notes = await _by_srv(brokers, FEDERATION_RECORDS, domain, resolve)
    if found is None:
        why = f" ({'; '.join(notes)})" if notes else ""
        raise ConfigError(
            "no broker of the federation is known: set "
            f"plugin.choria.federation_middleware_hosts{why}"
        )
    return found


async def _by_srv(
    brokers: Brokers, records: Sequence[str], domain: str, resolve: SrvResolver
) -> tuple[Found | None, tuple[str, ...]]:
    """The first of ``records`` that DNS has, or None and why."""
    if not brokers.use_srv:
        return None, ("plugin.choria.use_srv is false",)
    if not domain:
        return None, ("the domain of SRV records is not known; set plugin.choria.srv_domain",)
    notes: list[str] = []
    for record in records:
        name = f"{record}.{domain}"
        try:
            answers = await resolve(name)
        except TransportError as error:
            notes.append(f"{name}: {error}")
            continue
        if answers:
            return Found(_ordered(answers), f"SRV records {name}", tuple(notes)), ()
    return None, tuple(notes)


def _ordered(answers: Sequence[SrvRecord]) -> tuple[ServerAddress, ...]:
    ranked = sorted(answers, key=lambda answer: (answer.priority, -answer.weight))
    return tuple(ServerAddress(answer.host.removesuffix("."), answer.port) for answer in ranked)
