"""What locks in etcd leave behind, wait for and refuse; each on a real etcd."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from choria_core.errors import KeyMissingError, LockTimeoutError, TransportError, WorkError
from choria_core.playbook.lease import LeasedLock, lease_clock
from choria_core.playbook.workbench import Workbench
from choria_plugin_etcd.gateway import coded
from choria_plugin_etcd.lock import LockLease
from choria_plugin_etcd.options import EtcdOptions
from choria_plugin_etcd.store import EtcdStore
from choria_testing.datastore import ALICE, BOB, StoreTests
from choria_testing.etcd_server import EtcdServer
from choria_testing.fixtures import MakeEtcd
from choria_testing.json_api import ask_json
from choria_testing.lock_holder import held_elsewhere
from choria_testing.proxy import HOST, Proxy

TTL_SECONDS = 3
FREE_WITHIN_SECONDS = 2 * TTL_SECONDS + 5
PATIENCE_SECONDS = 20.0


def a_store(url: str, bench: Workbench) -> EtcdStore:
    return EtcdStore("pb", EtcdOptions(url=url, ttl=TTL_SECONDS), bench)


def ask(server: EtcdServer, method: str, **document: object) -> Any:
    return ask_json(f"{server.http_url}/v3/{method}", document)


def leases(server: EtcdServer) -> int:
    return len(ask(server, "lease/leases").get("leases", []))


async def has_leases(server: EtcdServer, count: int) -> None:
    while leases(server) < count:  # noqa: ASYNC110 - etcd tells nobody of it
        await asyncio.sleep(0)


class TestLocks(StoreTests):
    @pytest.fixture
    def make_store(self, etcd: EtcdServer, bench: Workbench) -> Callable[[], EtcdStore]:
        return lambda: a_store(etcd.http_url, bench)

    async def test_nothing_is_left_of_a_lock_nor_of_waiting_for_it(
        self, make_etcd: MakeEtcd, bench: Workbench, key: str
    ) -> None:
        server = await make_etcd()
        store = a_store(server.http_url, bench)
        lock = await store.acquire(key, ALICE, timeout_seconds=0)
        waiting = asyncio.create_task(store.acquire(key, BOB, timeout_seconds=60))
        await has_leases(server, 2)

        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        with pytest.raises(LockTimeoutError):
            await store.acquire(key, BOB, timeout_seconds=0)

        assert leases(server) == 1
        await lock.release()
        assert leases(server) == 0
        with pytest.raises(KeyMissingError):
            await store.read(key)

    async def test_a_renewal_of_a_lease_that_is_gone_is_a_loss(
        self, make_store: Any, etcd: EtcdServer, key: str
    ) -> None:
        """Etcd answers it with status 200."""
        store = make_store()
        lock = await store.acquire(key, ALICE, timeout_seconds=0)
        view = await store.lock_view(key)
        ask(etcd, "lease/revoke", ID=view.session)

        async with asyncio.timeout(PATIENCE_SECONDS):
            await lock.lost.wait()

        assert lock.loss.startswith("etcd ended the lease")
        await lock.release()

    async def test_a_key_that_somebody_deletes_is_a_loss(self, make_store: Any, key: str) -> None:
        """The lease lives on; and the next holder's lock is not released by ours."""
        store = make_store()
        lock = await store.acquire(key, ALICE, timeout_seconds=0)
        await store.delete(key)
        next_lock = await store.acquire(key, BOB, timeout_seconds=0)

        async with asyncio.timeout(PATIENCE_SECONDS):
            await lock.lost.wait()

        assert "somebody took the key" in lock.loss
        await lock.release()
        assert (await store.lock_view(key)).holder == BOB
        await next_lock.release()

    async def test_data_that_appears_while_we_wait_is_not_overwritten(
        self, make_store: Any, key: str
    ) -> None:
        store = make_store()
        lock = await store.acquire(key, ALICE, timeout_seconds=0)
        waiting = asyncio.create_task(store.acquire(key, BOB, timeout_seconds=PATIENCE_SECONDS))
        await store.write(key, "precious")  # etcd takes the key from the lease

        with pytest.raises(WorkError, match="keeps data"):
            await waiting

        await lock.release()
        assert await store.read(key) == "precious"

    async def test_a_lock_whose_confirmation_was_lost_is_ours(
        self, make_store: Any, etcd: EtcdServer, key: str
    ) -> None:
        """Etcd did what we asked, and its answer never came."""
        store = make_store()
        session = await LockLease.open(store._gateway, store._terms, key=key, holder=ALICE)
        ask(etcd, "kv/put", key=coded(key), value="", lease=str(session.lease_id))

        lock = await session.try_to_lock(until=lease_clock())

        assert lock is not None
        view = await store.lock_view(key)
        assert (view.token, view.holder) == (lock.token, None)
        await lock.release()
        assert await store.lock_view(key) is None

    async def test_a_lock_of_another_program_is_waited_for(
        self, make_store: Any, etcd: EtcdServer, key: str
    ) -> None:
        """Breaking it leaves the lease alone, which may keep more."""
        lease = ask(etcd, "lease/grant", TTL="60")["ID"]
        for name in (key, f"{key}/more"):
            ask(etcd, "kv/put", key=coded(name), value=coded("theirs"), lease=lease)
        store = make_store()
        with pytest.raises(LockTimeoutError, match="another program has it"):
            await store.acquire(key, ALICE, timeout_seconds=0)

        view = await store.lock_view(key)
        assert view.holder is None
        assert await store.break_lock(view)

        await (await store.acquire(key, ALICE, timeout_seconds=0)).release()
        assert await store.read(f"{key}/more") == "theirs"


@pytest.mark.faults
class TestFaults(StoreTests):
    async def test_a_killed_process_holds_nothing(
        self, etcd: EtcdServer, bench: Workbench, key: str
    ) -> None:
        """By SIGKILL."""
        options = {"url": etcd.http_url, "ttl": TTL_SECONDS}
        store = a_store(etcd.http_url, bench)
        async with held_elsewhere(EtcdStore, options, key) as holder:
            holder.kill()
            lock = await store.acquire(key, BOB, timeout_seconds=FREE_WITHIN_SECONDS)
        await lock.release()

    async def test_who_is_cut_off_says_so_before_another_has_the_lock(
        self, etcd: EtcdServer, bench: Workbench, key: str
    ) -> None:
        async with Proxy(HOST, etcd.port) as proxy:
            far = a_store(f"http://{HOST}:{proxy.port}", bench)
            rival = a_store(etcd.http_url, bench)
            lock = await far.acquire(key, ALICE, timeout_seconds=0)
            proxy.stall()
            taking = asyncio.create_task(
                rival.acquire(key, BOB, timeout_seconds=FREE_WITHIN_SECONDS)
            )

            next_lock = await taking

            assert lock.lost.is_set()
            assert not lock.is_held()
            with pytest.raises(TransportError):
                await lock.release()
            proxy.resume()
            view = await rival.lock_view(key)
            assert view is not None
            assert view.holder == BOB
            await next_lock.release()

    async def test_the_end_of_etcd_is_the_end_of_a_lock(
        self, make_etcd: MakeEtcd, bench: Workbench, key: str
    ) -> None:
        server = await make_etcd()
        store = a_store(server.http_url, bench)
        lock = await store.acquire(key, ALICE, timeout_seconds=0)
        await server.kill()

        async with asyncio.timeout(PATIENCE_SECONDS):
            await lock.lost.wait()

        assert "it could not be renewed within 3 s" in lock.loss
        assert server.http_url in lock.loss
        with pytest.raises(TransportError):
            await lock.release()

    async def test_a_restart_within_the_life_of_a_lock_does_no_harm(
        self,
        make_etcd: MakeEtcd,
        bench: Workbench,
        key: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Neither to who has it nor to who waits for it."""
        server = await make_etcd()
        store = EtcdStore("pb", EtcdOptions(url=server.http_url, ttl=30), bench)
        waits = tell_of_waiting(monkeypatch)
        lock = await store.acquire(key, ALICE, timeout_seconds=0)
        waiting = asyncio.create_task(store.acquire(key, BOB, timeout_seconds=60))
        await waits.wait()

        await server.kill()
        await server.start()

        assert lock.is_held()
        await lock.release()
        await (await waiting).release()


def tell_of_waiting(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Set once somebody tried to take a lock in vain."""
    waits = asyncio.Event()
    really_try = LockLease.try_to_lock

    async def try_and_tell(session: LockLease, *, until: float) -> LeasedLock | None:
        lock = await really_try(session, until=until)
        if lock is None:
            waits.set()
        return lock

    monkeypatch.setattr(LockLease, "try_to_lock", try_and_tell)
    return waits
