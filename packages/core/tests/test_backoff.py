"""Delays between attempts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_core.backoff import Backoff
from choria_core.errors import LocalProtocolError

CHANCE = st.floats(0, 1)


def test_delays_double_up_to_the_cap() -> None:
    backoff = Backoff(first_seconds=0.1, cap_seconds=1.0)

    assert [backoff.delay(n, 0.0) for n in range(6)] == pytest.approx([0.1, 0.2, 0.4, 0.8, 1, 1])


def test_jitter_takes_away_at_most_its_share() -> None:
    backoff = Backoff(first_seconds=1, cap_seconds=8, jitter=0.25)

    assert backoff.delay(1, 1.0) == pytest.approx(1.5)
    assert Backoff(jitter=0).delay(0, 1.0) == pytest.approx(0.1)


@given(attempt=st.integers(0, 10**12), chance=CHANCE)
def test_delays_never_leave_their_bounds(attempt: int, chance: float) -> None:
    delay = Backoff().delay(attempt, chance)

    assert 0.05 <= delay <= 5.0


@given(chance=CHANCE)
def test_the_first_delay_is_at_most_a_hundred_milliseconds(chance: float) -> None:
    assert Backoff().delay(0, chance) <= 0.1


@given(attempt=st.integers(0, 100), chance=CHANCE)
def test_delays_do_not_shrink_as_attempts_go_on(attempt: int, chance: float) -> None:
    backoff = Backoff()

    assert backoff.delay(attempt, chance) <= backoff.delay(attempt + 1, chance)


@pytest.mark.parametrize(
    "settings",
    [
        {"first_seconds": 0},
        {"first_seconds": 6},
        {"factor": 0.5},
        {"factor": 17},
        {"jitter": -0.1},
        {"jitter": 1.1},
    ],
)
def test_impossible_settings_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(LocalProtocolError, match="backoff needs"):
        Backoff(**settings)
