"""The ports of one embedded broker: chosen before its start, kept over restarts."""

from collections.abc import Mapping

from choria_core.broker.free_port import is_free, pick_port
from choria_core.broker.options import BrokerOptions, BrokerPorts
from choria_core.errors import UsageError

_SYSTEMS_CHOICE = 0


def choose_ports(options: BrokerOptions) -> BrokerPorts:
    """The ports that ``options`` names, and free ones where it leaves the choice.

    Raises:
        UsageError: the host is not this machine.
        OSError: no free port could be found.
    """
    if not is_free(options.host, _SYSTEMS_CHOICE):
        raise UsageError(
            f"{options.host!r} is no address of this machine: "
            "name one that it has, for example 127.0.0.1"
        )
    chosen: dict[str, int] = {}
    for kind, wanted in _wanted(options).items():
        free = is_free_choice(wanted)
        taken = chosen.values()
        chosen[kind] = pick_port(options.host, besides=taken) if free else wanted
    return BrokerPorts(**chosen)


def taken_ports(options: BrokerOptions, ports: BrokerPorts) -> dict[str, int]:
    """Those of ``ports`` that another program listens on, by what they are for."""
    return {kind: port for kind, port in ports.by_kind().items() if not is_free(options.host, port)}


def fixed_ports(options: BrokerOptions) -> Mapping[str, int]:
    """The ports that ``options`` names, by what they are for."""
    return {kind: port for kind, port in _wanted(options).items() if not is_free_choice(port)}


def is_free_choice(port: int) -> bool:
    """Whether ``port`` stands for any free one."""
    return port <= 0


def _wanted(options: BrokerOptions) -> dict[str, int]:
    cluster = options.cluster.port if options.cluster else None
    leafnode = options.leafnode.port if options.leafnode else None
    return BrokerPorts(options.port, options.monitor_port, cluster, leafnode).by_kind()
