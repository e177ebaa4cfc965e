"""A manual clock moves when told, and wakes who waited for it."""

import asyncio

import pytest

from choria_testing.clock import ManualClock


async def turn() -> None:
    """Let every task that can run do so."""
    for _ in range(3):
        await asyncio.sleep(0)


async def test_sleepers_wake_in_the_order_of_their_times(manual_clock: ManualClock) -> None:
    woken: list[str] = []

    async def sleeper(name: str, seconds: float) -> None:
        await manual_clock.sleep(seconds)
        woken.append(name)

    async with asyncio.TaskGroup() as tasks:
        for name, seconds in (("late", 5.0), ("early", 1.0), ("middle", 3.0)):
            tasks.create_task(sleeper(name, seconds))
        await turn()
        assert manual_clock.sleepers == 3

        manual_clock.advance(2.9)
        await turn()
        assert woken == ["early"]

        manual_clock.advance(10)

    assert woken == ["early", "middle", "late"]
    assert manual_clock() == pytest.approx(12.9)


async def test_a_cancelled_sleeper_is_forgotten(manual_clock: ManualClock) -> None:
    task = asyncio.create_task(manual_clock.sleep(1))
    await turn()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert manual_clock.sleepers == 0
    manual_clock.advance(2)


def test_time_does_not_run_backwards(manual_clock: ManualClock) -> None:
    with pytest.raises(ValueError, match="backwards"):
        manual_clock.advance(-1)
