"""A node takes a request once."""

from hypothesis import given
from hypothesis import strategies as st

from choria_emulator.node.seen import Seen, SeenTable

SECOND = 1_000_000_000


@given(st.lists(st.integers(0, 5_000), max_size=300))
def test_every_place_is_new_exactly_once(places: list[int]) -> None:
    seen, model = Seen(), set[int]()
    for place in places:
        assert seen.add(place) is (place not in model)
        model.add(place)


def test_two_messages_with_one_request_share_what_was_seen() -> None:
    table = SeenTable()
    first = table.of(b"key", until_ns=60 * SECOND, now_ns=0)
    second = table.of(b"key", until_ns=60 * SECOND, now_ns=SECOND)
    assert first is second is not None


def test_a_request_is_forgotten_when_its_time_is_over() -> None:
    table = SeenTable()
    table.of(b"old", until_ns=60 * SECOND, now_ns=0)
    table.of(b"new", until_ns=130 * SECOND, now_ns=70 * SECOND)
    assert len(table) == 1


def test_a_full_table_takes_nothing_new() -> None:
    table = SeenTable(most=1)
    assert table.of(b"one", until_ns=60 * SECOND, now_ns=0) is not None
    assert table.of(b"two", until_ns=60 * SECOND, now_ns=0) is None
    assert table.of(b"one", until_ns=60 * SECOND, now_ns=0) is not None
