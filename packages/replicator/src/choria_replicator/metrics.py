"""The numbers of all copies, as Prometheus scrapes them.

Three sets of names, read from the plain counters at the moment of the scrape:
those of the older original (``stream_replicator_*``), of the current one
(``choria_stream_replicator_*``), and of what neither had (``choria_replicator_*``).
The originals' names stay as they are, without ``_total``.

Where the originals' labels contradict their documentation, the documentation
wins: the older one's ``name`` is the replicator and its ``worker`` the worker,
not the reverse, and ``stream`` of the current one's limiter is the stream, not
the consumer.  Entries whose labels coincide are added up.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from choria_core.telemetry.metrics import PlainMetric
from choria_replicator.stats import State, StreamStats

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Family:
    """One metric.

    Attributes:
        name: in full.
        doc: the HELP text.
        labels: names out of ``_LABELS``, sorted.
        sources: for each sample its suffix, and the counters that add up to it.
        kind: for the TYPE line.
        is_largest: of entries with equal labels take the largest, not the sum.
        is_sampling: exposed only where something is sampled.
    """

    name: str
    doc: str
    labels: tuple[str, ...]
    sources: tuple[tuple[str, tuple[str, ...]], ...]
    kind: Literal["counter", "gauge", "summary"] = "counter"
    is_largest: bool = False
    is_sampling: bool = False


class StreamMetrics(Collector):
    """Collects from the counters of every worker that there is at that moment."""

    def __init__(
        self, stats: Callable[[], Iterable[StreamStats]], *, registry: CollectorRegistry
    ) -> None:
        self._stats = stats
        registry.register(self)

    def describe(self) -> Iterable[Metric]:
        """The names that are ours in the registry."""
        return [PlainMetric(family.name, family.doc, "unknown") for family in FAMILIES]

    def collect(self) -> Iterator[Metric]:
        """All families that have a sample."""
        stats = tuple(self._stats())
        for family in FAMILIES:
            metric = PlainMetric(family.name, family.doc, family.kind)
            for suffix, labels, value in _samples(family, stats):
                metric.add_sample(family.name + suffix, dict(labels), value)
            if metric.samples:
                yield metric
        if stats:
            yield _states(stats)


def _samples(family: Family, stats: Iterable[StreamStats]) -> Iterator[tuple[str, Labels, float]]:
    merged: dict[tuple[Labels, str], float] = {}
    for one in stats:
        if family.is_sampling and not one.inspect:
            continue
        labels = tuple((label, _LABELS[label](one)) for label in family.labels)
        for suffix, counters in family.sources:
            value = float(sum(getattr(one, counter) for counter in counters))
            before = merged.get((labels, suffix), 0.0)
            merged[labels, suffix] = max(before, value) if family.is_largest else before + value
    for (labels, suffix), value in sorted(merged.items(), key=lambda item: item[0][0]):
        yield suffix, labels, value


def _states(stats: Iterable[StreamStats]) -> Metric:
    """One series for each state, 1 for the present one, as dashboards like it."""
    doc = "What each copy is doing: 1 for the present state"
    metric = PlainMetric("choria_replicator_state", doc, "gauge")
    for one in stats:
        for state in get_args(State):
            labels = {
                "replicator": one.site,
                "state": state,
                "stream": one.stream,
                "worker": one.worker,
            }
            metric.add_sample(metric.name, labels, float(one.state == state))
    return metric


_LABELS: dict[str, Callable[[StreamStats], str]] = {
    "key": lambda stats: stats.inspect,
    "limiter": lambda _stats: "memory",  # the only kind there is
    "name": lambda stats: stats.site,
    "replicator": lambda stats: stats.site,
    "stream": lambda stats: stats.stream,
    "worker": lambda stats: stats.worker,
}


def _older(name: str, doc: str, *counters: str, gauge: bool = False) -> Family:
    return Family(
        f"stream_replicator_{name}",
        doc,
        ("name", "worker"),
        (("", counters),),
        kind="gauge" if gauge else "counter",
        is_largest=gauge,
    )


def _older_limiter(name: str, doc: str, *counters: str, gauge: bool = False) -> Family:
    return Family(
        f"stream_replicator_limiter_memory_{name}",
        doc,
        ("key", "name"),
        (("", counters),),
        kind="gauge" if gauge else "counter",
        is_sampling=True,
    )


def _current(name: str, doc: str, *counters: str, gauge: bool = False) -> Family:
    return Family(
        f"choria_stream_replicator_{name}",
        doc,
        ("replicator", "stream", "worker"),
        (("", counters),),
        kind="gauge" if gauge else "counter",
        is_largest=gauge,
    )


def _current_limiter(name: str, doc: str, *counters: str) -> Family:
    return Family(
        f"choria_stream_replicator_limiter_{name}",
        doc,
        ("limiter", "replicator", "stream"),
        (("", counters),),
        is_sampling=True,
    )


def _new(name: str, doc: str, *counters: str, gauge: bool = False) -> Family:
    return Family(
        f"choria_replicator_{name}",
        doc,
        ("replicator", "stream", "worker"),
        (("", counters),),
        kind="gauge" if gauge else "counter",
        is_largest=gauge,
    )


_TIME = (("_sum", ("processing_seconds_sum",)), ("_count", ("processing_count",)))
_TIME_DOC = "Seconds from reading a message to having it settled"

_OLDER = (
    _older("received_msgs", "Messages read and settled", "received_messages"),
    _older("received_bytes", "Bytes of the messages read and settled", "received_bytes"),
    _older("copied_msgs", "Messages that the target stored", "copied_messages"),
    _older("copied_bytes", "Bytes of the messages that the target stored", "copied_bytes"),
    _older("failed_msgs", "Messages that the target did not take", "failed_messages"),
    _older("acks_failed", "Acknowledgements lost because the source was away", "ack_failures"),
    _older("current_sequence", "Last source sequence read", "read_sequence", gauge=True),
    _older(
        "stream_reconnections", "Times the copy went back to the target's last message", "resyncs"
    ),
    _older(
        "connection_reconnections",
        "Connections made again, of both sides",
        "reconnects_source",
        "reconnects_target",
    ),
    _older("connection_closed", "Connections given up for good", "connections_closed"),
    _older(
        "connection_errors",
        "Connections lost, and attempts to connect that failed",
        "connection_errors",
    ),
    Family(
        "stream_replicator_processing_time", _TIME_DOC, ("name", "worker"), _TIME, kind="summary"
    ),
    _older_limiter("seen", "Senders with a copy in memory", "limiter_items", gauge=True),
    _older_limiter("skipped", "Messages sampled away", "skipped_messages"),
    _older_limiter("passed", "Messages that the limiter let pass", "copied_messages"),
    _older_limiter("errors", "Messages that the target did not take", "failed_messages"),
)

_CURRENT = (
    _current("replicator_total_messages", "Messages read and settled", "received_messages"),
    _current("replicator_total_bytes", "Bytes of the messages read and settled", "received_bytes"),
    _current("replicator_copied_messages", "Messages that the target stored", "copied_messages"),
    _current(
        "replicator_copied_bytes", "Bytes of the messages that the target stored", "copied_bytes"
    ),
    _current("replicator_skipped_messages", "Messages sampled away", "skipped_messages"),
    _current("replicator_skipped_bytes", "Bytes of messages sampled away", "skipped_bytes"),
    _current(
        "replicator_handler_error_count",
        "Messages that the target did not take",
        "failed_messages",
    ),
    _current(
        "replicator_ack_failed_count",
        "Acknowledgements lost because the source was away",
        "ack_failures",
    ),
    _current(
        "replicator_consumer_recreated",
        "Consumers made on the source, the first included",
        "consumers_created",
    ),
    _current(
        "replicator_stream_sequence", "Last source sequence read", "read_sequence", gauge=True
    ),
    _current(
        "replicator_stream_lag_messages",
        "Source messages not yet settled",
        "lag_messages",
        gauge=True,
    ),
    Family(
        "choria_stream_replicator_replicator_processing_time_seconds",
        _TIME_DOC,
        ("replicator", "stream", "worker"),
        _TIME,
        kind="summary",
    ),
    Family(
        "choria_stream_replicator_tracker_total_items",
        "Senders with a copy in memory",
        ("replicator", "stream", "worker"),
        (("", ("limiter_items",)),),
        kind="gauge",
        is_sampling=True,
    ),
    _current_limiter(
        "messages_without_limit_field_count",
        "Messages let through because they name no sender",
        "keyless_messages",
    ),
)

_NEW = (
    _new("lag_messages", "Source messages not yet settled", "lag_messages", gauge=True),
    _new(
        "lag_seconds",
        "Age of the oldest message not yet settled, by the source's clock",
        "lag_seconds",
        gauge=True,
    ),
    _new(
        "frontier_sequence",
        "Source sequence up to which all is settled",
        "frontier_sequence",
        gauge=True,
    ),
    _new("source_last_sequence", "Newest source sequence", "source_last_sequence", gauge=True),
    _new(
        "unconfirmed_messages",
        "Messages published and not yet confirmed",
        "unconfirmed_messages",
        gauge=True,
    ),
    _new("resyncs_total", "Times the copy went back to the target's last message", "resyncs"),
    _new("failed_messages_total", "Messages that the target did not take", "failed_messages"),
    _new(
        "dropped_headers_total",
        "Headers left out because the target does not allow their effect",
        "dropped_headers",
    ),
    _new("source_reconnects_total", "Connections to the source made again", "reconnects_source"),
    _new("target_reconnects_total", "Connections to the target made again", "reconnects_target"),
)

FAMILIES = (*_OLDER, *_CURRENT, *_NEW)
"""Everything exposed, but for ``choria_replicator_state``."""
