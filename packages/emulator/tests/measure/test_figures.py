"""Figures that sum up many."""

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_emulator.measure.figures import Spread, deviation, mean, percentile, skew, spread

values = st.lists(st.floats(0, 1e6), min_size=1, max_size=60)


@given(values)
def test_a_spread_is_in_order_and_made_of_the_values(given_values: list[float]) -> None:
    found = spread(given_values)

    steps = (found.min, found.p50, found.p90, found.p95, found.p99, found.p100)
    assert list(steps) == sorted(steps)
    assert set(steps) <= set(given_values)
    assert found.min == min(given_values)
    assert found.p100 == found.max == max(given_values)
    assert found.min <= found.mean <= found.max


@given(values, st.integers(1, 100))
def test_no_less_than_the_percentage_is_at_or_below_a_percentile(
    given_values: list[float], percent: int
) -> None:
    found = percentile(sorted(given_values), percent)

    below = sum(value <= found for value in given_values)
    less = sum(value < found for value in given_values)
    assert below * 100 >= percent * len(given_values)
    assert less * 100 < percent * len(given_values)


@given(st.lists(st.floats(0, 1e6), min_size=2, max_size=60))
def test_the_deviation_is_that_of_a_sample(given_values: list[float]) -> None:
    assert deviation(given_values) == pytest.approx(statistics.stdev(given_values), abs=1e-6)


def test_nothing_has_no_figures_that_are_not_numbers() -> None:
    assert spread([]) == Spread()
    assert mean([]) == deviation([]) == deviation([3.0]) == skew([3.0]) == skew([2.0, 2.0]) == 0.0
    assert percentile([], 50) == 0.0


def test_the_skew_tells_where_the_long_tail_is() -> None:
    assert skew([1.0, 2.0, 3.0]) == 0.0
    assert skew([1.0, 1.0, 1.0, 9.0]) == pytest.approx(1.0)
    assert skew([1.0, 9.0, 9.0, 9.0]) == pytest.approx(-1.0)
