"""Metrics: exactly the original's text, and readable by Prometheus."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.parser import text_string_to_metric_families

from choria_core.errors import LocalProtocolError
from choria_core.telemetry.metrics import (
    CONTENT_TYPE,
    PlainCounter,
    PlainGauge,
    PlainSummary,
    expose,
    go_number,
    new_registry,
)

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
LABELS = ("stream", "replicator", "worker")
PREFIX = "choria_stream_replicator_replicator_"


def test_the_text_is_that_of_the_original() -> None:
    registry = CollectorRegistry()
    sequence = PlainGauge(
        f"{PREFIX}stream_sequence",
        "The stream sequence of the last message received from the consumer",
        LABELS,
        registry=registry,
    )
    copied = PlainCounter(
        f"{PREFIX}copied_messages", "How many messages were copied", LABELS, registry=registry
    )
    time = PlainSummary(
        f"{PREFIX}processing_time_seconds",
        "How long it took to process messages",
        LABELS,
        registry=registry,
    )
    values = {"stream": "REG", "replicator": "central", "worker": "REG"}

    sequence.labels(**values).set(9)
    copied.labels(**values).inc(6)
    time.labels(**values).observe(0.0030727750000000002, times=9)

    assert expose(registry).decode() == RECORDED


def test_the_text_is_read_by_the_parser_of_prometheus() -> None:
    registry = CollectorRegistry()
    PlainCounter("a_total_messages", "A\\n\nline", ("l",), registry=registry).labels(
        l='q"\\\n'
    ).inc()
    PlainSummary("s", "S", registry=registry).labels().observe(1.5)

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
    PlainCounter("ours", "O", registry=registry).labels().inc(2)

    text = expose(registry).decode()

    assert "\ntheirs_total 1.0\n" in text
    assert 'spread_bucket{le="0.25"} 1.0\n' in text
    assert "# TYPE ours counter\nours 2\n" in text


def test_a_cell_is_the_same_at_every_call_whatever_the_order_of_labels() -> None:
    family = PlainCounter("c", "C", ("b", "a"), registry=CollectorRegistry())

    assert family.labels(a=1, b="2") is family.labels(b=2, a="1")


def test_a_family_without_cells_is_not_exposed_and_a_removed_cell_neither() -> None:
    registry = CollectorRegistry()
    family = PlainGauge("g", "G", ("a",), registry=registry)
    assert expose(registry) == b""
    cell = family.labels(a="x")
    cell.inc(3)
    cell.dec()
    cell.value += 1
    assert b'g{a="x"} 3\n' in expose(registry)

    family.remove(a="x")
    family.remove(a="never there")

    assert expose(registry) == b""


def test_wrong_labels_are_our_own_mistake() -> None:
    family = PlainCounter("c", "C", ("a",), registry=CollectorRegistry())

    with pytest.raises(LocalProtocolError, match="c has the labels a, not b"):
        family.labels(b=1)
    with pytest.raises(LocalProtocolError, match="not none"):
        family.labels()


def test_one_name_cannot_be_registered_twice_but_a_suffix_is_another_name() -> None:
    registry = CollectorRegistry()
    PlainCounter("c", "C", registry=registry)
    PlainCounter("c_total", "C", registry=registry)

    with pytest.raises(ValueError, match="Duplicated"):
        PlainGauge("c", "C", registry=registry)


def test_registries_are_independent_and_know_the_process() -> None:
    one, two = new_registry(), new_registry()
    PlainCounter("c", "C", registry=one).labels().inc()

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
