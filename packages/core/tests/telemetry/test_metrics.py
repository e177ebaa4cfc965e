"""Metrics: exactly the original's text, and readable by Prometheus."""

import math
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from choria_core.telemetry.metrics import (
    CONTENT_TYPE,
    PlainMetric,
    expose,
    go_number,
    new_registry,
)

Sample = tuple[str, dict[str, str], float]

RECORDED = """\
# HELP choria_stream_replicator_replicator_copied_messages How many messages were copied
# TYPE choria_stream_replicator_replicator_copied_messages counter
choria_stream_replicator_replicator_copied_messages{replicator="central",stream="REG",worker="REG"} 6
# HELP choria_stream_replicator_replicator_processing_time_seconds How long it took to process messages
# TYPE choria_stream_replicator_replicator_processing_time_seconds summary
choria_stream_replicator_replicator_processing_time_seconds_sum{replicator="central",stream="REG",worker="REG"} 0.0030727750000000002
choria_stream_replicator_replicator_processing_time_seconds_count{replicator="central",stream="REG",worker="REG"} 9
# HELP choria_stream_replicator_replicator_stream_sequence The stream sequence of the last message received from the consumer
# TYPE choria_stream_replicator_replicator_stream_sequence gauge
choria_stream_replicator_replicator_stream_sequence{replicator="central",stream="REG",worker="REG"} 9
"""  # noqa: E501  # as the original program wrote it
PREFIX = "choria_stream_replicator_replicator_"


class Yielding(Collector):
    """Yields one metric with the given samples."""

    def __init__(self, registry: CollectorRegistry, metric: PlainMetric, *samples: Sample) -> None:
        self.metric = metric
        for suffix, labels, value in samples:
            metric.add_sample(metric.name + suffix, labels, value)
        registry.register(self)

    def describe(self) -> Iterable[Metric]:
        return [PlainMetric(self.metric.name, "", "unknown")]

    def collect(self) -> Iterable[Metric]:
        return [self.metric]


def test_the_text_is_that_of_the_original() -> None:
    registry = CollectorRegistry()
    labels = {"replicator": "central", "stream": "REG", "worker": "REG"}
    sequence = PlainMetric(
        f"{PREFIX}stream_sequence",
        "The stream sequence of the last message received from the consumer",
        "gauge",
    )
    time = PlainMetric(
        f"{PREFIX}processing_time_seconds", "How long it took to process messages", "summary"
    )
    copied = PlainMetric(f"{PREFIX}copied_messages", "How many messages were copied", "counter")

    Yielding(registry, sequence, ("", labels, 9))
    Yielding(registry, time, ("_sum", labels, 0.0030727750000000002), ("_count", labels, 9))
    Yielding(registry, copied, ("", labels, 6))

    assert expose(registry).decode() == RECORDED


def test_the_text_is_read_by_the_parser_of_prometheus() -> None:
    registry = CollectorRegistry()
    awkward = PlainMetric("a_total_messages", "A\\n\nline", "counter")
    Yielding(registry, awkward, ("", {"l": 'q"\\\n'}, 1))
    Yielding(registry, PlainMetric("s", "S", "summary"), ("_sum", {}, 1.5), ("_count", {}, 1))

    families = {f.name: f for f in text_string_to_metric_families(expose(registry).decode())}

    assert set(families) == {"a_total_messages", "s"}
    counter = families["a_total_messages"]
    assert (counter.type, counter.documentation) == ("counter", "A\\n\nline")
    # This parser puts OpenMetrics' suffix on every counter's samples; the text has none.
    assert [(s.labels, s.value) for s in counter.samples] == [({"l": 'q"\\\n'}, 1.0)]
    assert b"a_total_messages_total" not in expose(registry)
    assert [(s.name, s.value) for s in families["s"].samples] == [("s_sum", 1.5), ("s_count", 1.0)]


def test_collectors_of_prometheus_client_live_beside_ours() -> None:
    registry = CollectorRegistry()
    Counter("theirs", "T", registry=registry).inc()
    Histogram("spread", "H", registry=registry).observe(0.2)
    Yielding(registry, PlainMetric("ours", "O", "counter"), ("", {}, 2))

    text = expose(registry).decode()

    assert "\ntheirs_total 1.0\n" in text
    assert 'spread_bucket{le="0.25"} 1.0\n' in text
    assert "# TYPE ours counter\nours 2\n" in text


def test_one_name_cannot_be_registered_twice_but_a_suffix_is_another_name() -> None:
    registry = CollectorRegistry()
    Yielding(registry, PlainMetric("c", "C", "counter"))
    Yielding(registry, PlainMetric("c_total", "C", "counter"))

    with pytest.raises(ValueError, match="Duplicated"):
        Yielding(registry, PlainMetric("c", "C", "gauge"))


def test_registries_are_independent_and_know_the_process() -> None:
    one, two = new_registry(), new_registry()
    Yielding(one, PlainMetric("c", "C", "counter"), ("", {}, 1))

    assert b"c 1" in expose(one)
    assert b"c 1" not in expose(two)
    assert CONTENT_TYPE.startswith("text/plain; version=0.0.4")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "-0"),
        (2.0, "2"),
        (-1.5, "-1.5"),
        (100000.0, "100000"),
        (999999.5, "999999.5"),
        (1e6, "1e+06"),
        (1234567.0, "1.234567e+06"),
        (14003702316.0, "1.4003702316e+10"),
        (0.0001, "0.0001"),
        (0.00001234, "1.234e-05"),
        (1e100, "1e+100"),
        (math.inf, "+Inf"),
        (-math.inf, "-Inf"),
        (math.nan, "NaN"),
    ],
)
def test_numbers_are_written_as_go_writes_them(value: float, text: str) -> None:
    assert go_number(value) == text


@given(st.floats(allow_nan=False))
def test_a_written_number_is_read_back_as_it_was(value: float) -> None:
    assert float(go_number(value)) == value
