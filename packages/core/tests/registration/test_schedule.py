"""When a node registers: splay, interval and size, for any numbers."""

from hypothesis import given
from hypothesis import strategies as st

from choria_core.registration.schedule import (
    LEAST_PAUSE_SECONDS,
    MOST_PAUSE_SECONDS,
    Pace,
    Turns,
)

SHARES = st.floats(0.0, 1.0)
SECONDS = st.integers(1, 100_000)
STARTS = st.floats(0.0, 1e9)


@given(interval=SECONDS, splay=st.booleans(), drawn=SHARES, pause=SHARES)
def test_the_first_wait_is_the_pause_and_a_part_of_the_interval(
    *, interval: int, splay: bool, drawn: float, pause: float
) -> None:
    pace = Pace(interval_seconds=interval, splay=splay)
    wait = pace.first_wait(splay_share=drawn, pause_share=pause)

    spread = interval * drawn if splay else 0.0
    assert LEAST_PAUSE_SECONDS + spread <= wait <= MOST_PAUSE_SECONDS + spread


@given(splay=st.booleans(), drawn=SHARES, trigger=st.integers(0, 10), now=STARTS)
def test_without_an_interval_nothing_is_ever_due(
    *, splay: bool, drawn: float, trigger: int, now: float
) -> None:
    pace = Pace(interval_seconds=0, splay=splay, size_trigger_bytes=trigger)

    assert pace.is_never
    assert pace.first_wait(splay_share=drawn, pause_share=drawn) <= MOST_PAUSE_SECONDS
    assert not Turns(pace).is_due(now=now, size_bytes=1_000)


@given(interval=SECONDS, start=STARTS, looks=st.integers(1, 50))
def test_without_a_trigger_each_look_registers_whatever_the_size(
    interval: int, start: float, looks: int
) -> None:
    turns, planned = Turns(Pace(interval_seconds=interval)), start
    for size in range(looks):
        assert turns.is_due(now=planned, size_bytes=size * 1_000)
        turns.done(now=planned, size_bytes=size * 1_000)
        planned = turns.next_look(planned, now=planned)
    assert abs(planned - start - looks * interval) < 0.01 * looks


@given(
    interval=st.integers(1, 500),
    look=st.integers(1, 60),
    trigger=st.integers(1, 1_000),
    sizes=st.lists(st.integers(0, 3_000), min_size=1, max_size=60),
)
def test_with_a_trigger_it_is_due_by_time_or_by_size_since_the_last_one(
    interval: int, look: int, trigger: int, sizes: list[int]
) -> None:
    pace = Pace(interval_seconds=interval, size_trigger_bytes=trigger, size_interval_seconds=look)
    turns, last = Turns(pace), None
    for number, size in enumerate(sizes):
        now = 1_000.0 + number * look
        is_due = turns.is_due(now=now, size_bytes=size)
        if last is None:
            assert is_due
        else:
            at, told = last
            assert is_due == (now - at >= interval or abs(size - told) >= trigger)
        if is_due:
            turns.done(now=now, size_bytes=size)
            last = now, size
        assert turns.next_look(now, now=now) == now + look


@given(interval=SECONDS, start=STARTS, late=st.floats(0.0, 1e6))
def test_missed_looks_are_left_out(interval: int, start: float, late: float) -> None:
    turns = Turns(Pace(interval_seconds=interval))
    following = turns.next_look(start, now=start + late)

    assert following >= start + late
    assert following == max(start + interval, start + late)


def test_what_could_not_be_registered_is_due_at_the_next_look() -> None:
    turns = Turns(Pace(interval_seconds=300))

    assert turns.is_due(now=10.0, size_bytes=0)
    assert turns.is_due(now=11.0, size_bytes=0)  # nobody said that it was done
