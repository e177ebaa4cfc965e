"""``choria emulate``: run many Choria nodes on this machine."""

import sys
from typing import TYPE_CHECKING, TypeVar

import typer

from choria_core.commands.option_groups import with_option_groups
from choria_core.errors import ConfigError, UsageError
from choria_core.event_loop import run_until_stopped
from choria_emulator.command_options import (
    BrokerOptions,
    FleetOptions,
    LifeOptions,
    LookOptions,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from choria_emulator.fleet.plan import Behaviour, FleetPlan, Group
    from choria_emulator.supervisor.options import EmulateOptions

Value = TypeVar("Value")


@with_option_groups
def emulate(
    *, fleet: FleetOptions, brokers: BrokerOptions, life: LifeOptions, look: LookOptions
) -> None:
    """Run many Choria nodes, each with its own connection to a broker.

    Brokers are those of --server, or else of --config, or else are started.

    SIGINT and SIGTERM have all nodes say goodbye.  SIGUSR1 reads the fleet
    file again, or without one adds a tenth of the nodes; SIGUSR2 takes as
    many away.

    Ends with 0 when stopped, 1 when a broker or worker of its own fails,
    2 for wrong options.
    """
    if fleet.schema:
        _print_schema()
        return
    options = _options(fleet, brokers, life, look)
    from choria_emulator.supervisor.run import run_fleet

    run_until_stopped(lambda stop: run_fleet(options, stop, say=_say))


def _say(text: str) -> None:
    typer.echo(text)
    sys.stdout.flush()


def _options(
    fleet: FleetOptions, brokers: BrokerOptions, life: LifeOptions, look: LookOptions
) -> "EmulateOptions":
    from choria_emulator.fleet.shares import parse_rate
    from choria_emulator.node.audit import check_pattern
    from choria_emulator.supervisor.options import STORM_AFTER_SECONDS, EmulateOptions

    if look.audit:
        check_pattern(look.audit)
    group = _group(fleet, _behaviour(life))
    duration: float | None = _read("--duration", _seconds, fleet.duration, None)
    if life.reconnect_storm and duration is not None and duration <= STORM_AFTER_SECONDS:
        raise UsageError(
            f"--duration {fleet.duration}: the storm comes {STORM_AFTER_SECONDS:g} seconds after "
            "all nodes are there; run longer"
        )
    return EmulateOptions(
        plan=_plan(fleet, group),
        servers=tuple(brokers.server or ()),
        config_file=brokers.config,
        brokers=brokers.brokers,
        workers=fleet.workers,
        has_tls=brokers.tls,
        verifies=brokers.verify,
        is_secure=brokers.secure,
        credentials_file=brokers.credentials,
        audit_pattern=look.audit,
        registrations=tuple(life.registration_plugin or ()),
        may_exit=life.allow_exit,
        http_host=look.http_host,
        http_port=look.http_port,
        may_control=not look.read_only,
        connects_per_second=_read("--ramp", parse_rate, brokers.ramp, 0.0),
        source_addresses=tuple(brokers.source or ()),
        monitor_urls=tuple(look.monitor or ()),
        duration_seconds=duration,
        storm=life.reconnect_storm,
        written_config=brokers.write_config,
        fleet_file=fleet.fleet,
        reread=lambda: _plan(fleet, group),
        shows_view=not look.no_view and sys.stderr.isatty(),
    )


def _behaviour(life: LifeOptions) -> "Behaviour":
    from choria_emulator.fleet import shares
    from choria_emulator.fleet.plan import Behaviour

    usual = Behaviour()
    slow, late = _read("--slow", shares.parse_slow, life.slow, (usual.slow, usual.slow_seconds))
    registers = life.registration or life.registration_plugin
    interval = life.registration_interval if registers else None
    return Behaviour(
        latency=_read("--latency", shares.parse_latency, life.latency, usual.latency),
        slow=slow,
        slow_seconds=late,
        drop=_read("--drop", shares.parse_share, life.drop, usual.drop),
        fail=_read("--fail", shares.parse_share, life.fail, usual.fail),
        churn=_read("--churn", shares.parse_churn, life.churn, usual.churn),
        registration_seconds=_read("--registration-interval", _seconds, interval, None),
    )


def _read(
    option: str, parse: "Callable[[str], Value]", text: str | None, default: "Value"
) -> "Value":
    """What an option says; ``default`` where it is not given.

    Raises:
        UsageError: it cannot be understood; the message names it.
    """
    if text is None:
        return default
    try:
        return parse(text)
    except (UsageError, ConfigError) as error:
        raise UsageError(f"{option}: {error}") from error


def _seconds(text: str) -> float:
    from choria_core.durations import parse_choria_duration

    seconds = parse_choria_duration(text)
    if seconds < 1:
        raise UsageError(f"{text} is not even a second: write 1s or more")
    return seconds


def _group(fleet: FleetOptions, behaviour: "Behaviour") -> "Group":
    """All nodes that the options alone describe; the defaults of those in a file."""
    import socket

    from choria_core.protocol.names import is_identity
    from choria_emulator.fleet import plan

    prefix = fleet.name or socket.gethostname()
    if not is_identity(prefix):
        raise UsageError(f"--name {prefix}: a name has letters, digits, '.', '-' and '_' only")
    builtin = plan.STOCK_AGENTS if fleet.profile == "stock" else plan.BUILTIN_AGENTS
    return plan.Group(
        name=prefix,
        prefix=prefix,
        count=fleet.instances or 0,
        offset=fleet.offset,
        agents=(*builtin, *plan.emulated_agents(fleet.agents)),
        collectives=plan.collective_names(fleet.collectives),
        behaviour=behaviour,
    )


def _plan(fleet: FleetOptions, group: "Group") -> "FleetPlan":
    from choria_emulator.fleet.document import load_plan
    from choria_emulator.fleet.plan import FleetPlan

    if fleet.fleet is not None:
        if fleet.instances is not None:
            raise UsageError("--instances and --fleet exclude each other: the file has the counts")
        return load_plan(fleet.fleet, defaults=group, seed=fleet.random_seed)
    if fleet.instances is None:
        raise UsageError("say how many nodes: --instances COUNT, or --fleet FILE")
    return FleetPlan(groups=(group,), seed=fleet.random_seed)


def _print_schema() -> None:
    import json

    from choria_emulator.fleet.document_schema import fleet_schema

    typer.echo(json.dumps(fleet_schema(), indent=2))
