"""When a figure is itself again after a storm."""

from hypothesis import given
from hypothesis import strategies as st

from choria_emulator.measure.stability import Stage, StormCurve


def fed(curve: StormCurve, *values: float, start: float = 0.0) -> list[Stage]:
    """A look every tenth of a second."""
    return [curve.feed(start + number / 10, value) for number, value in enumerate(values)]


def test_it_waits_for_less_and_the_clock_starts_when_there_is_more() -> None:
    curve = StormCurve(stable_seconds=0.3)

    stages = fed(curve, 100, 100, 60, 20, 20, 50, 80, 80, 100, 100, 100, 100)

    assert stages[:2] == [Stage.WAITING] * 2
    assert stages[2:5] == [Stage.FALLEN] * 3
    assert stages[5:11] == [Stage.RISING] * 6
    assert stages[11] is Stage.STABLE
    assert curve.base == 20
    assert curve.value == 100
    assert curve.increments == [30, 30, 0, 20]
    assert round(curve.elapsed_seconds, 6) == 0.3


def test_more_than_at_first_is_no_storm() -> None:
    assert set(fed(StormCurve(), 100, 120, 130, 130)) == {Stage.WAITING}


def test_a_figure_that_falls_again_is_not_stable_meanwhile() -> None:
    curve = StormCurve(stable_seconds=0.2)

    stages = fed(curve, 10, 0, 5, 5, 3, 9, 9, 9, 9)

    assert set(stages[2:7]) == {Stage.RISING}
    assert stages[-1] is Stage.STABLE
    assert curve.increments == [5, 0, 0, 6]


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=80))
def test_all_that_comes_back_is_in_the_increments(values: list[int]) -> None:
    curve = StormCurve(stable_seconds=3600.0)
    fed(curve, *values)

    if curve.stage is Stage.RISING:
        assert sum(curve.increments) >= curve.value - curve.base
        assert curve.elapsed_seconds <= len(values) / 10
    else:
        assert curve.increments == []


def test_a_broker_that_was_away_and_has_all_again_was_in_a_storm_nobody_saw() -> None:
    curve = StormCurve(stable_seconds=0.2)
    fed(curve, 100, 100)
    curve.lose()

    stages = fed(curve, 100, 100, 100, 100, start=1.0)

    assert stages[0] is Stage.RISING
    assert stages[-1] is Stage.STABLE
    assert (curve.base, curve.value, curve.increments) == (0, 100, [100])


def test_a_broker_that_was_away_and_has_less_rises_from_there() -> None:
    curve = StormCurve(stable_seconds=0.2)
    fed(curve, 100)
    curve.lose()

    fed(curve, 60, 100, 100, 100, 100, start=1.0)

    assert curve.stage is Stage.STABLE
    assert (curve.base, curve.increments) == (60, [40])
