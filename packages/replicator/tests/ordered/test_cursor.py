"""The frontier against the plain statement of what it means."""

from hypothesis import given
from hypothesis import strategies as st

from choria_replicator.ordered.cursor import Cursor, Mark


def mark(
    published: int, read: int, *, size: int = 0, messages: int = 0, oldest_ms: int = 0
) -> Mark:
    return Mark(
        published=published,
        read_sequence=read,
        read_timestamp_ms=1000 + read,
        copied_sequence=published,
        published_bytes=size,
        read_messages=messages,
        oldest_timestamp_ms=oldest_ms,
    )


START = mark(0, 10)


def test_only_a_wholly_confirmed_mark_is_settled() -> None:
    cursor = Cursor(START)
    cursor.leave(mark(3, 14))
    cursor.leave(mark(5, 20))

    assert cursor.confirm(2) == []
    assert cursor.frontier == START
    assert cursor.confirm(4) == [mark(3, 14)]
    assert cursor.frontier == mark(3, 14)
    assert cursor.confirm(5) == [mark(5, 20)]


def test_one_confirmation_settles_many_marks_oldest_first() -> None:
    cursor = Cursor(START)
    marks = [mark(1, 11), mark(2, 12), mark(9, 40)]
    for one in marks:
        cursor.leave(one)

    assert cursor.confirm(9) == marks


def test_what_was_only_sampled_away_is_settled_without_a_confirmation() -> None:
    cursor = Cursor(START)
    cursor.leave(mark(0, 500))

    assert cursor.confirm(0) == [mark(0, 500)]


def test_skipped_messages_behind_an_unconfirmed_one_wait_for_it() -> None:
    cursor = Cursor(START)
    cursor.leave(mark(1, 11))
    cursor.leave(mark(1, 900))

    assert cursor.confirm(0) == []
    assert cursor.confirm(1)[-1].read_sequence == 900


def test_the_window_is_counted_between_the_frontier_and_the_newest_mark() -> None:
    cursor = Cursor(mark(2, 5, size=20, messages=4))
    assert (cursor.unconfirmed_messages, cursor.unconfirmed_bytes) == (0, 0)
    assert cursor.oldest_unsettled_ms == 0

    cursor.leave(mark(4, 9, size=70, messages=8, oldest_ms=77))
    cursor.leave(mark(5, 12, size=90, messages=11, oldest_ms=99))

    assert cursor.unconfirmed_messages == 3
    assert cursor.unconfirmed_bytes == 70
    assert cursor.unsettled_messages == 7
    assert cursor.oldest_unsettled_ms == 77
    cursor.confirm(4)
    assert (cursor.unconfirmed_messages, cursor.unconfirmed_bytes) == (1, 20)
    assert cursor.unsettled_messages == 3
    assert cursor.oldest_unsettled_ms == 99


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 5)), max_size=30),
    st.lists(st.integers(0, 60), max_size=30),
)
def test_the_frontier_is_the_last_mark_not_ahead_of_any_confirmation(
    steps: list[tuple[int, int]], confirmations: list[int]
) -> None:
    cursor = Cursor(START)
    marks = [START]
    for published, read in steps:
        marks.append(mark(marks[-1].published + published, marks[-1].read_sequence + read))
        cursor.leave(marks[-1])

    settled: list[Mark] = []
    for highest, confirmation in enumerate(confirmations):
        settled += cursor.confirm(confirmation)
        known = max(confirmations[: highest + 1])
        assert cursor.frontier == [one for one in marks if one.published <= known][-1]

    assert settled == marks[1 : 1 + len(settled)]
