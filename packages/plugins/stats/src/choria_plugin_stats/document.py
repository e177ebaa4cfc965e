"""The statistics of a server as one JSON object.  Pure.

Source: the registration plugin ``choria`` of the original, whose fields these are.
"""

from collections.abc import Sequence
from typing import Final

from msgspec import DecodeError, Struct, json

from choria_core.errors import RemoteProtocolError
from choria_core.registration.registration import RegisteringNode

DISCONNECTED: Final = "disconnected"
"""Stands for the broker while there is none."""


class Counts(Struct, frozen=True, kw_only=True):
    """Requests since the start; see :class:`choria_core.node.gate.RequestCounts`.

    Attributes:
        starttime: unix time.
    """

    validated: int
    unvalidated: int
    passed: int
    filtered: int
    starttime: int
    total: int
    ttlexpired: int
    replies: int


class Times(Struct, frozen=True, kw_only=True):
    """Processor time in seconds: of the process, and of its children."""

    utime: float
    stime: float
    cutime: float
    cstime: float


class ProcessStatistics(Struct, frozen=True, kw_only=True):
    """The process.

    Attributes:
        threads: names of its threads.
        agents: names of the node's agents.
    """

    stats: Counts
    threads: list[str]
    pid: int
    times: Times
    agents: list[str]


class Traffic(Struct, frozen=True, kw_only=True):
    """Messages since the start."""

    in_msgs: int
    out_msgs: int
    in_bytes: int
    out_bytes: int
    reconnects: int


class Connection(Struct, frozen=True, kw_only=True):
    """The connection.

    Attributes:
        connected_server: URL of the broker; :data:`DISCONNECTED` while there is none.
    """

    connected_server: str
    stats: Traffic


class Statistics(Struct, frozen=True, kw_only=True):
    """One file of statistics.

    Attributes:
        timestamp: unix time that it was written.
    """

    timestamp: int
    identity: str
    version: str
    stats: ProcessStatistics
    nats: Connection


class _Owner(Struct, frozen=True):
    identity: str = ""


_documents: Final = json.Decoder(Statistics)
_owners: Final = json.Decoder(_Owner)


def statistics_of(
    node: RegisteringNode, *, now: float, pid: int, times: Times, threads: Sequence[str]
) -> Statistics:
    """What there is to say of ``node``.

    Args:
        node: it.
        now: unix time.
        pid: of the process.
        times: likewise.
        threads: likewise, their names.
    """
    counts, connection = node.counts, node.connection()
    return Statistics(
        timestamp=int(now),
        identity=node.identity,
        version=node.version,
        stats=ProcessStatistics(
            stats=Counts(
                validated=counts.valid,
                unvalidated=counts.invalid,
                passed=counts.passed,
                filtered=counts.filtered,
                starttime=int(node.started),
                total=counts.total,
                ttlexpired=counts.ttl_expired,
                replies=counts.replies,
            ),
            threads=list(threads),
            pid=pid,
            times=times,
            agents=[metadata.name for metadata in node.agents()],
        ),
        nats=Connection(
            connected_server=connection.connected_server or DISCONNECTED,
            stats=Traffic(
                in_msgs=connection.in_messages,
                out_msgs=connection.out_messages,
                in_bytes=connection.in_bytes,
                out_bytes=connection.out_bytes,
                reconnects=connection.reconnects,
            ),
        ),
    )


def encode_statistics(statistics: Statistics) -> bytes:
    """The content of the file."""
    return json.encode(statistics)


def decode_statistics(document: bytes) -> Statistics:
    """Read one, the original program's too.

    Raises:
        RemoteProtocolError: it is none.
    """
    try:
        return _documents.decode(document)
    except (DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise RemoteProtocolError(f"not a file of statistics: {error}") from None


def owner_of(document: bytes) -> str:
    """Whose statistics a file holds; empty where it holds none."""
    try:
        return _owners.decode(document).identity
    except (DecodeError, RecursionError, UnicodeDecodeError):
        return ""
