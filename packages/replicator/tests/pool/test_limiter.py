"""Sampling without order: nothing is settled that no confirmed copy stands for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_core.errors import LocalProtocolError
from choria_replicator.pool.limiter import Pass, PoolLimiter
from choria_replicator.sampling.field_path import FieldPath

INTERVAL = 100


class Log:
    """A worker that writes down what becomes of the messages that wait."""

    def __init__(self) -> None:
        self.settled: list[bytes] = []
        self.returned: list[bytes] = []

    def settle_skipped(self, reply: bytes) -> None:
        self.settled.append(reply)

    def give_back(self, reply: bytes) -> None:
        self.returned.append(reply)


def limiter() -> PoolLimiter:
    return PoolLimiter(FieldPath.parse("host"), INTERVAL)


def body(host: str) -> bytes:
    return b'{"host": "%b"}' % host.encode()


def passed(sampling: PoolLimiter, host: str, timestamp_ms: int) -> Pass:
    verdict = sampling.admit(body(host), timestamp_ms)
    assert verdict.is_copied
    assert verdict.passing is not None
    return verdict.passing


def is_copied(sampling: PoolLimiter, host: str, timestamp_ms: int) -> bool:
    return sampling.admit(body(host), timestamp_ms).is_copied


def test_a_confirmed_copy_stands_for_its_neighbours_on_both_sides() -> None:
    sampling = limiter()
    sampling.confirm(passed(sampling, "n1", 1000))

    assert sampling.admit(body("n1"), 1099) == (False, None)
    assert sampling.admit(body("n1"), 901) == (False, None)
    assert sampling.admit(body("n1"), 1000) == (False, None)


@pytest.mark.parametrize("timestamp_ms", [1100, 900, 0])
def test_a_message_an_interval_away_is_copied_even_if_it_is_older(timestamp_ms: int) -> None:
    sampling = limiter()
    sampling.confirm(passed(sampling, "n1", 1000))

    assert is_copied(sampling, "n1", timestamp_ms)


def test_senders_do_not_touch_each_other() -> None:
    sampling = limiter()
    sampling.confirm(passed(sampling, "n1", 1000))

    assert is_copied(sampling, "n2", 1000)


@pytest.mark.parametrize("text", [b"not JSON", b"{}", b'{"host": ""}', b""])
def test_messages_without_the_field_are_copied_and_not_tracked(text: bytes) -> None:
    sampling = limiter()

    assert sampling.admit(text, 1000) == (True, None)
    assert sampling.admit(text, 1000) == (True, None)
    assert len(sampling) == 0


def test_what_is_sampled_away_for_a_copy_on_its_way_waits_for_it() -> None:
    sampling, worker, other = limiter(), Log(), Log()
    passing = passed(sampling, "n1", 1000)
    for waiter, reply in ((worker, b"1"), (other, b"2")):
        verdict = sampling.admit(body("n1"), 1050)
        assert verdict == (False, passing)
        passing.waiting.append((waiter, reply))

    assert worker.settled == []
    sampling.confirm(passing)

    assert (worker.settled, other.settled) == ([b"1"], [b"2"])
    assert worker.returned == other.returned == []


def test_what_waited_for_a_failed_copy_is_decided_anew() -> None:
    sampling, worker = limiter(), Log()
    passing = passed(sampling, "n1", 1000)
    passing.waiting.append((worker, b"1"))

    sampling.undo(passing)

    assert (worker.settled, worker.returned) == ([], [b"1"])
    assert is_copied(sampling, "n1", 1050)


def test_a_failed_copy_leaves_the_others_of_its_sender_alone() -> None:
    sampling = limiter()
    far = passed(sampling, "n1", 5000)
    near = passed(sampling, "n1", 1000)

    sampling.undo(near)

    assert sampling.admit(body("n1"), 5050) == (False, far)
    assert is_copied(sampling, "n1", 1000)


def test_a_late_confirmation_does_not_take_the_place_of_a_newer_one() -> None:
    sampling = limiter()
    late, newer = passed(sampling, "n1", 1000), passed(sampling, "n1", 5000)
    sampling.confirm(newer)
    sampling.confirm(late)

    assert sampling.snapshot() == {"n1": (5000, len(body("n1")))}


def test_saved_copies_count_after_a_restart_and_not_when_cleared() -> None:
    before, after = limiter(), limiter()
    before.confirm(passed(before, "n1", 1000))

    after.restore(before.snapshot())
    assert not is_copied(after, "n1", 1050)

    after.clear()
    assert is_copied(after, "n1", 1050)


def test_clearing_leaves_copies_on_their_way() -> None:
    sampling = limiter()
    passing = passed(sampling, "n1", 1000)

    sampling.clear()
    sampling.confirm(passing)

    assert not is_copied(sampling, "n1", 1050)


def test_scrubbing_drops_senders_two_intervals_behind_the_newest_copy() -> None:
    sampling = limiter()
    for host, timestamp_ms in (("old", 799), ("recent", 801), ("new", 1000)):
        sampling.confirm(passed(sampling, host, timestamp_ms))

    assert sampling.scrub() == 1
    assert set(sampling.snapshot()) == {"recent", "new"}


def test_an_interval_that_limits_nothing_is_refused() -> None:
    with pytest.raises(LocalProtocolError, match="0 ms"):
        PoolLimiter(FieldPath.parse("host"), 0)


@given(
    messages=st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 600)), max_size=30),
    chances=st.lists(st.integers(0, 5), max_size=200),
)
def test_whatever_fails_every_settled_message_has_a_confirmed_copy_near(
    messages: list[tuple[str, int]], chances: list[int]
) -> None:
    """Deliver in any order, fail and kill at random, deliver again what is not settled."""
    luck = iter(chances)
    owed = dict(enumerate(messages))
    copies: list[tuple[str, int]] = []
    sampling = limiter()
    while owed:  # ends when the luck does: then nothing fails any more
        worker = Log()
        underway: list[tuple[int, Pass]] = []
        for number in sorted(owed, key=lambda number: (next(luck, 0), number)):
            host, timestamp_ms = owed[number]
            verdict = sampling.admit(body(host), timestamp_ms)
            if verdict.is_copied:
                assert verdict.passing is not None
                underway.append((number, verdict.passing))
            elif verdict.passing is None:
                worker.settled.append(b"%d" % number)
            else:
                verdict.passing.waiting.append((worker, b"%d" % number))
        for number, passing in underway:
            if next(luck, 0) == 1:
                sampling.undo(passing)
            else:
                copies.append(owed[number])
                sampling.confirm(passing)
                worker.settled.append(b"%d" % number)
        for reply in worker.settled:
            host, timestamp_ms = owed.pop(int(reply))
            assert any(h == host and abs(t - timestamp_ms) < INTERVAL for h, t in copies)
        if next(luck, 0) == 2:
            sampling = limiter()  # killed: its successor knows nothing
