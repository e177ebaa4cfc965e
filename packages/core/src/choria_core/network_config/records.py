"""Parts that the configurations of servers and clients share.  Pure.

A field names its key by :class:`Of`; :func:`build` fills a record from the settings.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from choria_core.nats.endpoint import ServerAddress
from choria_core.network_config.keys import NAME
from choria_core.network_config.protection import Protection
from choria_core.network_config.settings import Settings

Record = TypeVar("Record")

ISSUER = f"plugin.security.issuer.{NAME}.public"


@dataclass(frozen=True, slots=True)
class Of:
    """Beside a field's type: the key that fills it."""

    key: str


def key_of(hint: Any) -> str:
    """The key that fills a field of this annotation; empty where something else does."""
    parts = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    return next((part.key for part in parts if isinstance(part, Of)), "")


def build(record: type[Record], settings: Settings, /, **given: object) -> Record:
    """An instance of ``record``.

    Args:
        record: a dataclass whose fields have keys, are records themselves, or are given.
        settings: where the keys' values are.
        given: the values of fields that no key fills.
    """
    assert is_dataclass(record)
    hints = get_type_hints(record, include_extras=True)
    values: dict[str, object] = {}
    for item in fields(record):
        hint = hints[item.name]
        if item.name in given:
            values[item.name] = given[item.name]
        elif key_of(hint):
            values[item.name] = settings[key_of(hint)]
        elif isinstance(hint, type) and is_dataclass(hint):
            values[item.name] = build(hint, settings)
    built: Record = record(**values)
    return built


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """Where the log goes.

    Attributes:
        file: a path, ``stdout``, ``stderr`` or ``discard``.
        level: ``debug``, ``info``, ``warn``, ``error`` or ``fatal``.
    """

    file: Annotated[str, Of("logfile")]
    level: Annotated[str, Of("loglevel")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Brokers:
    """The way to the brokers; :mod:`choria_core.network_config.brokers` makes addresses of it.

    Attributes:
        hosts: as configured; empty for those of SRV records.
        use_srv, srv_domain: whether and where to look for SRV records.
        federation_collectives: not empty where the client is federated.
        federation_hosts: the federation's brokers, as configured.
        connect_timeout_seconds: for one broker.
        user, password, credentials_file: what the broker is shown, each optional.
    """

    hosts: Annotated[tuple[ServerAddress, ...], Of("plugin.choria.middleware_hosts")]
    use_srv: Annotated[bool, Of("plugin.choria.use_srv")]
    srv_domain: Annotated[str, Of("plugin.choria.srv_domain")]
    federation_collectives: Annotated[tuple[str, ...], Of("plugin.choria.federation.collectives")]
    federation_hosts: Annotated[
        tuple[ServerAddress, ...], Of("plugin.choria.federation_middleware_hosts")
    ]
    connect_timeout_seconds: Annotated[float, Of("plugin.choria.network.connect_timeout")]
    user: Annotated[str, Of("plugin.nats.user")]
    password: Annotated[str, Of("plugin.nats.pass")] = field(repr=False)
    credentials_file: Annotated[Path | None, Of("plugin.nats.credentials")]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileProvider:
    """Keys of the provider ``file``; None where not set."""

    certificate: Annotated[Path | None, Of("plugin.security.file.certificate")]
    key: Annotated[Path | None, Of("plugin.security.file.key")]
    ca: Annotated[Path | None, Of("plugin.security.file.ca")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoriaProvider:
    """Keys of the provider ``choria``; None where not set.

    Attributes:
        trusted_signers: ed25519 public keys, hexadecimal.
    """

    token_file: Annotated[Path | None, Of("plugin.security.choria.token_file")]
    seed_file: Annotated[Path | None, Of("plugin.security.choria.seed_file")]
    certificate: Annotated[Path | None, Of("plugin.security.choria.certificate")]
    key: Annotated[Path | None, Of("plugin.security.choria.key")]
    ca: Annotated[Path | None, Of("plugin.security.choria.ca")]
    trusted_signers: Annotated[tuple[str, ...], Of("plugin.security.choria.trusted_signers")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Security:
    """Where keys come from and whom to trust.

    Attributes:
        provider: ``puppet``, ``file`` or ``choria``.
        ssl_folder: of the provider ``puppet``; None to ask Puppet.
        file, choria: settings of those providers.
        issuers: organisations and their ed25519 public keys, hexadecimal.
        legacy_certificates: take certificates that have a common name alone.
        protection: what is signed and encrypted at all.
    """

    provider: Annotated[str, Of("plugin.security.provider")]
    ssl_folder: Annotated[Path | None, Of("plugin.choria.ssldir")]
    file: FileProvider
    choria: ChoriaProvider
    issuers: Mapping[str, str]
    legacy_certificates: Annotated[bool, Of("plugin.security.support_legacy_certificates")]
    protection: Protection


def issuers(settings: Settings) -> dict[str, str]:
    """The trusted organisations and their keys; those without a key are left out."""
    names = settings["plugin.security.issuer.names"]
    assert isinstance(names, tuple)
    found = {name: settings.values.get(ISSUER.replace(NAME, name)) for name in names}
    return {name: str(value.value) for name, value in found.items() if value is not None}
