"""The configuration of a server.  Pure."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from choria_core.config.problems import Problem
from choria_core.network_config.protection import Protection
from choria_core.network_config.records import Brokers, Log, Of, Security, build, issuers
from choria_core.network_config.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRegistration:
    """Registration of a file's content.

    Attributes:
        file: what to send; None where not set.
        target: subject to send it to; empty for the agent ``registration``.
        compressed: by gzip.
    """

    file: Annotated[Path | None, Of("plugin.choria.registration.file_content.data")]
    target: Annotated[str, Of("plugin.choria.registration.file_content.target")]
    compressed: Annotated[bool, Of("plugin.choria.registration.file_content.compression")]


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryRegistration:
    """Registration of the inventory; fields as in :class:`FileRegistration`."""

    target: Annotated[str, Of("plugin.choria.registration.inventory_content.target")]
    compressed: Annotated[bool, Of("plugin.choria.registration.inventory_content.compression")]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticsFiles:
    """Files of the registration ``choria``; ``%s`` in them stands for the node.

    Attributes:
        file: of statistics; None for ``choria-stats.json`` beside the log.
        prometheus_file: the same for node_exporter; None for none.
    """

    file: Annotated[Path | None, Of("plugin.choria.registration.file")]
    prometheus_file: Annotated[Path | None, Of("plugin.choria.registration.prometheus_file")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What a server tells of itself, and when.

    Attributes:
        plugins: names of what to send; empty for nothing.
        splay: wait a random part of the interval before the first one.
        size_trigger_bytes: change of size that makes one come early; 0 for none.
        size_interval_seconds: time between two looks at the size.
    """

    plugins: Annotated[tuple[str, ...], Of("registration")]
    collective: Annotated[str, Of("registration_collective")]
    interval_seconds: Annotated[int, Of("registerinterval")]
    splay: Annotated[bool, Of("registration_splay")]
    file_content: FileRegistration
    inventory_content: InventoryRegistration
    statistics: StatisticsFiles
    size_trigger_bytes: Annotated[int, Of("plugin.choria.registration.size_trigger")]
    size_interval_seconds: Annotated[int, Of("plugin.choria.registration.size_interval")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """The audit log.

    Attributes:
        configured_provider: the auditor as the configuration names it, ``Choria``.
        file: None where not set; then most auditors keep nothing.
        group: that the file is given to; empty to leave it.
        mode: that the file is made with, a number.
    """

    enabled: Annotated[bool, Of("rpcaudit")]
    configured_provider: Annotated[str, Of("rpcauditprovider")]
    file: Annotated[Path | None, Of("plugin.rpcaudit.logfile")]
    group: Annotated[str, Of("plugin.rpcaudit.logfile.group")]
    mode: Annotated[int, Of("plugin.rpcaudit.logfile.mode")]

    @property
    def provider(self) -> str:
        """The auditor, ``choria``."""
        return self.configured_provider.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """Who may run which action.

    Attributes:
        configured_provider: the authorizer as the configuration names it, ``Action_policy``.
        allow_unconfigured: allow what no policy file speaks of.
        use_default_policy: for agents that have no policy file.
        default_policy: file name of that one, without ``.policy``.
    """

    enabled: Annotated[bool, Of("rpcauthorization")]
    configured_provider: Annotated[str, Of("rpcauthprovider")]
    allow_unconfigured: Annotated[bool, Of("plugin.actionpolicy.allow_unconfigured")]
    use_default_policy: Annotated[bool, Of("plugin.actionpolicy.enable_default")]
    default_policy: Annotated[str, Of("plugin.actionpolicy.default_name")]

    @property
    def provider(self) -> str:
        """The authorizer, ``action_policy``."""
        return self.configured_provider.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """Statistics over HTTP; port 0 for none."""

    address: Annotated[str, Of("plugin.choria.stats_address")]
    port: Annotated[int, Of("plugin.choria.stats_port")]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusFile:
    """The status file; None for none."""

    path: Annotated[Path | None, Of("plugin.choria.status_file_path")]
    interval_seconds: Annotated[int, Of("plugin.choria.status_update_interval")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSecurity(Security):
    """Security of a server.

    Attributes:
        sign_replies: with the provider ``choria``.
        privileged_callers: patterns of certificate names that may speak for others.
        allowed_callers: patterns of certificate names that may be clients.
        anonymous_tls: connect with the token in ``token_file`` in place of a certificate.
        token_file, seed_file: for that.
    """

    sign_replies: Annotated[bool, Of("plugin.security.choria.sign_replies")]
    privileged_callers: Annotated[tuple[str, ...], Of("plugin.choria.security.privileged_users")]
    allowed_callers: Annotated[tuple[str, ...], Of("plugin.choria.security.certname_whitelist")]
    anonymous_tls: Annotated[bool, Of("plugin.security.server_anon_tls")]
    token_file: Annotated[Path | None, Of("plugin.choria.security.server.token_file")]
    seed_file: Annotated[Path | None, Of("plugin.choria.security.server.seed_file")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """Everything that a server is told.

    Attributes:
        file: the main file.
        certname: the name that certificates know this server by.
        request_ttl_seconds: of the requests that registration sends.
        settings: every value with its origin, and the raw options for plugins.
        warnings: what the reader of the log should know.
    """

    file: Path
    identity: Annotated[str, Of("identity")]
    certname: str
    collectives: Annotated[tuple[str, ...], Of("collectives")]
    main_collective: Annotated[str, Of("main_collective")]
    log: Log
    brokers: Brokers
    security: ServerSecurity
    registration: Registration
    audit: Audit
    authorization: Authorization
    statistics: Statistics
    status: StatusFile
    fact_files: Annotated[tuple[Path, ...], Of("plugin.yaml")]
    class_file: Annotated[Path | None, Of("classesfile")]
    library_folders: Annotated[tuple[Path, ...], Of("libdir")]
    request_ttl_seconds: Annotated[int, Of("ttl")]
    shutdown_seconds: Annotated[int, Of("soft_shutdown_timeout")]
    legacy_lifecycle: Annotated[bool, Of("plugin.choria.legacy_lifecycle_format")]
    settings: Settings
    warnings: tuple[Problem, ...]

    @property
    def policy_folder(self) -> Path:
        """Where action policies are: ``policies`` beside the main file."""
        return self.file.parent / "policies"

    def option(self, key: str, default: str = "") -> str:
        """The text of any key, for plugins."""
        return self.settings.option(key, default)


def server_config(
    settings: Settings, protection: Protection, certname: str, warnings: tuple[Problem, ...]
) -> ServerConfig:
    """The record of what was read for a server."""
    security = build(ServerSecurity, settings, issuers=issuers(settings), protection=protection)
    return build(
        ServerConfig,
        settings,
        file=Path(settings.main_file),
        certname=certname,
        security=security,
        settings=settings,
        warnings=warnings,
    )
