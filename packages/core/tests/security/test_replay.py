"""Requests are taken once."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_core.errors import Refusal, RefusedError
from choria_core.security.replay import (
    MAX_ENTRIES,
    MAX_ENTRIES_PER_CALLER,
    ReplayTable,
    replay_key,
)


def admit(table: ReplayTable, request: int, caller: str = "a", *, expires: int, now: int) -> str:
    """What becomes of a request, in a word."""
    try:
        table.admit(replay_key(b"%d" % request), caller=caller, expires=expires, now=now)
    except RefusedError as error:
        return error.reason
    return "taken"


def test_a_request_is_taken_once_while_it_lives() -> None:
    table = ReplayTable()

    assert admit(table, 1, expires=60, now=0) == "taken"
    assert admit(table, 1, expires=60, now=0) == Refusal.REPLAYED
    assert admit(table, 1, expires=60, now=59) == Refusal.REPLAYED
    assert admit(table, 2, expires=60, now=59) == "taken"


def test_another_caller_does_not_make_it_another_request() -> None:
    table = ReplayTable()

    admit(table, 1, "a", expires=60, now=0)

    assert admit(table, 1, "b", expires=60, now=0) == Refusal.REPLAYED


def test_every_node_has_its_own_table() -> None:
    one, other = ReplayTable(), ReplayTable()

    assert admit(one, 1, expires=60, now=0) == admit(other, 1, expires=60, now=0) == "taken"


def test_expired_requests_make_room() -> None:
    table = ReplayTable(max_entries=2)
    admit(table, 1, expires=10, now=0)
    admit(table, 2, expires=20, now=0)

    assert admit(table, 3, expires=30, now=9) == Refusal.OVERLOADED
    assert admit(table, 3, expires=30, now=10) == "taken"
    assert len(table) == 2


def test_a_full_table_refuses_and_forgets_nothing() -> None:
    table = ReplayTable(max_entries=3)
    for request in range(3):
        admit(table, request, str(request), expires=60, now=0)

    assert admit(table, 9, "new", expires=60, now=1) == Refusal.OVERLOADED
    assert [admit(table, n, expires=60, now=1) for n in range(3)] == [Refusal.REPLAYED] * 3


def test_a_caller_cannot_take_the_whole_table() -> None:
    table = ReplayTable()
    for request in range(MAX_ENTRIES_PER_CALLER):
        assert admit(table, request, "greedy", expires=60, now=0) == "taken"

    assert admit(table, MAX_ENTRIES_PER_CALLER, "greedy", expires=60, now=0) == Refusal.OVERLOADED
    assert admit(table, MAX_ENTRIES_PER_CALLER, "other", expires=60, now=0) == "taken"
    assert admit(table, -1, "greedy", expires=99, now=60) == "taken"


def test_the_table_has_an_end() -> None:
    table = ReplayTable()
    for request in range(MAX_ENTRIES):
        assert admit(table, request, str(request % 16), expires=60, now=0) == "taken"

    assert len(table) == MAX_ENTRIES == 16 * MAX_ENTRIES_PER_CALLER
    assert admit(table, -1, "another", expires=60, now=0) == Refusal.OVERLOADED


def test_a_clock_that_went_back_brings_nothing_back() -> None:
    table = ReplayTable()
    admit(table, 1, expires=60, now=0)
    admit(table, 2, expires=200, now=100)

    assert admit(table, 1, expires=60, now=30) == Refusal.REPLAYED


def test_the_key_is_of_the_whole_text() -> None:
    assert len(replay_key(b"x")) == 32
    assert replay_key(b"x") != replay_key(b"x ")


@dataclass
class Model:
    """The table as it should be, without a thought for time or space."""

    max_entries: int
    max_entries_per_caller: int
    taken: list[tuple[int, str, int]] = field(default_factory=list)
    latest: int = -1

    def admit(self, request: int, caller: str, *, expires: int, now: int) -> str:
        self.latest = max(self.latest, now)
        if any(request == other for other, _, _ in self.taken):
            return Refusal.REPLAYED
        live = [owner for _, owner, end in self.taken if end > self.latest]
        if len(live) >= self.max_entries or live.count(caller) >= self.max_entries_per_caller:
            return Refusal.OVERLOADED
        self.taken.append((request, caller, expires))
        return "taken"


REQUESTS = st.tuples(st.integers(0, 12), st.sampled_from("ab"), st.integers(0, 3))


@given(
    st.lists(REQUESTS, max_size=60),
    st.integers(1, 6),
    st.integers(1, 4),
)
def test_it_is_exact(
    requests: list[tuple[int, str, int]], max_entries: int, max_per_caller: int
) -> None:
    """Against a model that remembers everything; a request has always the same expiry."""
    table = ReplayTable(max_entries=max_entries, max_entries_per_caller=max_per_caller)
    model = Model(max_entries, max_per_caller)
    now = 0

    for request, caller, step in requests:
        now += step
        expires = 3 * request + 5
        if expires > now:
            assert admit(table, request, caller, expires=expires, now=now) == model.admit(
                request, caller, expires=expires, now=now
            )
        assert len(table) <= max_entries


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 60)), max_size=60))
def test_no_clock_lets_a_request_in_twice(asked: list[tuple[int, int]]) -> None:
    table = ReplayTable(max_entries=4)
    taken = [
        request
        for request, now in asked
        if now < 3 * request + 5
        and admit(table, request, expires=3 * request + 5, now=now) == "taken"
    ]

    assert len(taken) == len(set(taken))


def test_refusals_are_of_the_peer() -> None:
    table = ReplayTable(max_entries=0)

    with pytest.raises(RefusedError, match="too many requests"):
        table.admit(b"k", caller="a", expires=1, now=0)
