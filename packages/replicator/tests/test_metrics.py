"""The names under which dashboards find us."""

import dataclasses
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from choria_core.telemetry.metrics import expose
from choria_replicator.metrics import FAMILIES, StreamMetrics
from choria_replicator.metrics_reference import ABSENT, page
from choria_replicator.stats import StreamStats

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "replicate-metrics.md"

# Recorded from the current original (release 0.9), less what belongs to its
# advisories and heartbeats.  The limiter's ``stream`` there is the consumer.
RECORDED = """\
# TYPE choria_stream_replicator_limiter_messages_without_limit_field_count counter
choria_stream_replicator_limiter_messages_without_limit_field_count{limiter="memory",\
replicator="central",stream="SR_REG"} 3
# TYPE choria_stream_replicator_replicator_consumer_recreated counter
choria_stream_replicator_replicator_consumer_recreated{replicator="central",stream="REG",\
worker="REG"} 1
# TYPE choria_stream_replicator_replicator_copied_bytes counter
choria_stream_replicator_replicator_copied_bytes{replicator="central",stream="REG",\
worker="REG"} 142
# TYPE choria_stream_replicator_replicator_copied_messages counter
choria_stream_replicator_replicator_copied_messages{replicator="central",stream="REG",\
worker="REG"} 6
# TYPE choria_stream_replicator_replicator_processing_time_seconds summary
choria_stream_replicator_replicator_processing_time_seconds_sum{replicator="central",\
stream="REG",worker="REG"} 0.0030727750000000002
choria_stream_replicator_replicator_processing_time_seconds_count{replicator="central",\
stream="REG",worker="REG"} 9
# TYPE choria_stream_replicator_replicator_skipped_bytes counter
choria_stream_replicator_replicator_skipped_bytes{replicator="central",stream="REG",\
worker="REG"} 66
# TYPE choria_stream_replicator_replicator_skipped_messages counter
choria_stream_replicator_replicator_skipped_messages{replicator="central",stream="REG",\
worker="REG"} 3
# TYPE choria_stream_replicator_replicator_stream_sequence gauge
choria_stream_replicator_replicator_stream_sequence{replicator="central",stream="REG",\
worker="REG"} 9
# TYPE choria_stream_replicator_replicator_total_bytes counter
choria_stream_replicator_replicator_total_bytes{replicator="central",stream="REG",\
worker="REG"} 208
# TYPE choria_stream_replicator_replicator_total_messages counter
choria_stream_replicator_replicator_total_messages{replicator="central",stream="REG",\
worker="REG"} 9
# TYPE choria_stream_replicator_tracker_total_items gauge
choria_stream_replicator_tracker_total_items{replicator="central",stream="REG",worker="REG"} 2
"""

# All that the originals expose, by their types and labels.
_WORKER = "name worker"
_ENTRY = "replicator stream worker"
OLDER = {
    "received_msgs": ("counter", _WORKER),
    "received_bytes": ("counter", _WORKER),
    "copied_msgs": ("counter", _WORKER),
    "copied_bytes": ("counter", _WORKER),
    "failed_msgs": ("counter", _WORKER),
    "acks_failed": ("counter", _WORKER),
    "processing_time": ("summary", _WORKER),
    "current_sequence": ("gauge", _WORKER),
    "stream_reconnections": ("counter", _WORKER),
    "connection_reconnections": ("counter", _WORKER),
    "connection_closed": ("counter", _WORKER),
    "connection_errors": ("counter", _WORKER),
    "limiter_memory_seen": ("gauge", "key name"),
    "limiter_memory_skipped": ("counter", "key name"),
    "limiter_memory_passed": ("counter", "key name"),
    "limiter_memory_errors": ("counter", "key name"),
    "advisories_timeout": ("counter", "name"),
    "advisories_recover": ("counter", "name"),
    "advisories_expire": ("counter", "name"),
    "advisories_errors": ("counter", "name"),
}
CURRENT = {
    "replicator_total_messages": ("counter", _ENTRY),
    "replicator_total_bytes": ("counter", _ENTRY),
    "replicator_handler_error_count": ("counter", _ENTRY),
    "replicator_processing_time_seconds": ("summary", _ENTRY),
    "replicator_stream_sequence": ("gauge", _ENTRY),
    "replicator_too_old_messages": ("counter", _ENTRY),
    "replicator_copied_messages": ("counter", _ENTRY),
    "replicator_copied_bytes": ("counter", _ENTRY),
    "replicator_skipped_messages": ("counter", _ENTRY),
    "replicator_skipped_bytes": ("counter", _ENTRY),
    "replicator_meta_parse_failed_count": ("counter", _ENTRY),
    "replicator_ack_failed_count": ("counter", _ENTRY),
    "replicator_consumer_recreated": ("counter", _ENTRY),
    "tracker_total_items": ("gauge", _ENTRY),
    "tracker_seen_by_gossip": ("gauge", _ENTRY),
    "limiter_messages_without_limit_field_count": ("counter", "limiter replicator stream"),
    "limiter_messages_copy_forced_count": ("counter", "limiter replicator stream"),
    "advisor_total_messages": ("counter", "advisory replicator stream"),
    "advisor_publish_errors": ("counter", "advisory replicator stream"),
    "election_campaigns": ("counter", "election identity replicator state"),
    "election_leader": ("gauge", "election identity replicator"),
    "election_interval_seconds": ("gauge", "election identity replicator"),
    "heartbeat_subjects_count": ("gauge", "replicator"),
    "heartbeat_published_count": ("counter", "replicator subject"),
    "heartbeat_published_error_count": ("counter", "replicator subject"),
    "heartbeat_publish_time": ("summary", "replicator subject"),
    "heartbeat_paused": ("gauge", "hostname replicator"),
}
ORIGINALS = {f"stream_replicator_{name}": kind for name, kind in OLDER.items()} | {
    f"choria_stream_replicator_{name}": kind for name, kind in CURRENT.items()
}

Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


def recorded_run() -> StreamStats:
    """The counters as they stood when the original was recorded."""
    return StreamStats(
        stream="REG",
        site="central",
        worker="REG",
        inspect="host",
        received_messages=9,
        received_bytes=208,
        copied_messages=6,
        copied_bytes=142,
        skipped_messages=3,
        skipped_bytes=66,
        keyless_messages=3,
        consumers_created=1,
        processing_seconds_sum=0.0030727750000000002,
        processing_count=9,
        read_sequence=9,
        limiter_items=2,
    )


def exposed(*stats: StreamStats) -> str:
    registry = CollectorRegistry()
    StreamMetrics(lambda: stats, registry=registry)
    return expose(registry).decode()


def sample_lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def series(text: str) -> Series:
    """Every sample once, or the parser's or our own complaint."""
    found: Series = {}
    for line in sample_lines(text):
        (family,) = text_string_to_metric_families(line)
        (sample,) = family.samples
        key = (line.partition("{")[0], frozenset(sample.labels.items()))
        assert key not in found, line
        found[key] = sample.value
    return found


def test_every_sample_of_the_recorded_run_comes_out_letter_by_letter() -> None:
    text = exposed(recorded_run()).replace('stream="REG"} 3', 'stream="SR_REG"} 3')

    lines = set(text.splitlines())

    assert [line for line in RECORDED.splitlines() if line not in lines] == []


def test_what_the_originals_expose_is_there_with_their_types_and_labels_or_said_to_be_absent() -> (
    None
):
    ours = {family.name: (family.kind, " ".join(family.labels)) for family in FAMILIES}

    present = {name: ours[name] for name in ORIGINALS if name in ours}

    assert present == {name: kind for name, kind in ORIGINALS.items() if name not in ABSENT}


def test_the_older_originals_labels_are_the_documented_ones() -> None:
    found = series(exposed(recorded_run()))

    labels = {name: dict(pairs) for name, pairs in found}
    assert labels["stream_replicator_copied_msgs"] == {"name": "central", "worker": "REG"}
    assert labels["stream_replicator_limiter_memory_seen"] == {"name": "central", "key": "host"}


def test_the_reference_is_up_to_date() -> None:
    """`make docs ARGS=--write` renews the page."""
    assert PAGE.read_text() == page()


def test_the_whole_exposition_parses_and_no_name_gains_a_suffix() -> None:
    text = exposed(recorded_run())

    parsed = {family.name: family.type for family in text_string_to_metric_families(text)}
    exposed_types = dict(
        line.removeprefix("# TYPE ").split() for line in text.splitlines() if "# TYPE" in line
    )

    assert len(parsed) == len(exposed_types) == len(FAMILIES) + 1
    assert exposed_types == {family.name: family.kind for family in FAMILIES} | {
        "choria_replicator_state": "gauge"
    }


def test_every_counter_of_a_family_is_a_counter_of_the_statistics() -> None:
    names = {one.name for one in dataclasses.fields(StreamStats)}

    used = {name for family in FAMILIES for _, counters in family.sources for name in counters}

    assert used <= names


def test_every_number_of_the_statistics_is_exposed() -> None:
    used = {name for family in FAMILIES for _, counters in family.sources for name in counters}
    stats = StreamStats(stream="REG", site="central", worker="REG")

    numbers = {
        one.name
        for one in dataclasses.fields(StreamStats)
        if not isinstance(getattr(stats, one.name), str)
    }

    assert numbers == used


def test_numbers_are_read_when_they_are_scraped() -> None:
    stats = StreamStats(stream="REG", site="central", worker="REG")
    registry = CollectorRegistry()
    StreamMetrics(lambda: [stats], registry=registry)
    before = expose(registry).decode()
    stats.lag_seconds = 2.5

    after = expose(registry).decode()

    line = 'choria_replicator_lag_seconds{replicator="central",stream="REG",worker="REG"} '
    assert line + "0\n" in before
    assert line + "2.5\n" in after


def test_an_entry_that_samples_nothing_has_no_limiter() -> None:
    text = exposed(StreamStats(stream="REG", site="central", worker="REG"))

    assert "limiter" not in text
    assert "tracker" not in text


def test_workers_with_equal_labels_are_added_up_and_their_gauges_are_not() -> None:
    first = dataclasses.replace(recorded_run(), worker="one", skipped_messages=2, read_sequence=5)
    second = dataclasses.replace(recorded_run(), worker="two", skipped_messages=4, read_sequence=9)
    other = dataclasses.replace(first, stream="OTHER")

    found = series(exposed(first, second, other))

    skipped = ("stream_replicator_limiter_memory_skipped", {"name": "central", "key": "host"})
    sequence = ("stream_replicator_current_sequence", {"name": "central", "worker": "one"})
    assert found[skipped[0], frozenset(skipped[1].items())] == 8
    assert found[sequence[0], frozenset(sequence[1].items())] == 5


@pytest.mark.parametrize("state", ["starting", "failed"])
def test_exactly_one_state_is_the_present_one(state: str) -> None:
    stats = StreamStats(stream="REG", site="central", worker="REG")
    stats.state = "failed" if state == "failed" else "starting"

    found = series(exposed(stats))

    states = {
        dict(labels)["state"]: value
        for (name, labels), value in found.items()
        if name == "choria_replicator_state"
    }
    assert len(states) == 6
    assert [name for name, value in states.items() if value] == [state]


def test_labels_are_escaped() -> None:
    found = series(exposed(dataclasses.replace(recorded_run(), inspect='a"\\b')))

    labels = {name: dict(pairs) for name, pairs in found}
    assert labels["stream_replicator_limiter_memory_seen"]["key"] == 'a"\\b'


def test_nothing_runs_and_nothing_is_exposed() -> None:
    assert exposed() == ""
