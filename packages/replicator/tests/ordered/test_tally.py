"""Each source message counts once: when it is settled, or found at the target."""

from dataclasses import replace

from choria_replicator.ordered.cursor import Cursor, Mark
from choria_replicator.ordered.tally import count_found, count_settled
from choria_replicator.stats import StreamStats

START = Mark(published=0, read_sequence=10, read_timestamp_ms=0, copied_sequence=10, keyless=4)
FIRST = replace(
    START, published=3, published_bytes=30, skipped=2, skipped_bytes=14, keyless=5, read_sequence=15
)
SECOND = replace(FIRST, published=7, published_bytes=110, skipped=3, skipped_bytes=21)


def stats() -> StreamStats:
    return StreamStats(stream="S", site="here", worker="w")


def copied(counted: StreamStats) -> tuple[int, int]:
    return counted.copied_messages, counted.copied_bytes


def test_what_lies_between_two_marks_is_copied_or_sampled_away() -> None:
    counted = stats()

    count_settled(counted, START, FIRST)
    count_settled(counted, FIRST, SECOND)

    assert copied(counted) == (7, 110)
    assert (counted.skipped_messages, counted.skipped_bytes) == (3, 21)
    assert (counted.received_messages, counted.received_bytes) == (10, 131)
    assert counted.keyless_messages == 1


def test_what_is_found_at_the_target_counts_behind_the_frontier() -> None:
    cursor = Cursor(START)
    cursor.leave(FIRST)
    cursor.leave(SECOND)
    cursor.confirm(3)

    found = {stored: stats() for stored in (-1, 0, 3, 4, 7, 9)}
    for stored, counted in found.items():
        count_found(counted, cursor, stored)

    assert {stored: copied(counted) for stored, counted in found.items()} == {
        -1: (0, 0),
        0: (0, 0),
        3: (0, 0),
        4: (1, 20),  # the bytes of a mark are shared out
        7: (4, 80),
        9: (4, 80),  # no more than was published
    }
    assert found[7].received_messages == 4


def test_marks_that_publish_nothing_share_nothing_out() -> None:
    cursor = Cursor(START)
    cursor.leave(FIRST)
    cursor.leave(replace(FIRST, read_sequence=900))
    cursor.leave(replace(SECOND, read_sequence=901))
    counted = stats()

    count_found(counted, cursor, 7)

    assert copied(counted) == (7, 110)
