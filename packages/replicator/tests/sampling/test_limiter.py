"""Sampling by sender, through everything that may happen to a copy."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from choria_core.errors import LocalProtocolError
from choria_replicator.sampling.field_path import FieldPath
from choria_replicator.sampling.limiter import Limiter, sample

HOST = FieldPath.parse("host")
MINUTE_MS = 60_000


def body(value: str) -> bytes:
    return json.dumps({"host": value}).encode()


def limiter(interval_ms: int = 1000) -> Limiter:
    return Limiter(HOST, interval_ms)


def test_the_first_message_of_each_sender_passes_then_one_an_interval() -> None:
    sampling = limiter(1000)

    admitted = [
        sampling.admit(body(value), timestamp_ms)
        for timestamp_ms, value in [
            (0, "a"),
            (1, "b"),
            (999, "a"),
            (1000, "a"),
            (1500, "b"),
            (1999, "a"),
        ]
    ]

    assert admitted == ["a", "b", None, "a", "b", None]


@pytest.mark.parametrize("text", [b"not json", b"", b'{"other": 1}', b'{"host": null}'])
def test_a_message_without_a_sender_always_passes_and_is_counted(text: bytes) -> None:
    sampling = limiter()

    for _ in range(3):
        assert sampling.admit(text, 5) == ""
        sampling.confirm("", 5, len(text))

    assert sampling.keyless == 3
    assert len(sampling) == 0


def test_a_rollback_decides_as_if_nothing_had_passed_since_the_last_confirmation() -> None:
    sampling = limiter(1000)
    sampling.admit(body("a"), 0)
    sampling.confirm("a", 0, 9)
    sampling.admit(body("a"), 1000)
    sampling.admit(body("b"), 1001)

    sampling.rollback()

    assert sampling.admit(body("a"), 1000) == "a"
    assert sampling.admit(body("b"), 1001) == "b"


def test_confirming_an_older_pass_keeps_the_newer_one_in_mind() -> None:
    sampling = limiter(1000)
    sampling.admit(body("a"), 0)
    sampling.admit(body("a"), 1000)

    sampling.confirm("a", 0, 9)

    assert sampling.admit(body("a"), 1999) is None
    assert sampling.snapshot() == {"a": (0, 9)}


def test_state_is_restored_and_forgotten() -> None:
    sampling = limiter(1000)
    sampling.restore({"a": (500, 9)})

    assert sampling.admit(body("a"), 1499) is None
    assert len(sampling) == 1

    sampling.clear()

    assert sampling.admit(body("a"), 1499) == "a"
    assert sampling.snapshot() == {}


def test_a_scrub_drops_what_no_decision_needs() -> None:
    sampling = limiter(1000)
    for value, timestamp_ms in (("old", 0), ("new", MINUTE_MS + 1000)):
        sampling.admit(body(value), timestamp_ms)
        sampling.confirm(value, timestamp_ms, 9)

    assert sampling.scrub(MINUTE_MS + 1000) == 1
    assert list(sampling.snapshot()) == ["new"]


def test_a_scrub_spares_what_a_rollback_may_ask_for_again() -> None:
    """The message at 500 is read again after the rollback, and sampled away again."""
    sampling = limiter(1000)
    sampling.admit(body("a"), 0)
    sampling.confirm("a", 0, 9)
    sampling.admit(body("a"), 500)
    sampling.admit(body("b"), 10 * MINUTE_MS)

    sampling.scrub(10 * MINUTE_MS)
    sampling.rollback()

    assert sampling.admit(body("a"), 500) is None


@pytest.mark.parametrize("interval_ms", [0, -1])
def test_an_interval_that_limits_nothing_is_a_mistake_of_the_caller(interval_ms: int) -> None:
    with pytest.raises(LocalProtocolError, match="limits nothing"):
        limiter(interval_ms)


def test_a_confirmed_pass_no_longer_waits() -> None:
    sampling = limiter(1000)
    sampling.admit(body("a"), 0)

    assert sampling.unconfirmed == 1
    sampling.confirm("a", 0, 9)
    assert sampling.unconfirmed == 0


def test_a_scrub_allows_for_clocks_that_step_back() -> None:
    """Another server with another clock may lead the source from one message to the next."""
    sampling = limiter(1000)
    for value, timestamp_ms in (("a", 0), ("b", 1500)):
        sampling.admit(body(value), timestamp_ms)
        sampling.confirm(value, timestamp_ms, 9)

    sampling.scrub(1500)

    assert sampling.admit(body("a"), 900) is None


SECOND_MS = 1000
STEPS = st.lists(
    st.tuples(
        st.integers(-MINUTE_MS // 2, 0)
        | st.integers(0, 2 * SECOND_MS)
        | st.integers(MINUTE_MS, 2 * MINUTE_MS),
        st.sampled_from(["a", "b", ""]),
    ),
    min_size=15,
    max_size=30,
)
EVENTS = st.lists(
    st.sampled_from(["read", "read", "confirm", "rollback", "restart", "scrub"]),
    min_size=60,
    max_size=90,
)


@settings(max_examples=400, deadline=None)
@given(STEPS, st.sampled_from([1, SECOND_MS, MINUTE_MS]), EVENTS)
def test_whatever_happens_in_between_the_target_gets_what_the_rule_says(
    steps: list[tuple[int, str]], interval_ms: int, events: list[str]
) -> None:
    """Reads, confirmations, resyncs, restarts and scrubs in any order change nothing.

    Clocks that step back by up to half a minute included.
    """
    messages = timeline(steps)
    world = World(messages, interval_ms)

    for event in events:
        getattr(world, event)()
    while world.position < len(messages):
        world.read()
    while world.waiting:
        world.confirm()

    assert world.target == [
        index for index, passes in enumerate(sample(messages, interval_ms)) if passes
    ]


def timeline(steps: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Messages whose times never lie more than half a minute behind the newest before."""
    messages, newest = [], 0
    for step, value in steps:
        messages.append((newest + step, value))
        newest = max(newest, newest + step)
    return messages


class World:
    """A source, a target and a limiter between them, driven event by event."""

    def __init__(self, messages: list[tuple[int, str]], interval_ms: int) -> None:
        self.messages = messages
        self.limiter = limiter(interval_ms)
        self.position = 0
        self.waiting: list[tuple[int, str]] = []
        self.target: list[int] = []
        self.newest_ms = 0

    def read(self) -> None:
        if self.position == len(self.messages):
            return
        timestamp_ms, value = self.messages[self.position]
        self.newest_ms = max(self.newest_ms, timestamp_ms)
        admitted = self.limiter.admit(body(value), timestamp_ms)
        if admitted is not None:
            assert admitted == value
            self.waiting.append((self.position, admitted))
        self.position += 1

    def confirm(self) -> None:
        if self.waiting:
            index, value = self.waiting.pop(0)
            self.target.append(index)
            self.limiter.confirm(value, self.messages[index][0], 1)

    def rollback(self) -> None:
        self.waiting.clear()
        self.limiter.rollback()
        self.position = self.target[-1] + 1 if self.target else 0

    def restart(self) -> None:
        saved = self.limiter.snapshot()
        self.limiter = limiter(self.limiter.interval_ms)
        self.limiter.restore(saved)
        self.rollback()

    def scrub(self) -> None:
        self.limiter.scrub(self.newest_ms)
