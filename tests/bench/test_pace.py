"""A rate is told from sights of a count, without what came before and after."""

import pytest

from bench.kit.pace import Sight, pace_of
from choria_core.errors import WorkError


def test_starting_and_idling_do_not_count() -> None:
    sights = [
        Sight(0.0, 0),
        Sight(5.0, 5),  # a slow start, before measuring begins
        Sight(6.0, 100),
        Sight(7.0, 600),
        Sight(8.0, 1_100),
        Sight(60.0, 1_100),  # nothing more came
    ]

    assert pace_of(sights, begin_at=10) == 500.0


@pytest.mark.parametrize(
    "sights",
    [[], [Sight(1.0, 0)], [Sight(1.0, 9), Sight(2.0, 9)], [Sight(1.0, 100), Sight(2.0, 100)]],
    ids=["none", "empty", "below the beginning", "all at once"],
)
def test_too_little_to_measure_is_said(sights: list[Sight]) -> None:
    with pytest.raises(WorkError, match="measure with more messages"):
        pace_of(sights, begin_at=10)
