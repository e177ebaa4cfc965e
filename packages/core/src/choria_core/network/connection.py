"""A connection to the brokers of a Choria network, by what the configuration says."""

import structlog

from choria_core.nats.endpoint import Credentials, Endpoint, TlsSettings
from choria_core.nats.lean_transport import LeanTransport, connect
from choria_core.nats.transport import StateChange, StateListener
from choria_core.network.dns import look_up_srv
from choria_core.network.party import Party, token_files, x509_files
from choria_core.network_config.brokers import Found, SrvResolver, find_brokers
from choria_core.network_config.client_config import ClientConfig
from choria_core.network_config.host import srv_domain
from choria_core.network_config.protection import Tls
from choria_core.network_config.server_config import ServerConfig, ServerSecurity
from choria_core.network_config.this_host import this_host
from choria_core.protocol.subjects import inbox_prefix

Config = ClientConfig | ServerConfig


def ignore_state(_: StateChange) -> None:
    """A listener that does not care."""


async def connect_network(
    config: Config,
    party: Party,
    *,
    name: str,
    timeout_seconds: float | None,
    on_state: StateListener = ignore_state,
    resolve: SrvResolver = look_up_srv,
) -> LeanTransport:
    """Connect to one of the network's brokers and stay connected.

    Args:
        config: of the client or server.
        party: made of the same configuration.
        name: shown by the broker's connection list.
        timeout_seconds: how long the first connection may take; None tries for ever.
        on_state: told of every change, failed attempts included.
        resolve: asks DNS, where the configuration names no broker.

    Raises:
        ConnectError: no broker was reached in time.
        AuthenticationError: every broker refuses us, or we its certificate.
        ConfigError: a certificate or token cannot be used, or no broker is known.
    """
    return await connect(
        await endpoint(config, resolve=resolve),
        name=name,
        on_state=on_state,
        timeout_seconds=timeout_seconds,
        inbox_prefix=inbox_prefix(config.main_collective, party.unique_id),
        no_echo=False,
    )


async def endpoint(config: Config, *, resolve: SrvResolver = look_up_srv) -> Endpoint:
    """Brokers, TLS and credentials of a configuration.

    Raises:
        ConfigError: no broker is known, or the configuration names too few files.
    """
    found = await _brokers(config, resolve)
    return Endpoint(
        servers=found.servers,
        credentials=credentials(config),
        tls=tls_settings(config),
        connect_timeout_seconds=config.brokers.connect_timeout_seconds,
    )


def tls_settings(config: Config) -> TlsSettings | None:
    """How the connection is protected; None where it is not.

    Raises:
        ConfigError: the configuration does not say where the files are.
    """
    security = config.security
    protection = security.protection
    if protection.tls is Tls.OFF:
        return None
    if protection.tls is Tls.ANONYMOUS:
        return TlsSettings(verify=False)
    if security.provider == "choria":
        given = security.choria
        return TlsSettings(
            ca_file=str(given.ca or ""),
            cert_file=str(given.certificate or ""),
            key_file=str(given.key or ""),
            # Networks of tokens have brokers with certificates of any authority.
            verify=protection.verify_tls and given.ca is not None,
        )
    files = x509_files(security, config.certname)
    return TlsSettings(
        ca_file=str(files.authorities),
        cert_file=str(files.certificate),
        key_file=str(files.key),
        verify=protection.verify_tls,
    )


def credentials(config: Config) -> Credentials:
    """What the broker is shown besides a certificate.

    Raises:
        ConfigError: the configuration does not say where token and seed are.
    """
    brokers, security = config.brokers, config.security
    if brokers.credentials_file is not None:
        return Credentials(file=str(brokers.credentials_file))
    if brokers.user or brokers.password:
        return Credentials(user=brokers.user, password=brokers.password)
    if not security.protection.signed:
        return Credentials()
    if security.provider == "choria":
        files = token_files(security)
        return Credentials(choria_token_file=str(files.token), choria_seed_file=str(files.seed))
    if isinstance(security, ServerSecurity) and security.anonymous_tls:
        return Credentials(
            choria_token_file=str(security.token_file or ""),
            choria_seed_file=str(security.seed_file or ""),
        )
    return Credentials()


async def _brokers(config: Config, resolve: SrvResolver) -> Found:
    brokers = config.brokers
    domain = ""
    named = brokers.federation_hosts if brokers.federation_collectives else brokers.hosts
    if not named and brokers.use_srv:
        domain = srv_domain(brokers.srv_domain, config.identity, this_host().names)
    found = await find_brokers(brokers, domain=domain, resolve=resolve)
    log = structlog.get_logger("network")
    for note in found.notes:
        log.info("brokers were looked for in vain", where=note)
    log.debug(
        "brokers found", by=found.source, servers=",".join(str(server) for server in found.servers)
    )
    return found
