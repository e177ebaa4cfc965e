"""How many processes and brokers a fleet takes on one machine.  Pure.

Every connection is an open file, at both of its ends.  A process gets a part of the files that
the machine allows it; the rest is for its own.
"""

from dataclasses import dataclass
from typing import Final

from choria_core.errors import UsageError

SHARE_OF_FILES: Final = 0.9
"""Of a process's files, what may be connections of nodes."""

NODES_PER_WORKER: Final = 2_000
"""So many nodes keep one process busy enough; fewer are not spread over more."""

IDLE_WORKER_BYTES: Final = 25_000_000
NODE_BYTES: Final = 4_000
TLS_NODE_BYTES: Final = 34_000
KERNEL_BYTES: Final = 8_000
"""Of the system, for both ends of a connection on this machine."""

BROKER_BYTES: Final = 20_000_000
BROKER_CONNECTION_BYTES: Final = 70_000
"""While a request to all is being answered; idle ones have half of it."""

BROKER_SUBSCRIPTION_BYTES: Final = 360

FEW_NODES: Final = 2_000
"""So few are tried in passing: nobody asks what survives a broker."""

_MB: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What shall run.

    Attributes:
        nodes: connections.
        subscriptions: of all nodes together.
        workers, brokers: as the user says; 0 for as many as it takes.
        own_brokers: whether brokers are started here.
        has_tls: whether connections are encrypted.
    """

    nodes: int
    subscriptions: int = 0
    workers: int = 0
    brokers: int = 0
    own_brokers: bool = True
    has_tls: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What there is.

    Attributes:
        files: that a process may have open.
        cpus: that can be used.
        memory_bytes: available; None when the system does not say.
        ports: for outgoing connections from one address to one broker.
    """

    files: int
    cpus: int = 1
    memory_bytes: int | None = None
    ports: int = 28_232


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """How a fleet is shared out.

    Attributes:
        workers: processes that run nodes.
        brokers: of our own; 0 when others are used.
        survives_loss: whether the nodes of a lost broker fit on the others.
        memory_bytes: that all of it will take, roughly.
        notes: for people, before anything starts.
    """

    workers: int
    brokers: int
    survives_loss: bool
    memory_bytes: int
    notes: tuple[str, ...] = ()


def most_connections(files: int) -> int:
    """How many nodes' connections a process holds that may have ``files`` open files."""
    return max(1, int(files * SHARE_OF_FILES))


def least_holders(nodes: int, files: int) -> int:
    """How many processes, or brokers, hold so many connections."""
    return max(1, -(-nodes // most_connections(files)))


def surviving_brokers(nodes: int, files: int) -> int:
    """How many brokers hold all connections when one of them is lost."""
    return least_holders(nodes, files) + 1


def plan_capacity(wanted: Wanted, machine: Machine) -> Capacity:
    """Share a fleet out.

    Raises:
        UsageError: it does not fit into the processes or brokers that the user wants.
    """
    workers, brokers = _workers(wanted, machine), _brokers(wanted, machine)
    survives = bool(brokers) and brokers >= surviving_brokers(wanted.nodes, machine.files)
    memory = memory_estimate(wanted, workers=workers, brokers=brokers)
    notes = (
        _broker_note(wanted, machine, brokers, survives=survives),
        _memory_note(memory, machine),
    )
    return Capacity(
        workers=workers,
        brokers=brokers,
        survives_loss=survives,
        memory_bytes=memory,
        notes=tuple(note for note in notes if note),
    )


def memory_estimate(wanted: Wanted, *, workers: int, brokers: int) -> int:
    """Bytes that workers and our own brokers take while a request to all is answered."""
    node = NODE_BYTES + KERNEL_BYTES + (TLS_NODE_BYTES if wanted.has_tls else 0)
    total = workers * IDLE_WORKER_BYTES + wanted.nodes * node
    if brokers:
        total += brokers * BROKER_BYTES + wanted.nodes * BROKER_CONNECTION_BYTES
        total += wanted.subscriptions * BROKER_SUBSCRIPTION_BYTES
    return total


def most_by_ports(*, brokers: int, sources: int, ports: int) -> int:
    """How many connections there are ports for; arguments as of :func:`check_ports`."""
    return brokers * max(1, sources) * ports


def check_ports(nodes: int, *, brokers: int, sources: int, ports: int) -> None:
    """Refuse more connections than there are ports for.

    Args:
        nodes: connections.
        brokers: that they go to.
        sources: addresses that they come from; 0 when the system chooses its only one.
        ports: of one address, to one broker.

    Raises:
        UsageError: there are too few.
    """
    room = most_by_ports(brokers=brokers, sources=sources, ports=ports)
    if nodes > room:
        needed = -(-nodes // (brokers * ports))
        raise UsageError(
            f"{nodes} nodes: an address has {ports} ports to each broker, and there are "
            f"{_count(brokers, 'broker')} and {_count(max(1, sources), 'address', 'addresses')}, "
            f"which allows {room} connections: name {needed} addresses of this machine with "
            "--source, or widen net.ipv4.ip_local_port_range"
        )


def _workers(wanted: Wanted, machine: Machine) -> int:
    least = least_holders(wanted.nodes, machine.files)
    if not wanted.workers:
        return max(least, min(machine.cpus, -(-wanted.nodes // NODES_PER_WORKER)))
    if wanted.workers < least:
        raise UsageError(
            f"--workers {wanted.workers}: a process may have {machine.files} open files here and "
            f"holds {most_connections(machine.files)} nodes, so {wanted.nodes} nodes take "
            f"--workers {least}; or allow more files ({_more_files(wanted.nodes, wanted.workers)})"
        )
    return wanted.workers


def _brokers(wanted: Wanted, machine: Machine) -> int:
    if not wanted.own_brokers:
        return 0
    least = least_holders(wanted.nodes, machine.files)
    if not wanted.brokers:
        return least
    if wanted.brokers < least:
        raise UsageError(
            f"--brokers {wanted.brokers}: a broker may have {machine.files} open files here and "
            f"holds {most_connections(machine.files)} nodes, so {wanted.nodes} nodes take "
            f"--brokers {least}; or allow more files ({_more_files(wanted.nodes, wanted.brokers)})"
        )
    return wanted.brokers


def _more_files(nodes: int, holders: int) -> str:
    needed = -(-nodes // holders)
    files = -(-needed * 10 // 9)
    return f"ulimit -n {-(-files // 1000) * 1000}, as an administrator"


def _broker_note(wanted: Wanted, machine: Machine, brokers: int, *, survives: bool) -> str:
    if not brokers:
        return ""
    enough = surviving_brokers(wanted.nodes, machine.files)
    nodes = f"{wanted.nodes} nodes"
    if survives:
        return f"{nodes}: {brokers} brokers hold them, also after the loss of one"
    if brokers == 1 and wanted.nodes <= FEW_NODES:
        return ""
    if brokers == 1:
        return f"{nodes}: 1 broker holds them; to survive its loss it takes 2: --brokers 2"
    return (
        f"{nodes}: {brokers} brokers hold them; "
        f"to survive the loss of one it takes {enough}: --brokers {enough}"
    )


def _memory_note(memory: int, machine: Machine) -> str:
    available = machine.memory_bytes
    if available is None or memory <= available:
        return ""
    return (
        f"warning: this may take {memory // _MB} MB of memory and {available // _MB} MB are "
        "available: run fewer nodes, or stop other programs"
    )


def _count(number: int, one: str, more: str = "") -> str:
    return f"{number} {one if number == 1 else more or one + 's'}"
