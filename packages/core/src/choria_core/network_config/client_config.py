"""The configuration of a client.  Pure."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from choria_core.config.problems import Problem
from choria_core.network_config.protection import Protection
from choria_core.network_config.records import Brokers, Log, Of, Security, build, issuers
from choria_core.network_config.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """How nodes are found.

    Attributes:
        method: ``mc``, ``broadcast``, ``puppetdb``, ``choria``, ``external`` or ``inventory``.
        options: of the method, ``key=value``.
        timeout_seconds: how long to wait for answers.
        windowed: end when answers stop to come.
        external_command: program of the method ``external``; None where not set.
        inventory_file: of the method ``inventory``; None where not set.
        puppetdb_host: empty to look for it.
    """

    method: Annotated[str, Of("default_discovery_method")]
    options: Annotated[tuple[str, ...], Of("default_discovery_options")]
    timeout_seconds: Annotated[int, Of("discovery_timeout")]
    windowed: Annotated[bool, Of("plugin.choria.discovery.broadcast.windowed_timeout")]
    external_command: Annotated[Path | None, Of("plugin.choria.discovery.external.command")]
    inventory_file: Annotated[Path | None, Of("plugin.choria.discovery.inventory.source")]
    puppetdb_host: Annotated[str, Of("plugin.choria.puppetdb_host")]
    puppetdb_port: Annotated[int, Of("plugin.choria.puppetdb_port")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientConfig:
    """Everything that a client is told.

    Attributes:
        file: the main file.
        identity: of the machine; the sender of requests.
        certname: the name that certificates and tokens know the caller by.
        limit_method: ``first`` or ``random``.
        settings: every value with its origin, and the raw options for plugins.
        warnings: what the user should know.
    """

    file: Path
    identity: Annotated[str, Of("identity")]
    certname: str
    collectives: Annotated[tuple[str, ...], Of("collectives")]
    main_collective: Annotated[str, Of("main_collective")]
    log: Log
    brokers: Brokers
    security: Security
    discovery: Discovery
    ttl_seconds: Annotated[int, Of("ttl")]
    limit_method: Annotated[str, Of("rpclimitmethod")]
    require_filter: Annotated[bool, Of("plugin.choria.require_client_filter")]
    color: Annotated[bool, Of("color")]
    library_folders: Annotated[tuple[Path, ...], Of("libdir")]
    settings: Settings
    warnings: tuple[Problem, ...]

    def option(self, key: str, default: str = "") -> str:
        """The text of any key, for plugins."""
        return self.settings.option(key, default)


def client_config(
    settings: Settings, protection: Protection, certname: str, warnings: tuple[Problem, ...]
) -> ClientConfig:
    """The record of what was read for a client."""
    security = build(Security, settings, issuers=issuers(settings), protection=protection)
    return build(
        ClientConfig,
        settings,
        file=Path(settings.main_file),
        certname=certname,
        security=security,
        settings=settings,
        warnings=warnings,
    )
