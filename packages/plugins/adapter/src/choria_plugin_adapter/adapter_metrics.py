"""The metrics of all adapters of a process, the original's under their own names.

The original calls what its workers do ``input`` and ``output`` in the label ``role``; it has a
``name`` for each worker, we have the adapter's.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from choria_core.telemetry.metrics import PlainMetric
from choria_plugin_adapter.adapter import Adapter

INPUT: Final = "input"
OUTPUT: Final = "output"


@dataclass(frozen=True, slots=True)
class Family:
    """One metric.

    Attributes:
        name: in full.
        kind: for the TYPE line.
        doc: the HELP text.
        labels: of its samples, beside ``identity``.
        samples: of an adapter: suffix of the name, values of ``labels``, and the value.
    """

    name: str
    kind: str
    doc: str
    labels: tuple[str, ...]
    samples: Callable[[Adapter], Iterable[tuple[str, tuple[str, ...], float]]]


class AdapterMetrics(Collector):
    """Shows what the adapters count.

    Args:
        identity: label of everything.
        adapters: of this process.
        registry: to be shown by.
    """

    def __init__(
        self, identity: str, adapters: Sequence[Adapter], *, registry: CollectorRegistry
    ) -> None:
        self._identity = identity
        self._adapters = adapters
        registry.register(self)

    def describe(self) -> Iterable[Metric]:
        """The names alone."""
        return [PlainMetric(family.name, family.doc, "unknown") for family in FAMILIES]

    def collect(self) -> Iterator[Metric]:
        """Everything as it is now."""
        for family in FAMILIES:
            metric = PlainMetric(family.name, family.doc, family.kind)
            for adapter in self._adapters:
                for suffix, values, value in family.samples(adapter):
                    labels = dict(zip(family.labels, values, strict=True))
                    labels["identity"] = self._identity
                    metric.add_sample(family.name + suffix, dict(sorted(labels.items())), value)
            if metric.samples:
                yield metric


_Samples = Iterator[tuple[str, tuple[str, ...], float]]


def _received(adapter: Adapter) -> _Samples:
    yield "", (adapter.settings.name, INPUT), adapter.figures.received
    yield "", (adapter.settings.name, OUTPUT), adapter.figures.sent


def _published(adapter: Adapter) -> _Samples:
    yield "", (adapter.settings.name, OUTPUT), adapter.figures.published


def _errors(adapter: Adapter) -> _Samples:
    figures = adapter.figures
    yield "", (adapter.settings.name, INPUT), figures.refused + figures.dropped
    yield "", (adapter.settings.name, OUTPUT), figures.lost.total()


def _bytes(adapter: Adapter) -> _Samples:
    yield "", (adapter.settings.name, INPUT), adapter.figures.received_bytes
    yield "", (adapter.settings.name, OUTPUT), adapter.figures.published_bytes


def _time(adapter: Adapter) -> _Samples:
    name, figures = adapter.settings.name, adapter.figures
    yield "_sum", (name, INPUT), figures.input_seconds
    yield "_count", (name, INPUT), figures.sent + figures.refused
    yield "_sum", (name, OUTPUT), figures.output_seconds
    yield "_count", (name, OUTPUT), figures.published


def _refused(adapter: Adapter) -> _Samples:
    for reason, count in sorted(adapter.figures.refusals.items()):
        yield "", (adapter.settings.name, reason), count


def _lost(adapter: Adapter) -> _Samples:
    for reason, count in sorted(adapter.figures.lost.items()):
        yield "", (adapter.settings.name, reason), count


def _one(value: Callable[[Adapter], float]) -> Callable[[Adapter], _Samples]:
    def samples(adapter: Adapter) -> _Samples:
        yield "", (adapter.settings.name,), value(adapter)

    return samples


_NAME: Final = ("name",)
_ROLE: Final = ("name", "role")
_REASON: Final = ("name", "reason")

ORIGINAL: Final = (
    Family(
        "choria_adapter_received_msgs",
        "counter",
        "Messages from the network (input) and handed to the stream's connection (output)",
        _ROLE,
        _received,
    ),
    Family(
        "choria_adapter_published_msgs",
        "counter",
        "Messages that a stream acknowledged",
        _ROLE,
        _published,
    ),
    Family(
        "choria_adapter_errors",
        "counter",
        "Messages refused or dropped (input), and lost on their way to the stream (output)",
        _ROLE,
        _errors,
    ),
    Family(
        "choria_adapter_bytes",
        "counter",
        "Bytes from the network (input), and that a stream acknowledged (output)",
        _ROLE,
        _bytes,
    ),
    Family(
        "choria_adapter_time",
        "summary",
        "Seconds to take messages out of their envelopes (input), and from their publishing to "
        "their acknowledgement (output)",
        _ROLE,
        _time,
    ),
    Family(
        "choria_adapter_queue_length",
        "gauge",
        "Messages that wait to be published",
        _NAME,
        _one(lambda adapter: len(adapter.intake)),
    ),
    Family(
        "choria_adapter_queue_capacity",
        "gauge",
        "Messages that may wait to be published",
        _NAME,
        _one(lambda adapter: adapter.intake.capacity),
    ),
)
"""What the original has too."""

OURS: Final = (
    Family(
        "choria_adapter_dropped_msgs",
        "counter",
        "Messages for which the queue had no room",
        _NAME,
        _one(lambda adapter: adapter.figures.dropped),
    ),
    Family(
        "choria_adapter_refused_msgs",
        "counter",
        "Messages that were not understood or not believed, by reason",
        _REASON,
        _refused,
    ),
    Family(
        "choria_adapter_lost_msgs",
        "counter",
        "Messages that the stream refused or did not acknowledge in time, by reason",
        _REASON,
        _lost,
    ),
    Family(
        "choria_adapter_duplicate_msgs",
        "counter",
        "Messages that the stream held already",
        _NAME,
        _one(lambda adapter: adapter.figures.duplicates),
    ),
    Family(
        "choria_adapter_retried_msgs",
        "counter",
        "Publishes of messages that were published before",
        _NAME,
        _one(lambda adapter: adapter.figures.retries),
    ),
    Family(
        "choria_adapter_unacknowledged_msgs",
        "gauge",
        "Messages published and not acknowledged yet",
        _NAME,
        _one(lambda adapter: len(adapter.outbox)),
    ),
    Family(
        "choria_adapter_slow_consumer_cuts",
        "counter",
        "Connections that the broker cut because we read too slowly",
        _NAME,
        _one(lambda adapter: adapter.figures.slow_cuts),
    ),
    Family(
        "choria_adapter_ingest_losses",
        "counter",
        "Connections to the network that ended otherwise",
        _NAME,
        _one(lambda adapter: adapter.figures.ingest_losses),
    ),
    Family(
        "choria_adapter_duplicate_window_seconds",
        "gauge",
        "How long the stream knows an id",
        _NAME,
        _one(lambda adapter: adapter.window.seconds if adapter.window else 0.0),
    ),
)
"""What the original has not."""

FAMILIES: Final = (*ORIGINAL, *OURS)
