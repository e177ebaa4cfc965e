"""What a fleet has done so far, at one moment.  Pure."""

from typing import Final

from msgspec import Struct, field

LATENCY_BOUNDS_SECONDS: Final = (
    0.000_1,
    0.000_25,
    0.000_5,
    0.001,
    0.002_5,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
)
"""Upper bounds of the buckets of :attr:`Counts.latency`; one more bucket holds the rest."""


class Counts(Struct, kw_only=True):
    """Totals since the start, of one process or of all.

    Attributes:
        requests: that reached a node.
        replies: sent.
        filtered: requests meant for other nodes.
        refused: requests that were malformed, not verified or of another collective.
        expired: requests that came too late.
        repeated: requests that a node had seen.
        denied: replies that say that a caller may not.
        dropped: requests left unanswered, as the plan wants.
        failed: failures answered, as the plan wants.
        lost_replies: replies for which a node had no connection.
        large_replies: replies that were larger than the broker takes.
        connects: connections that became ready.
        failed_connects: attempts that did not.
        cuts: connections cut by churn or a storm.
        losses: connections that ended without our doing.
        registrations: published.
        events: lifecycle events published.
        in_bytes, out_bytes: of requests and replies.
        latency: replies by the time from the arrival of the request to its reply, in the
            buckets of :data:`LATENCY_BOUNDS_SECONDS`.
    """

    requests: int = 0
    replies: int = 0
    filtered: int = 0
    refused: int = 0
    expired: int = 0
    repeated: int = 0
    denied: int = 0
    dropped: int = 0
    failed: int = 0
    lost_replies: int = 0
    large_replies: int = 0
    connects: int = 0
    failed_connects: int = 0
    cuts: int = 0
    losses: int = 0
    registrations: int = 0
    events: int = 0
    in_bytes: int = 0
    out_bytes: int = 0
    latency: list[int] = field(default_factory=lambda: [0] * (len(LATENCY_BOUNDS_SECONDS) + 1))


class WorkerFigures(Struct, frozen=True, kw_only=True):
    """What one process tells of its nodes.

    Attributes:
        worker: its number, from 0.
        pid: of the process.
        wanted: nodes that it shall run.
        connected: that have a connection.
        ready: of which the broker has all subscriptions.
        memory_bytes: its own share of memory (PSS).
        last_failure: why the last attempt to connect failed; empty when none did.
        counts: totals.
    """

    worker: int
    pid: int
    wanted: int
    connected: int
    ready: int
    memory_bytes: int
    last_failure: str
    counts: Counts


class BrokerFigures(Struct, frozen=True, kw_only=True):
    """What a broker's monitor tells.

    Attributes:
        name: the server's.
        url: of its client port.
        connections: of clients.
        subscriptions: of all.
        memory_bytes: resident.
        cpu_percent: of one core.
        slow_consumers: connections that it cut because they did not read.
        in_messages, out_messages: totals.
    """

    name: str
    url: str
    connections: int
    subscriptions: int
    memory_bytes: int
    cpu_percent: float
    slow_consumers: int
    in_messages: int
    out_messages: int


class FleetFigures(Struct, frozen=True, kw_only=True):
    """What is known of a whole fleet.

    Attributes:
        time: unix seconds.
        uptime_seconds: since the start.
        name: prefix of the fleet's first group.
        wanted, connected, ready: nodes.
        absent: nodes that are away because the plan wants it.
        is_ready: whether every node is, and the brokers know of each other's subscriptions.
        stage: what is being done, for people: ``connecting``, ``running``, ``stopping``.
        counts: totals.
        workers: its processes.
        brokers: those whose monitor is known.
    """

    time: float
    uptime_seconds: float
    name: str
    wanted: int
    connected: int
    ready: int
    absent: int = 0
    is_ready: bool
    stage: str
    counts: Counts
    workers: tuple[WorkerFigures, ...] = ()
    brokers: tuple[BrokerFigures, ...] = ()
