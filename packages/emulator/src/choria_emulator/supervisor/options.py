"""What the command line asks of a fleet."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from choria_emulator.fleet.plan import FleetPlan

STORM_AFTER_SECONDS: Final = 10.0
"""From the moment when all nodes are there to a storm that was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmulateOptions:
    """A fleet, where it runs and how it is shown.

    Attributes:
        plan: of the nodes.
        servers: brokers; empty for those of the configuration, or brokers of our own.
        config_file: of a Choria server; None for none.
        brokers: so many of our own; 0 for as many as it takes.
        workers: processes; 0 for as many as it takes.
        has_tls, verifies: how connections are protected.
        is_secure: whether requests must be signed.
        credentials_file: for NATS; None for what the configuration says.
        audit_pattern: path of audit files with ``%s``; empty for none.
        registrations: plugins by which nodes register; none for their facts alone.
        may_exit: whether the action ``exit_emulator`` does.
        http_host, http_port: of the live page; port 0 for a free one.
        may_control: whether the live page may change the fleet.
        connects_per_second: 0 for as many as go.
        source_addresses: that connections come from; empty for our choice.
        monitor_urls: of brokers that are not our own.
        duration_seconds: how long it runs once all nodes are there; None for ever.
        storm: whether all connections are cut once.
        written_config: folder for a client's configuration; None for none.
        fleet_file: that the plan was read from; None where options alone made it.
        reread: reads that file again.
        shows_view: whether a terminal shows how it goes.
    """

    plan: FleetPlan
    servers: tuple[str, ...] = ()
    config_file: Path | None = None
    brokers: int = 0
    workers: int = 0
    has_tls: bool = False
    verifies: bool = False
    is_secure: bool = False
    credentials_file: Path | None = None
    audit_pattern: str = ""
    registrations: tuple[str, ...] = ()
    may_exit: bool = False
    http_host: str = ""
    http_port: int = 8080
    may_control: bool = True
    connects_per_second: float = 0.0
    source_addresses: tuple[str, ...] = field(default_factory=tuple)
    monitor_urls: tuple[str, ...] = field(default_factory=tuple)
    duration_seconds: float | None = None
    storm: bool = False
    written_config: Path | None = None
    fleet_file: Path | None = None
    reread: Callable[[], FleetPlan] | None = None
    shows_view: bool = True
