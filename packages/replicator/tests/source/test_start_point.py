"""Where a copy begins that has nothing to resume."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_replicator.settings.model import (
    Start,
    StartAll,
    StartDelta,
    StartEnd,
    StartSequence,
    StartTime,
)
from choria_replicator.source.start_point import (
    StartPoint,
    from_sequence,
    parse_start_point,
    resolve,
    word_of,
)

NOW_MS = 1_700_000_000_000
STARTS = st.one_of(
    st.just(StartAll()),
    st.just(StartEnd()),
    st.integers(1, 2**63).map(StartSequence),
    st.integers(1, NOW_MS).map(StartTime),
    st.floats(0.001, 1e9).map(StartDelta),
)


@pytest.mark.parametrize(
    ("start", "deliver"),
    [
        (StartAll(), {"deliver_policy": "all"}),
        (StartSequence(7), {"deliver_policy": "by_start_sequence", "opt_start_seq": 7}),
        (StartSequence(0), {"deliver_policy": "by_start_sequence", "opt_start_seq": 1}),
        (StartEnd(), {"deliver_policy": "by_start_sequence", "opt_start_seq": 501}),
        (
            StartTime(NOW_MS),
            {"deliver_policy": "by_start_time", "opt_start_time": "2023-11-14T22:13:20.000Z"},
        ),
        (
            StartDelta(1.5),
            {"deliver_policy": "by_start_time", "opt_start_time": "2023-11-14T22:13:18.500Z"},
        ),
    ],
)
def test_each_setting_becomes_a_place_in_the_source(
    start: Start, deliver: dict[str, object]
) -> None:
    point = resolve(start, now_ms=NOW_MS, last_sequence=500)

    assert point.deliver() == deliver


@given(STARTS, st.integers(0, 2**40))
def test_a_place_is_the_same_after_a_restart(start: Start, last: int) -> None:
    point = resolve(start, now_ms=NOW_MS, last_sequence=last)

    assert parse_start_point(point.format(), start) == point


def test_the_end_stays_where_it_was_though_the_source_grew() -> None:
    kept = resolve(StartEnd(), now_ms=NOW_MS, last_sequence=10).format()

    point = parse_start_point(kept, StartEnd())

    assert point is not None
    assert point.deliver() == from_sequence(11)


def test_a_changed_setting_is_resolved_anew() -> None:
    kept = resolve(StartSequence(5), now_ms=NOW_MS, last_sequence=10).format()

    assert parse_start_point(kept, StartSequence(6)) is None
    assert parse_start_point(kept, StartEnd()) is None


@pytest.mark.parametrize(
    "text", ["", "end", "end 1", "end 1 2 3", "end x -", "end -1 -", "end ² -", "all - 1.5"]
)
def test_unreadable_metadata_is_no_place(text: str) -> None:
    assert parse_start_point(text, StartEnd()) is None
    assert parse_start_point(text, StartAll()) is None


@given(STARTS)
def test_a_setting_is_one_word(start: Start) -> None:
    assert len(word_of(start).split()) == 1


def test_a_place_knows_the_setting_it_came_from() -> None:
    assert resolve(StartAll(), now_ms=NOW_MS, last_sequence=3) == StartPoint("all")
