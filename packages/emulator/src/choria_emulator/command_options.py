"""The options of ``choria emulate``, in groups."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

Profile = Literal["original", "stock"]
Texts = list[str] | None

_FLEET, _NETWORK, _LIFE, _LOOK = "The fleet", "Brokers", "Real life", "Watching"


@dataclass(frozen=True)
class FleetOptions:
    """Which nodes there are, and for how long."""

    instances: Annotated[
        int | None,
        typer.Option("--instances", "-i", min=1, help="Nodes to run.", rich_help_panel=_FLEET),
    ] = None
    fleet: Annotated[
        Path | None,
        typer.Option(
            "--fleet",
            help="File that describes the nodes in groups; options are its defaults.",
            rich_help_panel=_FLEET,
            dir_okay=False,
        ),
    ] = None
    name: Annotated[
        str,
        typer.Option(
            metavar="PREFIX",
            help="Nodes are PREFIX-1 and so on; by default this host's name.",
            rich_help_panel=_FLEET,
            show_default=False,
        ),
    ] = ""
    offset: Annotated[
        int,
        typer.Option(min=0, help="The first node is number 1 + OFFSET.", rich_help_panel=_FLEET),
    ] = 0
    agents: Annotated[
        int,
        typer.Option(
            "--agents", "-a", min=0, help="Agents emulated0 and so on.", rich_help_panel=_FLEET
        ),
    ] = 1
    collectives: Annotated[
        int,
        typer.Option(
            min=1, help="Collectives: mcollective, collective1 and so on.", rich_help_panel=_FLEET
        ),
    ] = 1
    profile: Annotated[
        Profile,
        typer.Option(
            help="Other agents: those of the original's nodes, or of a stock server with scout.",
            rich_help_panel=_FLEET,
        ),
    ] = "original"
    workers: Annotated[
        int,
        typer.Option(
            metavar="COUNT",
            min=0,
            help="Processes that share the nodes; by default as many as it takes.",
            rich_help_panel=_FLEET,
            show_default=False,
        ),
    ] = 0
    random_seed: Annotated[
        int, typer.Option(help="Of all that chance decides.", rich_help_panel=_FLEET)
    ] = 0
    duration: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="End so long after all nodes are there.",
            rich_help_panel=_FLEET,
        ),
    ] = None
    schema: Annotated[
        bool,
        typer.Option(
            "--schema", help="Print the JSON schema of fleet files and end.", rich_help_panel=_FLEET
        ),
    ] = False


@dataclass(frozen=True)
class BrokerOptions:
    """Where nodes connect, and how."""

    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            "-c",
            help="Choria configuration: brokers, security, policies.",
            rich_help_panel=_NETWORK,
        ),
    ] = None
    server: Annotated[
        Texts,
        typer.Option(
            metavar="HOST:PORT",
            help="Broker, instead of the configuration's; may be repeated.",
            rich_help_panel=_NETWORK,
        ),
    ] = None
    brokers: Annotated[
        int,
        typer.Option(
            metavar="COUNT",
            min=0,
            help="Brokers to start where none is named; by default as many as it takes.",
            rich_help_panel=_NETWORK,
            show_default=False,
        ),
    ] = 0
    tls: Annotated[
        bool,
        typer.Option("--tls", help="Connect to brokers with TLS.", rich_help_panel=_NETWORK),
    ] = False
    verify: Annotated[
        bool,
        typer.Option(
            "--verify", help="Verify the brokers' certificates.", rich_help_panel=_NETWORK
        ),
    ] = False
    secure: Annotated[
        bool,
        typer.Option(
            "--secure",
            help="Take signed requests only, and obey policies.",
            rich_help_panel=_NETWORK,
        ),
    ] = False
    credentials: Annotated[
        Path | None,
        typer.Option(
            help="NATS credentials file.",
            exists=True,
            dir_okay=False,
            rich_help_panel=_NETWORK,
        ),
    ] = None
    source: Annotated[
        Texts,
        typer.Option(
            metavar="ADDRESS",
            help="Local address that connections come from; may be repeated.",
            rich_help_panel=_NETWORK,
        ),
    ] = None
    ramp: Annotated[
        str | None,
        typer.Option(
            metavar="RATE",
            help="Connect no faster than this, as 500/s.",
            rich_help_panel=_NETWORK,
        ),
    ] = None
    write_config: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            file_okay=False,
            help="Write the configuration of a client of this fleet there.",
            rich_help_panel=_NETWORK,
        ),
    ] = None


@dataclass(frozen=True)
class LifeOptions:
    """What happens to nodes."""

    churn: Annotated[
        str | None,
        typer.Option(
            metavar="RATE",
            help="Share of the nodes that lose their connection, as 1%/m.",
            rich_help_panel=_LIFE,
        ),
    ] = None
    latency: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Time to think, as 20ms±10ms.", rich_help_panel=_LIFE),
    ] = None
    slow: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE",
            help="Share of the nodes that are slow, as 1% or 1%:5s.",
            rich_help_panel=_LIFE,
        ),
    ] = None
    drop: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE", help="Share of the requests left unanswered.", rich_help_panel=_LIFE
        ),
    ] = None
    fail: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE",
            help="Share of the requests answered with a failure.",
            rich_help_panel=_LIFE,
        ),
    ] = None
    registration: Annotated[
        bool,
        typer.Option(
            "--registration", help="Have nodes publish their facts.", rich_help_panel=_LIFE
        ),
    ] = False
    registration_interval: Annotated[
        str,
        typer.Option(metavar="TIME", help="How often each does.", rich_help_panel=_LIFE),
    ] = "300s"
    registration_plugin: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Have them register by this plugin, in place of their facts; repeat for more.",
            rich_help_panel=_LIFE,
        ),
    ] = None
    reconnect_storm: Annotated[
        bool,
        typer.Option(
            "--reconnect-storm",
            help="Cut all connections at once, 10 seconds after all are there.",
            rich_help_panel=_LIFE,
        ),
    ] = False
    allow_exit: Annotated[
        bool,
        typer.Option(
            "--allow-exit",
            help="Let callers end this program by the action exit_emulator.",
            rich_help_panel=_LIFE,
        ),
    ] = False


@dataclass(frozen=True)
class LookOptions:
    """How the fleet is shown."""

    audit: Annotated[
        str,
        typer.Option(
            metavar="FORMAT",
            help="Audit files, %s standing for the node, as /tmp/audit-%s.log.",
            rich_help_panel=_LOOK,
        ),
    ] = ""
    http_port: Annotated[
        int,
        typer.Option(
            "--http-port",
            "-p",
            min=0,
            max=65_535,
            help="Port of the live page, /metrics, /healthz and /debug/vars; 0 for a free one.",
            rich_help_panel=_LOOK,
        ),
    ] = 8080
    http_host: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            help="Where it listens; by default everywhere.",
            rich_help_panel=_LOOK,
            show_default=False,
        ),
    ] = ""
    read_only: Annotated[
        bool,
        typer.Option("--read-only", help="Let the page change nothing.", rich_help_panel=_LOOK),
    ] = False
    monitor: Annotated[
        Texts,
        typer.Option(
            metavar="URL",
            help="Monitor of a broker, to show its memory; may be repeated.",
            rich_help_panel=_LOOK,
        ),
    ] = None
    no_view: Annotated[
        bool,
        typer.Option("--no-view", help="Print lines also on a terminal.", rich_help_panel=_LOOK),
    ] = False
