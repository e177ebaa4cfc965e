"""What ends a run before its time."""

import asyncio

import pytest

from choria_playbooks.engine.halt import Halt, HaltedError


async def inside(halt: Halt, *, heeds_stop: bool, entered: asyncio.Event) -> str:
    try:
        async with halt.guard(heeds_stop=heeds_stop):
            entered.set()
            await asyncio.Event().wait()
    except HaltedError as error:
        return str(error)
    return "went on"


async def started(halt: Halt, *, heeds_stop: bool = True) -> "asyncio.Task[str]":
    entered = asyncio.Event()
    task = asyncio.create_task(inside(halt, heeds_stop=heeds_stop, entered=entered))
    await entered.wait()
    return task


async def test_a_stop_breaks_off_what_heeds_it() -> None:
    halt = Halt()
    heeding, deaf = await started(halt), await started(halt, heeds_stop=False)

    halt.stop("enough")
    halt.stop("again")
    assert await heeding == "enough"
    assert not deaf.done()
    halt.lose("the lock is gone")
    assert await deaf == "the lock is gone"


async def test_a_loss_says_more_than_a_stop() -> None:
    halt = Halt()
    halt.stop("enough")
    assert (halt.reason(heeds_stop=True), halt.reason(heeds_stop=False)) == ("enough", "")
    halt.lose("gone")
    assert halt.reason(heeds_stop=True) == halt.reason(heeds_stop=False) == "gone"


async def test_nothing_begins_after_a_halt() -> None:
    halt = Halt()
    halt.stop("enough")

    with pytest.raises(HaltedError, match="enough"):
        async with halt.guard(heeds_stop=True):
            pytest.fail("it began")
    async with halt.guard(heeds_stop=False):
        await asyncio.sleep(0)


async def test_other_cancellations_pass_through() -> None:
    halt = Halt()
    task = await started(halt)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_timeout_within_is_still_one() -> None:
    halt = Halt()
    with pytest.raises(TimeoutError):
        async with halt.guard(heeds_stop=True), asyncio.timeout(0):
            await asyncio.Event().wait()
    current = asyncio.current_task()
    assert current is not None
    assert current.cancelling() == 0


async def test_who_halts_from_within_goes_on_to_the_next_step() -> None:
    halt = Halt()
    async with halt.guard(heeds_stop=True):
        halt.stop("by myself")
        await asyncio.sleep(0)

    with pytest.raises(HaltedError):
        halt.check(heeds_stop=True)


async def test_an_error_that_answers_the_halt_is_told_as_it_is() -> None:
    halt, entered = Halt(), asyncio.Event()

    async def stubborn() -> None:
        async with halt.guard(heeds_stop=True):
            entered.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                raise ValueError("no") from None

    task = asyncio.create_task(stubborn())
    await entered.wait()
    halt.stop("enough")
    with pytest.raises(ValueError, match="no"):
        await task


async def test_whatever_swallows_the_halt_ends_with_it() -> None:
    halt, entered = Halt(), asyncio.Event()

    async def deaf() -> None:
        async with halt.guard(heeds_stop=True):
            entered.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                await asyncio.sleep(0)

    task = asyncio.create_task(deaf())
    await entered.wait()
    halt.stop("enough")
    with pytest.raises(HaltedError, match="enough"):
        await task
