"""Rates, percentiles and the bounds of what is kept."""

import math

import pytest

from choria_emulator.watch.figures import LATENCY_BOUNDS_SECONDS
from choria_emulator.watch.history import LONGEST_SECONDS, MOST_MOMENTS, History
from choria_emulator.watch.latency import grown, percentile
from packages.emulator.tests.watch.conftest import broker_figures, counts_of, look


def buckets(latency: dict[float, int]) -> list[int]:
    return counts_of(latency=latency).latency


@pytest.mark.parametrize(
    ("latency", "share", "seconds"),
    [
        ({}, 0.5, None),
        ({0.0001: 10}, 0.5, 0.00005),
        ({0.01: 100}, 0.5, 0.0075),
        ({0.01: 100}, 1.0, 0.01),
        ({0.01: 50, 0.1: 50}, 0.99, 0.05 + 0.05 * 49 / 50),
        ({0.01: 99, math.inf: 1}, 0.999, 10.0),
        ({math.inf: 1}, 0.5, 10.0),
    ],
)
def test_a_percentile_lies_within_its_bucket(
    latency: dict[float, int], share: float, seconds: float | None
) -> None:
    found = percentile(buckets(latency), share)

    assert found == (None if seconds is None else pytest.approx(seconds))


def test_buckets_that_shrank_hold_no_new_replies() -> None:
    now, then = buckets({0.01: 5, 0.1: 1}), buckets({0.01: 2, 0.1: 4})

    assert grown(now, then) == buckets({0.01: 3})


def test_rates_are_taken_over_a_second() -> None:
    history = History()
    for half in range(6):
        counts = counts_of(requests=half * 100, replies=half * 50, connects=half)
        history.add(look(half / 2, counts=counts))

    latest = history.latest

    assert latest is not None
    assert (latest.requests_per_s, latest.replies_per_s, latest.connects_per_s) == (200, 100, 2)


def test_the_first_look_tells_no_rates() -> None:
    moment = History().add(look(counts=counts_of(requests=900)))

    assert (moment.requests_per_s, moment.p50_seconds) == (0, None)


def test_what_a_process_took_along_is_no_negative_rate() -> None:
    history = History()
    history.add(look(0, counts=counts_of(requests=900)))

    assert history.add(look(1, counts=counts_of(requests=400))).requests_per_s == 0


def test_latency_is_that_of_the_replies_of_lately() -> None:
    history = History()
    history.add(look(0, counts=counts_of(replies=5, latency={10.0: 5})))
    replying = history.add(look(1, counts=counts_of(replies=9, latency={10.0: 5, 0.01: 4})))
    quiet = history.add(look(2, counts=counts_of(replies=9, latency={10.0: 5, 0.01: 4})))

    assert replying.p50_seconds == 0.0075
    assert quiet.p50_seconds is None
    assert history.latest_with_replies == replying


def test_memory_is_that_of_all_processes_and_of_the_brokers_that_are_known() -> None:
    brokers = (broker_figures("a"), broker_figures("b"))

    known = History().add(look(brokers=brokers))
    unknown = History().add(look())

    assert (known.memory_bytes, known.broker_memory_bytes) == (40_000_000, 120_000_000)
    assert unknown.broker_memory_bytes is None


def test_ten_minutes_are_kept() -> None:
    history = History()
    for second in range(2 * int(LONGEST_SECONDS)):
        history.add(look(second))

    assert len(history.since(0)) == LONGEST_SECONDS + 1
    assert history.count == 2 * LONGEST_SECONDS


def test_however_often_it_is_told_no_more_moments_are_kept() -> None:
    history = History()
    for tick in range(3 * MOST_MOMENTS):
        history.add(look(tick / 100))

    assert len(history.since(0)) == MOST_MOMENTS


def test_a_clock_that_was_set_back_does_no_harm() -> None:
    history = History()
    history.add(look(5_000))
    for half in range(100):
        moment = history.add(look(half / 2, counts=counts_of(requests=half * 50)))

    assert moment.requests_per_s == 100


def test_who_lags_behind_is_told_what_was_missed() -> None:
    history = History()
    moments = [history.add(look(second)) for second in range(5)]

    assert history.since(3) == moments[3:]
    assert history.since(5) == []
    assert history.since(99) == []


def test_the_buckets_are_in_order() -> None:
    assert sorted(LATENCY_BOUNDS_SECONDS) == list(LATENCY_BOUNDS_SECONDS)
