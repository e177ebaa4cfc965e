"""Leases: renewed while they are held, lost by the clock, ended without a trace."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from choria_core.errors import ConnectError, LockLostError
from choria_core.playbook.lease import Lease, LeasedLock, lease_clock
from choria_testing.clock import ManualClock

QUICK_TTL_SECONDS = 0.6
LONG_TTL_SECONDS = 3600.0


class Keeper:
    """A store's side of a lease: answers what it is told to."""

    def __init__(self, answer: Callable[[int], Awaitable[None]]) -> None:
        self.asked = 0
        self._answer = answer
        self._asking = asyncio.Condition()

    async def renew(self) -> None:
        self.asked += 1
        async with self._asking:
            self._asking.notify_all()
        await self._answer(self.asked)

    async def was_asked(self, times: int) -> None:
        async with self._asking:
            await self._asking.wait_for(lambda: self.asked >= times)


async def confirm(_time: int) -> None:
    """Say yes."""


async def be_silent(_time: int) -> None:
    await asyncio.Event().wait()


async def be_away(_time: int) -> None:
    raise ConnectError("nobody listens")


def quick(keeper: Keeper) -> Lease:
    lease = Lease(keeper.renew, ttl_seconds=QUICK_TTL_SECONDS, sent_at=lease_clock())
    lease.start()
    return lease


def tasks() -> set[str]:
    return {task.get_name() for task in asyncio.all_tasks()}


async def test_a_lease_is_renewed_for_as_long_as_it_is_wanted() -> None:
    keeper = Keeper(confirm)
    lease = quick(keeper)

    await keeper.was_asked(6)

    assert lease.is_held()
    await lease.stop()
    assert not lease.lost.is_set()


async def test_a_stopped_lease_is_not_held_and_leaves_no_task() -> None:
    for answer in (confirm, be_silent, be_away):
        keeper = Keeper(answer)
        lease = quick(keeper)
        await keeper.was_asked(1)

        await lease.stop()
        await lease.stop()

        assert (lease.is_held(), lease.lost.is_set(), lease.loss) == (False, False, "")
        assert "lease" not in tasks()


async def test_silence_loses_the_lease_and_ends_the_renewing() -> None:
    lease = quick(Keeper(be_silent))

    await lease.lost.wait()

    assert not lease.is_held()
    assert lease.loss.startswith("it could not be renewed within 0.6 s: no answer within")
    await lease.stop()
    assert "lease" not in tasks()


async def test_errors_are_tried_again_and_the_last_one_is_named() -> None:
    keeper = Keeper(be_away)
    lease = quick(keeper)

    await lease.lost.wait()

    assert keeper.asked > 2
    assert lease.loss == "it could not be renewed within 0.6 s: nobody listens"
    await lease.stop()


async def test_an_error_that_passes_does_no_harm() -> None:
    async def now_and_then(time: int) -> None:
        if time % 2:
            raise ConnectError("nobody listens")

    keeper = Keeper(now_and_then)
    lease = quick(keeper)

    await keeper.was_asked(9)

    assert lease.is_held()
    await lease.stop()


async def test_a_definite_loss_counts_at_once() -> None:
    async def gone(_time: int) -> None:
        raise LockLostError("the session is gone")

    keeper = Keeper(gone)
    lease = quick(keeper)

    await lease.lost.wait()

    assert (keeper.asked, lease.loss) == (1, "the session is gone")
    await lease.stop()


async def test_a_fault_of_the_renewing_loses_the_lease_and_is_not_hidden() -> None:
    async def break_down(_time: int) -> None:
        raise KeyError("index")

    lease = quick(Keeper(break_down))

    await lease.lost.wait()

    assert lease.loss == "renewing it failed: KeyError('index')"
    with pytest.raises(KeyError):
        await lease.stop()


async def test_the_clock_alone_says_that_a_lease_is_over() -> None:
    """No timer has run, no task has begun: the loop may be busy with something else."""
    clock = ManualClock()
    lease = Lease(Keeper(confirm).renew, ttl_seconds=10, sent_at=0.0, clock=clock)

    clock.advance(9.9)
    assert lease.is_held()
    clock.advance(0.1)
    assert not lease.is_held()
    assert lease.lost.is_set()


async def test_a_renewal_counts_from_when_it_was_sent() -> None:
    """Its answer took 30 s: the store may have begun to count long ago."""
    clock = ManualClock()

    async def answer_late(time: int) -> None:
        if time == 1:
            clock.advance(30)
        else:
            await be_silent(time)

    keeper = Keeper(answer_late)
    lease = Lease(keeper.renew, ttl_seconds=LONG_TTL_SECONDS, sent_at=-1200.0, clock=clock)
    lease.start()
    await keeper.was_asked(1)
    await asyncio.sleep(0)

    clock.advance(LONG_TTL_SECONDS - 30 - 1)
    assert lease.is_held()
    clock.advance(1)
    assert not lease.is_held()
    await lease.stop()


async def test_an_answer_after_the_end_revives_nothing() -> None:
    clock = ManualClock()
    answered = asyncio.Event()

    async def answer_too_late(_time: int) -> None:
        clock.advance(LONG_TTL_SECONDS)
        answered.set()

    keeper = Keeper(answer_too_late)
    lease = Lease(keeper.renew, ttl_seconds=LONG_TTL_SECONDS, sent_at=-1200.0, clock=clock)
    lease.start()

    await lease.lost.wait()

    assert answered.is_set()
    assert not lease.is_held()
    await lease.stop()


async def test_the_first_reason_of_a_loss_is_kept() -> None:
    lease = quick(Keeper(confirm))

    lease.lose("broken by the operator")
    lease.lose("something else")

    assert lease.loss == "broken by the operator"
    await lease.stop()


async def test_a_lock_is_given_back_once_and_even_after_its_loss() -> None:
    for is_lost in (False, True):
        told: list[str] = []

        async def give_back(told: list[str] = told) -> None:
            told.append("released")

        lease = quick(Keeper(confirm))
        lock = LeasedLock("deploy", token=7, lease=lease, give_back=give_back)
        assert lock.is_held()
        if is_lost:
            lease.lose("broken")

        await lock.release()
        await lock.release()

        assert told == ["released"]
        assert not lock.is_held()
        assert (lock.lost.is_set(), lock.loss) == ((True, "broken") if is_lost else (False, ""))
        assert "lease" not in tasks()


async def test_a_release_that_is_cancelled_is_finished() -> None:
    began, may_end, told = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def give_back() -> None:
        began.set()
        await may_end.wait()
        told.set()

    lock = LeasedLock("deploy", token=7, lease=quick(Keeper(confirm)), give_back=give_back)
    releasing = asyncio.create_task(lock.release())
    await began.wait()

    releasing.cancel()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await releasing

    assert told.is_set()


async def test_a_release_that_failed_can_be_tried_again() -> None:
    answers = [ConnectError("nobody listens"), None]

    async def give_back() -> None:
        if error := answers.pop(0):
            raise error

    lock = LeasedLock("deploy", token=7, lease=quick(Keeper(confirm)), give_back=give_back)
    with pytest.raises(ConnectError):
        await lock.release()
    await lock.release()
    await lock.release()

    assert answers == []
