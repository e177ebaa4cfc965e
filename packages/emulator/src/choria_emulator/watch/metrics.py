"""The numbers of a fleet, as Prometheus scrapes them: those of the last look.

All names begin with ``choria_emulator_``.  Counters begin at 0 with the process; where one of
a fleet's processes ends, what it counted goes with it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from choria_emulator.watch.figures import LATENCY_BOUNDS_SECONDS, BrokerFigures, FleetFigures

Of = Literal["fleet", "counts", "workers", "brokers"]


@dataclass(frozen=True, slots=True)
class Family:
    """One metric.

    Attributes:
        name: in full, without the ``_total`` that counters get.
        doc: the HELP text.
        of: what has it: the fleet, its counts, each worker or each broker.
        field: of that, which holds the value.
        kind: for the TYPE line.
    """

    name: str
    doc: str
    of: Of
    field: str
    kind: Literal["counter", "gauge"]

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the labels."""
        return {"workers": ("worker",), "brokers": ("broker",)}.get(self.of, ())

    @property
    def sample_name(self) -> str:
        """As it is exposed."""
        return f"{self.name}_total" if self.kind == "counter" else self.name


@dataclass(frozen=True, slots=True)
class _Latency:
    name: str = "choria_emulator_reply_latency_seconds"
    doc: str = "Replies by the time from a request's arrival to its reply"


LATENCY: Final = _Latency()
"""The histogram; without ``_sum``, as only buckets are counted."""


class FleetMetrics(Collector):
    """Collects from the last figures; before the first there is nothing."""

    def __init__(
        self, figures: Callable[[], FleetFigures | None], *, registry: CollectorRegistry
    ) -> None:
        self._figures = figures
        registry.register(self)

    def describe(self) -> Iterable[Metric]:
        """The names that are ours in the registry."""
        families = [Metric(family.name, family.doc, family.kind) for family in FAMILIES]
        return [*families, Metric(LATENCY.name, LATENCY.doc, "histogram")]

    def collect(self) -> Iterator[Metric]:
        """All families that have a sample."""
        figures = self._figures()
        if figures is None:
            return
        for family in FAMILIES:
            metric = Metric(family.name, family.doc, family.kind)
            for labels, value in _samples(family, figures):
                metric.add_sample(family.sample_name, labels, value)
            if metric.samples:
                yield metric
        yield _histogram(figures.counts.latency)


def _samples(family: Family, figures: FleetFigures) -> Iterator[tuple[dict[str, str], float]]:
    match family.of:
        case "fleet":
            yield {}, float(getattr(figures, family.field))
        case "counts":
            yield {}, float(getattr(figures.counts, family.field))
        case "workers":
            for worker in figures.workers:
                yield {"worker": str(worker.worker)}, float(getattr(worker, family.field))
        case "brokers":
            for name, broker in zip(_names(figures.brokers), figures.brokers, strict=True):
                yield {"broker": name}, float(getattr(broker, family.field))


def _names(brokers: Sequence[BrokerFigures]) -> Iterator[str]:
    """A name for each; Prometheus takes nothing where two series are of the same one."""
    seen: set[str] = set()
    for number, broker in enumerate(brokers, start=1):
        name = broker.name if broker.name not in seen else f"{broker.name} ({number})"
        seen.add(name)
        yield name


def _histogram(buckets: Sequence[int]) -> Metric:
    metric = Metric(LATENCY.name, LATENCY.doc, "histogram")
    total = 0
    bounds = (*(str(bound) for bound in LATENCY_BOUNDS_SECONDS), "+Inf")
    for bound, count in zip(bounds, buckets, strict=True):
        total += count
        metric.add_sample(f"{LATENCY.name}_bucket", {"le": bound}, total)
    metric.add_sample(f"{LATENCY.name}_count", {}, total)
    return metric


def _gauge(of: Of, field: str, name: str, doc: str) -> Family:
    return Family(f"choria_emulator_{name}", doc, of, field, "gauge")


def _counter(of: Of, field: str, name: str, doc: str) -> Family:
    return Family(f"choria_emulator_{name}", doc, of, field, "counter")


def _count(field: str, doc: str, name: str = "") -> Family:
    return _counter("counts", field, name or field, doc)


FAMILIES: Final = (
    _gauge("fleet", "wanted", "nodes_wanted", "Nodes that shall run"),
    _gauge("fleet", "connected", "nodes_connected", "Nodes that have a connection"),
    _gauge("fleet", "ready", "nodes_ready", "Nodes of which the broker has all subscriptions"),
    _gauge("fleet", "is_ready", "ready", "1 while every node is, and the brokers know it"),
    _gauge("fleet", "uptime_seconds", "uptime_seconds", "Seconds since the start"),
    _count("requests", "Requests that reached a node"),
    _count("replies", "Replies sent"),
    _count("filtered", "Requests meant for other nodes", "filtered_requests"),
    _count(
        "refused", "Requests malformed, not verified or of another collective", "refused_requests"
    ),
    _count("expired", "Requests that came too late", "expired_requests"),
    _count("repeated", "Requests that a node had seen", "repeated_requests"),
    _count("denied", "Replies that say that a caller may not", "denied_replies"),
    _count("dropped", "Requests left unanswered, as the plan wants", "dropped_requests"),
    _count("failed", "Failures answered, as the plan wants", "failed_replies"),
    _count("lost_replies", "Replies for which a node had no connection"),
    _count("large_replies", "Replies that were larger than the broker takes"),
    _count("connects", "Connections that became ready"),
    _count("failed_connects", "Attempts to connect that failed"),
    _count("cuts", "Connections cut by churn or a storm", "cut_connections"),
    _count("losses", "Connections that ended without our doing", "lost_connections"),
    _count("registrations", "Registrations published"),
    _count("events", "Lifecycle events published"),
    _count("in_bytes", "Bytes of requests", "request_bytes"),
    _count("out_bytes", "Bytes of replies", "reply_bytes"),
    _gauge("workers", "wanted", "worker_nodes_wanted", "Nodes that a process shall run"),
    _gauge("workers", "connected", "worker_nodes_connected", "Its nodes that have a connection"),
    _gauge("workers", "ready", "worker_nodes_ready", "Its nodes that are ready"),
    _gauge(
        "workers", "memory_bytes", "worker_memory_bytes", "A process's own share of memory (PSS)"
    ),
    _gauge("brokers", "connections", "broker_connections", "Connections of clients"),
    _gauge("brokers", "subscriptions", "broker_subscriptions", "Subscriptions of all"),
    _gauge("brokers", "memory_bytes", "broker_memory_bytes", "Resident memory"),
    _gauge("brokers", "cpu_percent", "broker_cpu_percent", "Of one core"),
    _counter(
        "brokers", "slow_consumers", "broker_slow_consumers", "Connections cut for not reading"
    ),
    _counter("brokers", "in_messages", "broker_in_messages", "Messages that it took"),
    _counter("brokers", "out_messages", "broker_out_messages", "Messages that it gave"),
)
"""Everything exposed, but for :data:`LATENCY`."""
