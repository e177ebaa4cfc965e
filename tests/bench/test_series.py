"""Ratios are taken within a round, where the machine was the same for both."""

from bench.kit.series import Series


def test_a_ratio_is_the_middle_of_the_rounds_own_ratios() -> None:
    series = Series([{"a": 90.0, "b": 100.0}, {"a": 5.0, "b": 10.0}, {"a": 50.0, "b": 50.0}])

    assert series.ratio("a", "b") == 0.9
    assert series.median("a") == 50.0


def test_rounds_that_one_sat_out_do_not_count() -> None:
    series = Series([{"a": 1.0, "b": None}, {"a": 8.0, "b": 2.0}, {"b": 3.0}])

    assert series.ratio("a", "b") == 4.0
    assert series.values("a") == [1.0, 8.0]


def test_nothing_measured_is_nothing() -> None:
    series = Series([{"a": 1.0}])

    assert series.ratio("a", "go") is None
    assert series.median("go") is None
