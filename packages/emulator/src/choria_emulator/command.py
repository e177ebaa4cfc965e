"""``choria emulate``: run many Choria nodes on this machine."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from choria_core.errors import UsageError
from choria_core.event_loop import run_until_stopped

if TYPE_CHECKING:
    from choria_emulator.fleet.plan import Behaviour, FleetPlan, Group

Profile = Literal["original", "stock"]

_FLEET, _NETWORK, _LIFE, _LOOK = "The fleet", "Brokers", "Real life", "Watching"


def emulate(  # noqa: PLR0913 - each is an option
    *,
    instances: Annotated[
        int | None,
        typer.Option("--instances", "-i", min=1, help="Nodes to run.", rich_help_panel=_FLEET),
    ] = None,
    fleet: Annotated[
        Path | None,
        typer.Option(
            "--fleet",
            help="File that describes the nodes in groups; options are its defaults.",
            rich_help_panel=_FLEET,
            dir_okay=False,
        ),
    ] = None,
    name: Annotated[
        str,
        typer.Option(
            metavar="PREFIX",
            help="Nodes are PREFIX-1 and so on; by default this host's name.",
            rich_help_panel=_FLEET,
            show_default=False,
        ),
    ] = "",
    offset: Annotated[
        int,
        typer.Option(min=0, help="The first node is number 1 + OFFSET.", rich_help_panel=_FLEET),
    ] = 0,
    agents: Annotated[
        int,
        typer.Option(
            "--agents", "-a", min=0, help="Agents emulated0 and so on.", rich_help_panel=_FLEET
        ),
    ] = 1,
    collectives: Annotated[
        int,
        typer.Option(
            min=1, help="Collectives: mcollective, collective1 and so on.", rich_help_panel=_FLEET
        ),
    ] = 1,
    profile: Annotated[
        Profile,
        typer.Option(
            help="Other agents: those of the original's nodes, or of a stock server with scout.",
            rich_help_panel=_FLEET,
        ),
    ] = "original",
    workers: Annotated[
        int,
        typer.Option(
            metavar="COUNT",
            min=0,
            help="Processes that share the nodes; by default as many as it takes.",
            rich_help_panel=_FLEET,
            show_default=False,
        ),
    ] = 0,
    random_seed: Annotated[
        int, typer.Option(help="Of all that chance decides.", rich_help_panel=_FLEET)
    ] = 0,
    duration: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="End so long after all nodes are there.",
            rich_help_panel=_FLEET,
        ),
    ] = None,
    schema: Annotated[
        bool,
        typer.Option(
            "--schema", help="Print the JSON schema of fleet files and end.", rich_help_panel=_FLEET
        ),
    ] = False,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            "-c",
            help="Choria configuration: brokers, security, policies.",
            rich_help_panel=_NETWORK,
        ),
    ] = None,
    server: Annotated[
        list[str] | None,
        typer.Option(
            metavar="HOST:PORT",
            help="Broker, instead of the configuration's; may be repeated.",
            rich_help_panel=_NETWORK,
        ),
    ] = None,
    brokers: Annotated[
        int,
        typer.Option(
            metavar="COUNT",
            min=0,
            help="Brokers to start where none is named; by default as many as it takes.",
            rich_help_panel=_NETWORK,
            show_default=False,
        ),
    ] = 0,
    tls: Annotated[
        bool,
        typer.Option("--tls", help="Connect to brokers with TLS.", rich_help_panel=_NETWORK),
    ] = False,
    verify: Annotated[
        bool,
        typer.Option(
            "--verify", help="Verify the brokers' certificates.", rich_help_panel=_NETWORK
        ),
    ] = False,
    secure: Annotated[
        bool,
        typer.Option(
            "--secure",
            help="Take signed requests only, and obey policies.",
            rich_help_panel=_NETWORK,
        ),
    ] = False,
    credentials: Annotated[
        Path | None,
        typer.Option(
            help="NATS credentials file.",
            exists=True,
            dir_okay=False,
            rich_help_panel=_NETWORK,
        ),
    ] = None,
    source: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ADDRESS",
            help="Local address that connections come from; may be repeated.",
            rich_help_panel=_NETWORK,
        ),
    ] = None,
    ramp: Annotated[
        str | None,
        typer.Option(
            metavar="RATE",
            help="Connect no faster than this, as 500/s.",
            rich_help_panel=_NETWORK,
        ),
    ] = None,
    write_config: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            file_okay=False,
            help="Write the configuration of a client of this fleet there.",
            rich_help_panel=_NETWORK,
        ),
    ] = None,
    churn: Annotated[
        str | None,
        typer.Option(
            metavar="RATE",
            help="Share of the nodes that lose their connection, as 1%/m.",
            rich_help_panel=_LIFE,
        ),
    ] = None,
    latency: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Time to think, as 20ms±10ms.", rich_help_panel=_LIFE),
    ] = None,
    slow: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE",
            help="Share of the nodes that are slow, as 1% or 1%:5s.",
            rich_help_panel=_LIFE,
        ),
    ] = None,
    drop: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE", help="Share of the requests left unanswered.", rich_help_panel=_LIFE
        ),
    ] = None,
    fail: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE",
            help="Share of the requests answered with a failure.",
            rich_help_panel=_LIFE,
        ),
    ] = None,
    registration: Annotated[
        bool,
        typer.Option(
            "--registration", help="Have nodes publish their facts.", rich_help_panel=_LIFE
        ),
    ] = False,
    registration_interval: Annotated[
        str,
        typer.Option(metavar="TIME", help="How often each does.", rich_help_panel=_LIFE),
    ] = "300s",
    reconnect_storm: Annotated[
        bool,
        typer.Option(
            "--reconnect-storm",
            help="Cut all connections at once, 10 seconds after all are there.",
            rich_help_panel=_LIFE,
        ),
    ] = False,
    allow_exit: Annotated[
        bool,
        typer.Option(
            "--allow-exit",
            help="Let callers end this program by the action exit_emulator.",
            rich_help_panel=_LIFE,
        ),
    ] = False,
    audit: Annotated[
        str,
        typer.Option(
            metavar="FORMAT",
            help="Audit files, %s standing for the node, as /tmp/audit-%s.log.",
            rich_help_panel=_LOOK,
        ),
    ] = "",
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
    ] = 8080,
    http_host: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            help="Where it listens; by default everywhere.",
            rich_help_panel=_LOOK,
            show_default=False,
        ),
    ] = "",
    read_only: Annotated[
        bool,
        typer.Option("--read-only", help="Let the page change nothing.", rich_help_panel=_LOOK),
    ] = False,
    monitor: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL",
            help="Monitor of a broker, to show its memory; may be repeated.",
            rich_help_panel=_LOOK,
        ),
    ] = None,
    no_view: Annotated[
        bool,
        typer.Option("--no-view", help="Print lines also on a terminal.", rich_help_panel=_LOOK),
    ] = False,
) -> None:
    """Run many Choria nodes, each with its own connection to a broker.

    Brokers are those of --server, or else of --config, or else some are started.  SIGINT and
    SIGTERM have all nodes say goodbye; SIGUSR1 reads the fleet file again, or without one adds
    a tenth of the nodes, which SIGUSR2 takes away.

    Ends with 0 when stopped, 2 for wrong options, 3 when brokers refuse us.
    """
    from choria_core.durations import parse_choria_duration
    from choria_emulator.fleet import shares
    from choria_emulator.fleet.plan import Behaviour

    if schema:
        _print_schema()
        return
    slow_share, slow_seconds = shares.parse_slow(slow) if slow else (0.0, 1.0)
    behaviour = Behaviour(
        latency=shares.parse_latency(latency) if latency else None,
        slow=slow_share,
        slow_seconds=slow_seconds,
        drop=shares.parse_share(drop) if drop else 0.0,
        fail=shares.parse_share(fail) if fail else 0.0,
        churn=shares.parse_churn(churn) if churn else 0.0,
        registration_seconds=parse_choria_duration(registration_interval) if registration else None,
    )
    group = _group(name, offset, agents, collectives, profile, behaviour, instances or 0)
    plan = _plan(fleet, group, instances, random_seed)
    from choria_emulator.supervisor.options import EmulateOptions
    from choria_emulator.supervisor.run import run_fleet

    options = EmulateOptions(
        plan=plan,
        servers=tuple(server or ()),
        config_file=config,
        brokers=brokers,
        workers=workers,
        has_tls=tls,
        verifies=verify,
        is_secure=secure,
        credentials_file=credentials,
        audit_pattern=audit,
        may_exit=allow_exit,
        http_host=http_host,
        http_port=http_port,
        may_control=not read_only,
        connects_per_second=shares.parse_rate(ramp) if ramp else 0.0,
        source_addresses=tuple(source or ()),
        monitor_urls=tuple(monitor or ()),
        duration_seconds=parse_choria_duration(duration) if duration else None,
        storm=reconnect_storm,
        written_config=write_config,
        fleet_file=fleet,
        reread=lambda: _plan(fleet, group, instances, random_seed),
        shows_view=not no_view and sys.stderr.isatty(),
    )
    run_until_stopped(lambda stop: run_fleet(options, stop))


def _group(
    name: str,
    offset: int,
    agents: int,
    collectives: int,
    profile: Profile,
    behaviour: "Behaviour",
    count: int,
) -> "Group":
    import socket

    from choria_core.protocol.names import is_identity
    from choria_emulator.fleet.plan import (
        BUILTIN_AGENTS,
        STOCK_AGENTS,
        Group,
        collective_names,
        emulated_agents,
    )

    prefix = name or socket.gethostname()
    if not is_identity(prefix):
        raise UsageError(f"--name {prefix}: a name has letters, digits, '.', '-' and '_' only")
    return Group(
        name=prefix,
        prefix=prefix,
        count=count,
        offset=offset,
        agents=(
            *(STOCK_AGENTS if profile == "stock" else BUILTIN_AGENTS),
            *emulated_agents(agents),
        ),
        collectives=collective_names(collectives),
        behaviour=behaviour,
    )


def _plan(
    fleet: Path | None, group: "Group", instances: int | None, random_seed: int
) -> "FleetPlan":
    from choria_emulator.fleet.document import load_plan
    from choria_emulator.fleet.plan import FleetPlan

    if fleet is not None:
        if instances is not None:
            raise UsageError("--instances and --fleet exclude each other: the file has the counts")
        return load_plan(fleet, defaults=group, seed=random_seed)
    if instances is None:
        raise UsageError("say how many nodes: --instances COUNT, or --fleet FILE")
    return FleetPlan(groups=(group,), seed=random_seed)


def _print_schema() -> None:
    import json

    from choria_emulator.fleet.schema import fleet_schema

    typer.echo(json.dumps(fleet_schema(), indent=2))
