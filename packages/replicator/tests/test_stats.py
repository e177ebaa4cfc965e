"""The counters of one copy."""

import dataclasses

import pytest

from choria_replicator.stats import StreamStats


def test_all_begin_at_nothing_and_every_one_is_documented() -> None:
    stats = StreamStats(stream="REG", site="central", worker="REG")

    names = {one.name for one in dataclasses.fields(stats)}
    numbers = [getattr(stats, name) for name in names if not isinstance(getattr(stats, name), str)]

    assert set(numbers) == {0}
    assert stats.state == "starting"
    assert [name for name in names if name not in (StreamStats.__doc__ or "")] == []


def test_a_misspelt_counter_is_an_error() -> None:
    stats = StreamStats(stream="REG", site="central", worker="REG")

    with pytest.raises(AttributeError):
        stats.copied_mesages = 1  # type: ignore[attr-defined]  # the point of the test
