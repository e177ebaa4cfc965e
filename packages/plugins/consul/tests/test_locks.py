"""What locks in Consul leave behind, wait for and refuse; each on a real Consul."""

import asyncio
from typing import Any
from urllib.parse import quote

import pytest

from choria_core.errors import KeyMissingError, LockTimeoutError, TransportError, WorkError
from choria_core.playbook.lease import LeasedLock, lease_clock
from choria_core.playbook.workbench import Workbench
from choria_plugin_consul.lock import Session, Terms
from choria_plugin_consul.options import ConsulOptions
from choria_plugin_consul.store import ConsulStore
from choria_testing.consul_agent import ConsulAgent
from choria_testing.datastore import ALICE, BOB, StoreTests
from choria_testing.fixtures import MakeConsul
from choria_testing.json_api import ask_json

PATIENCE_SECONDS = 20.0
TERMS = Terms(store="pb", ttl_seconds=10, lock_delay_seconds=15)


@pytest.fixture
def key(request: pytest.FixtureRequest) -> str:
    return f"locks/{request.node.name}"


class TestLocks(StoreTests):
    @pytest.fixture
    def make_store(self, consul: ConsulAgent, bench: Workbench) -> Any:
        """Stores with a lock delay, short or long."""

        def make(lock_delay: float = 15.0) -> ConsulStore:
            return ConsulStore(
                "pb", ConsulOptions(url=consul.http_url, lock_delay=lock_delay), bench
            )

        return make

    async def test_release_leaves_no_key_no_session_and_no_delay(
        self, make_store: Any, consul: ConsulAgent, key: str
    ) -> None:
        store = make_store()
        for _ in range(2):
            lock = await store.acquire(key, ALICE, timeout_seconds=0)
            assert len(sessions(consul, ALICE.book)) == 1
            await lock.release()

        assert sessions(consul, ALICE.book) == []
        with pytest.raises(KeyMissingError):
            await store.read(key)

    async def test_who_gives_up_waiting_leaves_nothing(
        self, make_store: Any, consul: ConsulAgent, key: str
    ) -> None:
        store = make_store()
        lock = await store.acquire(key, ALICE, timeout_seconds=0)
        waiting = asyncio.create_task(store.acquire(key, BOB, timeout_seconds=60))
        await has_session(consul, BOB.book)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        with pytest.raises(LockTimeoutError):
            await store.acquire(key, BOB, timeout_seconds=0)

        assert sessions(consul, BOB.book) == []
        assert lock.is_held()
        await lock.release()

    async def test_the_delay_of_a_broken_lock_is_waited_for(
        self, make_store: Any, key: str
    ) -> None:
        """Destroyed with its key a session keeps it back, and no change of the key ends that."""
        store = make_store(1.0)
        lock = await store.acquire(key, ALICE, timeout_seconds=0)
        waiting = asyncio.create_task(store.acquire(key, BOB, timeout_seconds=PATIENCE_SECONDS))
        view = await store.lock_view(key)
        assert await store.break_lock(view)

        with pytest.raises(LockTimeoutError, match="lock_delay"):
            await store.acquire(key, ALICE, timeout_seconds=0)
        next_lock = await waiting

        assert next_lock.token > lock.token
        await lock.release()
        assert next_lock.is_held()
        await next_lock.release()

    async def test_a_key_that_somebody_deletes_is_a_loss(self, make_store: Any, key: str) -> None:
        """The session lives on, so that renewing it alone would not tell."""
        store = make_store()
        lock = await store.acquire(key, ALICE, timeout_seconds=0)
        await store.delete(key)

        async with asyncio.timeout(PATIENCE_SECONDS):
            await lock.lost.wait()

        assert "somebody took the key" in lock.loss
        await lock.release()

    async def test_data_that_is_written_over_a_lock_outlasts_it(
        self, make_store: Any, consul: ConsulAgent, key: str
    ) -> None:
        """And who waits for the lock is refused."""
        store = make_store()
        lock = await store.acquire(key, ALICE, timeout_seconds=0)
        waiting = asyncio.create_task(store.acquire(key, BOB, timeout_seconds=PATIENCE_SECONDS))
        await has_session(consul, BOB.book)
        await store.write(key, "precious")
        assert lock.is_held()

        await lock.release()

        with pytest.raises(WorkError, match="keeps data"):
            await waiting
        assert await store.read(key) == "precious"
        assert await store.lock_view(key) is None

    async def test_a_lock_whose_confirmation_was_lost_is_ours(
        self, make_store: Any, consul: ConsulAgent, key: str
    ) -> None:
        """Consul did what we asked, and its answer never came."""
        store = make_store()
        session = await Session.open(store._client, TERMS, key=key, holder=ALICE)
        asked = f"{consul.http_url}/v1/kv/{quote(key)}?acquire={session.session}"
        assert ask_json(asked, {}, method="PUT") is True

        lock = await session.try_to_lock(until=lease_clock())
        assert lock is not None

        view = await store.lock_view(key)
        assert (view.token, view.holder) == (lock.token, None)
        await lock.release()

    async def test_a_lock_of_another_program_is_waited_for(
        self, make_store: Any, consul: ConsulAgent, key: str
    ) -> None:
        url = f"{consul.http_url}/v1"
        made: Any = ask_json(f"{url}/session/create", {}, method="PUT")
        session = made["ID"]
        assert ask_json(f"{url}/kv/{quote(key)}?acquire={session}", ["us"], method="PUT") is True
        store = make_store()

        with pytest.raises(LockTimeoutError, match="another program has it"):
            await store.acquire(key, ALICE, timeout_seconds=0)
        assert (await store.lock_view(key)).holder is None

        ask_json(f"{url}/session/destroy/{session}", method="PUT")

    @pytest.mark.faults
    async def test_a_restart_within_the_life_of_a_lock_does_no_harm(
        self,
        make_consul: MakeConsul,
        bench: Workbench,
        key: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Neither to who has it nor to who waits for it."""
        agent = await make_consul(keeps_data=True)
        store = ConsulStore("pb", ConsulOptions(url=agent.http_url), bench)
        waits = tell_of_waiting(monkeypatch)
        lock = await store.acquire(key, ALICE, timeout_seconds=0)
        waiting = asyncio.create_task(store.acquire(key, BOB, timeout_seconds=60))
        await waits.wait()

        await agent.kill()
        with pytest.raises(TransportError):
            await store.read(key)
        await agent.start()

        assert lock.is_held()
        await lock.release()
        await (await waiting).release()


def sessions(consul: ConsulAgent, book: str) -> list[str]:
    """Sessions for a playbook."""
    found: Any = ask_json(f"{consul.http_url}/v1/session/list")
    return [one["ID"] for one in found if one["Name"] == f"choria playbook {book}"]


async def has_session(consul: ConsulAgent, book: str) -> None:
    """Once there is a session for a playbook."""
    while not sessions(consul, book):  # noqa: ASYNC110 - Consul tells nobody of it
        await asyncio.sleep(0)


def tell_of_waiting(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Set once somebody tried to take a lock in vain."""
    waits = asyncio.Event()
    really_try = Session.try_to_lock

    async def try_and_tell(session: Session, *, until: float) -> LeasedLock | None:
        lock = await really_try(session, until=until)
        if lock is None:
            waits.set()
        return lock

    monkeypatch.setattr(Session, "try_to_lock", try_and_tell)
    return waits
