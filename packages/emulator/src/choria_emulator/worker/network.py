"""What a process needs of its network: who may ask, who decides, how to connect."""

import dataclasses
import os
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from choria_core.agents.config_items import config_item
from choria_core.agents.node import NetworkFacts
from choria_core.authorization.authorizer import Authorizer
from choria_core.authorization.loading import load_authorizer
from choria_core.config.value import Refusal
from choria_core.errors import ConfigError
from choria_core.nats.endpoint import Credentials, ServerAddress, TlsSettings
from choria_core.nats.signing import Signer, load_credentials
from choria_core.nats.tls_context import make_context
from choria_core.network.connection import credentials, tls_settings
from choria_core.network.party import token_trust, version_of, x509_files
from choria_core.network_config.addresses import read_address
from choria_core.network_config.load import load_server
from choria_core.network_config.protection import Protection, Tls
from choria_core.network_config.server_config import ServerConfig
from choria_core.node.opening import RequestOpener, RequestTrust
from choria_core.plugins import Plugins
from choria_core.protocol.messages import Version
from choria_core.security.caller_rules import CallerRules
from choria_core.security.key_files import load_authorities
from choria_core.security.x509_trust import X509Trust
from choria_emulator.worker.messages import TlsSpec, WorkerSpec


@dataclass(frozen=True, slots=True)
class Network:
    """The network of a fleet.

    Attributes:
        version: of the protocol.
        opener: opens and verifies requests.
        authorizer: None allows everything.
        context: of TLS; None for plain connections.
        signer: the current credentials.
        facts: what agents may know of it.
        config_item: value of a configuration key; raises KeyError.
        is_legacy: whether lifecycle events have the older form.
        config: of all nodes.
    """

    version: Version
    opener: RequestOpener
    authorizer: Authorizer | None
    context: ssl.SSLContext | None
    signer: Callable[[], Signer]
    facts: NetworkFacts
    config_item: Callable[[str], object]
    is_legacy: bool
    config: ServerConfig


def load_network(spec: WorkerSpec, plugins: Plugins) -> Network:
    """Read what the configuration says.

    Raises:
        ConfigError: a file is missing or unusable.
    """
    config = emulated_config(
        spec.config_file,
        is_secure=spec.is_secure,
        has_tls=spec.tls is not None,
        verifies=spec.tls is not None and spec.tls.verify,
    )
    own = Credentials(file=spec.credentials_file) if spec.credentials_file else credentials(config)
    signer = load_credentials(own)
    return Network(
        version=version_of(config.security),
        opener=RequestOpener(version_of(config.security), _trust(config)),
        authorizer=load_authorizer(config, plugins) if spec.is_secure else None,
        context=_context(spec.tls),
        signer=lambda: signer,
        facts=NetworkFacts(is_signed=spec.is_secure, brokers=_brokers(spec)),
        config_item=partial(config_item, config.settings),
        is_legacy=config.legacy_lifecycle,
        config=config,
    )


def emulated_config(file: str, *, is_secure: bool, has_tls: bool, verifies: bool) -> ServerConfig:
    """The configuration of all nodes, protected as the options say.

    Args:
        file: of a Choria server; empty for what holds without one.
        is_secure: whether requests must be signed.
        has_tls: whether connections are encrypted.
        verifies: whether the brokers' certificates are checked.

    Raises:
        ConfigError: it cannot be read, or has errors.
    """
    config = load_server(file or os.devnull)
    guard = Protection(
        signed=is_secure, tls=Tls.MUTUAL if has_tls else Tls.OFF, verify_tls=verifies
    )
    security = dataclasses.replace(config.security, protection=guard)
    return dataclasses.replace(config, security=security)


def _trust(config: ServerConfig) -> RequestTrust | None:
    security = config.security
    if not security.protection.signed:
        return None
    if version_of(security) is Version.V2:
        return token_trust(security)
    rules = CallerRules(security.allowed_callers, security.privileged_callers)
    return X509Trust(load_authorities(x509_files(security, config.certname).authorities), rules)


def shared_tls(config: ServerConfig, *, verify: bool) -> TlsSpec:
    """TLS by the configuration: all nodes show its one certificate, where it has one.

    Raises:
        ConfigError: the broker shall be verified, and the configuration does not say by whom.
    """
    try:
        found = tls_settings(config)
    except ConfigError:
        if verify:
            raise
        found = None
    if found is None:
        return TlsSpec(verify=verify)
    has_certificate = bool(found.cert_file) and os.access(found.cert_file, os.R_OK)
    return TlsSpec(
        ca_file=found.ca_file if os.access(found.ca_file, os.R_OK) or verify else "",
        cert_file=found.cert_file if has_certificate else "",
        key_file=found.key_file if has_certificate else "",
        verify=verify,
    )


def _context(tls: TlsSpec | None) -> ssl.SSLContext | None:
    if tls is None:
        return None
    return make_context(
        TlsSettings(
            ca_file=tls.ca_file, cert_file=tls.cert_file, key_file=tls.key_file, verify=tls.verify
        )
    )


def server_address(text: str) -> ServerAddress:
    """The broker that ``text`` names: ``host:port`` or ``nats://host:port``.

    Raises:
        ConfigError: it names none.
    """
    found = read_address(text)
    if isinstance(found, Refusal):
        raise ConfigError(f"server {text}: {found.text}; {found.fix}")
    return found


def _brokers(spec: WorkerSpec) -> tuple[str, ...]:
    found = (server_address(server) for server in spec.servers)
    return tuple(f"{address.host}:{address.port}" for address in found)
