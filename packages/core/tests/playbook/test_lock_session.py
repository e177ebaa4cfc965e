"""Taking locks by sessions, where the store answers what the test wants."""

import asyncio
from collections.abc import Sequence

import pytest

from choria_core.errors import AuthenticationError, ConnectError, LockTimeoutError, WorkError
from choria_core.playbook.lease import Lease, LeasedLock, lease_clock
from choria_core.playbook.lock_session import SessionEndedError, take_lock

LONG_TTL_SECONDS = 3600.0
TAKEN = "taken"
BUSY = "busy"
EXPIRED = "expired"


class Store:
    """Answers one thing after the other; the last one again and again."""

    def __init__(self, *answers: str | Exception) -> None:
        self.answers = list(answers)
        self.sessions: list[Session] = []
        self.opening = asyncio.Event()
        self.may_open = asyncio.Event()
        self.may_open.set()

    async def open(self) -> "Session":
        self.opening.set()
        await self.may_open.wait()
        session = Session(self)
        self.sessions.append(session)
        return session

    def answer(self) -> str | Exception:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    @property
    def ended(self) -> Sequence[bool]:
        return [session.is_ended for session in self.sessions]


class Session:
    pause_seconds = 0.0

    def __init__(self, store: Store) -> None:
        self.is_ended = False
        self.lease = Lease(self.renew, ttl_seconds=LONG_TTL_SECONDS, sent_at=lease_clock())
        self.lease.start()
        self._store = store

    async def renew(self) -> None:
        """Of no interest."""

    async def try_to_lock(self, *, until: float) -> LeasedLock | None:
        answer = self._store.answer()
        if isinstance(answer, Exception):
            raise answer
        if answer == EXPIRED:
            self.lease.lose("the clock")
        if answer == BUSY:
            return None
        return LeasedLock("deploy", token=1, lease=self.lease, give_back=self.give_back)

    def timeout(self, timeout_seconds: float) -> LockTimeoutError:
        return LockTimeoutError(f"not within {timeout_seconds:g} s")

    async def give_back(self) -> None:
        assert not self.is_ended
        self.is_ended = True


async def test_who_waits_gets_it_when_it_is_free() -> None:
    store = Store(BUSY, BUSY, TAKEN)

    lock = await take_lock(store.open, timeout_seconds=60)

    assert lock.is_held()
    assert store.ended == [False]
    await lock.release()
    assert store.ended == [True]


async def test_without_time_it_is_tried_once() -> None:
    await (await take_lock(Store(TAKEN).open, timeout_seconds=0)).release()
    store = Store(BUSY)

    with pytest.raises(LockTimeoutError, match="not within 0 s"):
        await take_lock(store.open, timeout_seconds=0)

    assert store.ended == [True]


@pytest.mark.parametrize("ended", [EXPIRED, SessionEndedError("gone")])
async def test_a_session_that_ends_meanwhile_is_replaced(ended: str | Exception) -> None:
    """Also where it got the lock and its time was over: another may have it already."""
    store = Store(BUSY, ended, TAKEN)

    lock = await take_lock(store.open, timeout_seconds=60)

    assert lock.is_held()
    assert store.ended == [True, False]
    await lock.release()


async def test_a_store_that_is_away_for_a_moment_is_asked_again() -> None:
    store = Store(BUSY, ConnectError("away"), TAKEN)

    lock = await take_lock(store.open, timeout_seconds=60)

    assert store.ended == [False]
    await lock.release()


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (ConnectError("away"), 0.0),
        (AuthenticationError("who are you"), 60.0),
        (WorkError("data"), 60.0),
        (KeyError("a fault"), 60.0),
    ],
)
async def test_what_ends_the_waiting_ends_the_session(error: Exception, seconds: float) -> None:
    store = Store(BUSY if seconds else error, error)

    with pytest.raises(type(error)):
        await take_lock(store.open, timeout_seconds=seconds)

    assert store.ended == [True]


async def test_a_session_that_is_made_while_we_are_cancelled_is_ended() -> None:
    store = Store(BUSY)
    store.may_open.clear()
    taking = asyncio.create_task(take_lock(store.open, timeout_seconds=60))
    await store.opening.wait()

    taking.cancel()
    store.may_open.set()
    with pytest.raises(asyncio.CancelledError):
        await taking

    assert store.ended == [True]
    assert len(asyncio.all_tasks()) == 1
