"""Requests are of now, or nobody acts on them."""

import pytest

from choria_core.protocol.messages import NANOSECONDS, Request
from choria_core.protocol.ttl import Freshness, freshness

NOW = 1_700_000_000 * NANOSECONDS
LONG_AGO = NOW - 10**6 * NANOSECONDS


def made(seconds: float, *, ttl: int = 60) -> Request:
    """A request made so many seconds from now."""
    return Request(
        request_id="a" * 32,
        sender="client",
        caller="choria=alice",
        collective="mcollective",
        agent="discovery",
        ttl_seconds=ttl,
        time_ns=NOW + int(seconds * NANOSECONDS),
        payload=b"x",
    )


@pytest.mark.parametrize(
    ("seconds", "ttl", "expected"),
    [
        (0, 60, Freshness.FRESH),
        (-59.999, 60, Freshness.FRESH),
        (-60, 60, Freshness.EXPIRED),
        (-3600, 60, Freshness.EXPIRED),
        (59.999, 60, Freshness.FRESH),
        (60, 60, Freshness.AHEAD),
        (29.999, 30, Freshness.FRESH),
        (30, 30, Freshness.AHEAD),
        (60, 18_000, Freshness.FRESH),
        (60.001, 18_000, Freshness.AHEAD),
        (-17_999, 18_000, Freshness.FRESH),
        (-18_000, 18_000, Freshness.EXPIRED),
    ],
)
def test_a_request_lives_as_long_as_it_says(seconds: float, ttl: int, expected: Freshness) -> None:
    assert freshness(made(seconds, ttl=ttl), now_ns=NOW, started_ns=LONG_AGO) is expected


def test_a_server_refuses_what_is_older_than_itself() -> None:
    started = NOW - 10 * NANOSECONDS + 7

    assert freshness(made(-9), now_ns=NOW, started_ns=started) is Freshness.FRESH
    assert freshness(made(-11), now_ns=NOW, started_ns=started) is Freshness.BEFORE_START


def test_the_second_of_the_start_counts_as_a_whole() -> None:
    """Version 1 tells no fractions: a request right after the start looks older than it."""
    started = NOW - 10 * NANOSECONDS + 999_999_999

    assert freshness(made(-10), now_ns=NOW, started_ns=started) is Freshness.FRESH
    assert freshness(made(-10.001), now_ns=NOW, started_ns=started) is Freshness.BEFORE_START
