"""What becomes of locks in a NATS bucket when holders, answers, the network or servers fail."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
import pytest_asyncio

from choria_core.broker.server import Broker
from choria_core.errors import (
    ConfigError,
    KeyMissingError,
    LockTimeoutError,
    RequestTimeoutError,
    TransportError,
    WorkError,
)
from choria_core.nats.endpoint_url import parse_endpoint
from choria_core.nats.jetstream import NANOSECONDS, JetStream
from choria_core.nats.lean_transport import LeanTransport, connect
from choria_core.nats.transport import NO_HEADERS, Message
from choria_core.playbook.lease import lease_clock
from choria_core.playbook.lock import HeldLock
from choria_core.playbook.workbench import Workbench
from choria_plugin_nats_kv.bucket import Bucket
from choria_plugin_nats_kv.lock import LockMessage, Terms
from choria_plugin_nats_kv.options import NatsKvOptions
from choria_plugin_nats_kv.store import NatsKvStore
from choria_testing.datastore import ALICE, BOB, StoreTests
from choria_testing.fixtures import MakeProxy
from choria_testing.lock_holder import HOLDER, held_elsewhere

TTL_SECONDS = 2
PATIENCE_SECONDS = 20.0
KEY = "locks/deploy"
TERMS = Terms(store="pb", ttl_seconds=TTL_SECONDS)


class Forgetful:
    """A connection whose answers get lost, once it is told so."""

    def __init__(self, transport: LeanTransport) -> None:
        self.loses = 0
        self._transport = transport

    async def request(
        self,
        subject: str,
        data: bytes = b"",
        *,
        headers: Mapping[str, str] = NO_HEADERS,
        timeout_seconds: float = 5.0,
    ) -> Message:
        answer = await self._transport.request(
            subject, data, headers=headers, timeout_seconds=timeout_seconds
        )
        if subject.startswith("$KV.") and self.loses:
            self.loses -= 1
            raise RequestTimeoutError(subject, timeout_seconds)
        return answer


class _Faults(StoreTests):
    @pytest.fixture
    def make_store(self, broker: Broker, bench: Workbench) -> Any:
        def make(url: str = "", **options: Any) -> NatsKvStore:
            given = {"bucket": "pb", "create": True, "ttl": TTL_SECONDS, **options}
            return NatsKvStore("pb", NatsKvOptions(servers=url or broker.url, **given), bench)

        return make

    @pytest_asyncio.fixture
    async def transport(self, broker: Broker) -> AsyncIterator[LeanTransport]:
        """A connection of somebody else."""
        async with await connect(parse_endpoint(broker.url), name="test") as transport:
            yield transport

    async def lost(self, lock: HeldLock) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await lock.lost.wait()
        assert not lock.is_held()


class TestFaults(_Faults):
    @pytest.mark.faults
    async def test_a_killed_holder_frees_the_lock_by_its_end(
        self, broker: Broker, store: NatsKvStore
    ) -> None:
        options = {"servers": broker.url, "bucket": "pb", "ttl": TTL_SECONDS}
        async with held_elsewhere(NatsKvStore, options, KEY) as holder:
            view = await store.lock_view(KEY)
            assert view is not None
            assert view.holder == HOLDER
            holder.kill()
            lock = await store.acquire(KEY, BOB, timeout_seconds=2 * TTL_SECONDS + 5)

        assert lock.token > view.token
        await lock.release()

    @pytest.mark.faults
    async def test_a_holder_that_is_cut_off_knows_before_another_has_it(
        self, broker: Broker, make_proxy: MakeProxy, make_store: Any, store: NatsKvStore
    ) -> None:
        """And what it sent meanwhile does no harm when it arrives."""
        proxy = await make_proxy(broker)
        far = make_store(proxy.url)
        await far.open()
        lock = await far.acquire(KEY, ALICE, timeout_seconds=0)
        proxy.stall()
        taking = asyncio.create_task(store.acquire(KEY, BOB, timeout_seconds=PATIENCE_SECONDS))

        await self.lost(lock)
        assert not taking.done()
        next_lock = await taking
        with pytest.raises(TransportError):
            await lock.release()
        proxy.resume()
        await far.lock_view(KEY)  # all that was held back has arrived

        assert "it could not be renewed within 2 s" in lock.loss
        view = await store.lock_view(KEY)
        assert view is not None
        assert (view.holder, view.token) == (BOB, next_lock.token)
        assert next_lock.is_held()
        await lock.release()
        assert await store.lock_view(KEY) == view
        await next_lock.release()
        await far.close()

    @pytest.mark.faults
    async def test_a_short_absence_of_the_servers_costs_no_lock(
        self, broker: Broker, make_proxy: MakeProxy, make_store: Any, transport: LeanTransport
    ) -> None:
        proxy = await make_proxy(broker)
        far = make_store(proxy.url, ttl=8)
        await far.open()
        lock = await far.acquire(KEY, ALICE, timeout_seconds=0)
        assert isinstance(far._transport, LeanTransport)
        await proxy.cut()
        await proxy.restore()
        await far._transport.wait_connected()
        view = await far.lock_view(KEY)

        await renewed(transport, times=1)

        assert lock.is_held()
        assert (await far.lock_view(KEY)).session == view.session
        await lock.release()
        await far.close()

    @pytest.mark.faults
    async def test_killed_servers_are_a_loss_and_the_reason_is_named(
        self, broker: Broker, store: NatsKvStore
    ) -> None:
        lock = await store.acquire(KEY, ALICE, timeout_seconds=0)
        await broker.kill()

        await self.lost(lock)

        assert "it could not be renewed within 2 s" in lock.loss
        with pytest.raises(TransportError):
            await lock.release()


class TestMarkers(_Faults):
    @pytest.mark.faults
    async def test_the_marker_of_a_life_that_is_over_keeps_nobody_out(
        self, broker: Broker, transport: LeanTransport, make_store: Any
    ) -> None:
        """Where the bucket makes markers, one follows an expired lock and lives for a minute."""
        config = {
            "name": "KV_pb",
            "subjects": ["$KV.pb.>"],
            "max_msgs_per_subject": 1,
            "allow_rollup_hdrs": True,
            "allow_msg_ttl": True,
            "subject_delete_marker_ttl": 60 * NANOSECONDS,
        }
        jetstream = JetStream(transport)
        await jetstream.create_stream(config)
        marked = asyncio.Event()
        inbox = transport.new_inbox()

        def take(message: Message) -> None:
            if message.headers.get("Nats-Marker-Reason") == "MaxAge":
                marked.set()

        await transport.subscribe(inbox, take)
        reader = {"name": "reader", "deliver_subject": inbox, "ack_policy": "none"}
        await jetstream.create_consumer("KV_pb", reader)
        bucket = Bucket(transport, "pb", timeout_seconds=5)
        store = make_store()
        await store.open()
        options = {"servers": broker.url, "bucket": "pb", "ttl": TTL_SECONDS}
        async with held_elsewhere(NatsKvStore, options, KEY) as holder:
            holder.kill()
            lock = await store.acquire(KEY, BOB, timeout_seconds=PATIENCE_SECONDS)
        first = lock.token
        await lock.release()
        marked.clear()
        message = LockMessage(bucket, TERMS, key=KEY, holder=ALICE, session="dies")
        dying = await message.try_to_lock(until=lease_clock())
        assert dying is not None
        await message.lease.stop()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await marked.wait()
        entry = await bucket.newest(KEY)

        assert entry.headers["Nats-Marker-Reason"] == "MaxAge"
        with pytest.raises(KeyMissingError):
            await store.read(KEY)
        assert await store.lock_view(KEY) is None
        lock = await store.acquire(KEY, BOB, timeout_seconds=0)
        assert lock.token > entry.sequence > dying.token > first
        await lock.release()
        await store.close()

    async def test_a_deleted_value_keeps_nobody_out(self, store: NatsKvStore) -> None:
        await store.write(KEY, "alpha")
        await store.delete(KEY)

        lock = await store.acquire(KEY, ALICE, timeout_seconds=0)
        await lock.release()

        with pytest.raises(KeyMissingError):
            await store.read(KEY)


class TestLostAnswers(_Faults):
    """The server did what it was asked, and nobody heard of it."""

    @pytest.fixture
    def forgetful(self, transport: LeanTransport) -> Any:
        return Forgetful(transport)

    @pytest.fixture
    def message(self, forgetful: Any, store: NatsKvStore) -> LockMessage:
        assert store is not None  # it made the bucket
        bucket = Bucket(forgetful, "pb", timeout_seconds=5)
        return LockMessage(bucket, TERMS, key=KEY, holder=ALICE, session="ours")

    async def test_a_lock_whose_confirmation_was_lost_is_ours(
        self, forgetful: Any, message: LockMessage, store: NatsKvStore
    ) -> None:
        forgetful.loses = 1
        with pytest.raises(RequestTimeoutError):
            await message.try_to_lock(until=lease_clock())

        lock = await message.try_to_lock(until=lease_clock())

        assert lock is not None
        assert lock.is_held()
        view = await store.lock_view(KEY)
        assert view is not None
        assert (view.session, view.token) == ("ours", lock.token)
        await lock.release()
        assert await store.lock_view(KEY) is None

    async def test_its_life_counts_from_when_it_was_sent_first(
        self, forgetful: Any, message: LockMessage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = lease_clock()
        forgetful.loses = 1
        with pytest.raises(RequestTimeoutError):
            await message.try_to_lock(until=before)
        late = "choria_plugin_nats_kv.lock.lease_clock"
        monkeypatch.setattr(late, lambda: before + 1.9)

        await message.try_to_lock(until=before)

        assert message.lease._seconds_left() <= TTL_SECONDS
        await message.lease.stop()

    async def test_who_gives_up_after_a_lost_confirmation_leaves_nothing(
        self, forgetful: Any, message: LockMessage, store: NatsKvStore
    ) -> None:
        forgetful.loses = 1
        with pytest.raises(RequestTimeoutError):
            await message.try_to_lock(until=lease_clock())
        assert await store.lock_view(KEY) is not None

        await message.give_back()

        assert await store.lock_view(KEY) is None

    async def test_a_renewal_whose_confirmation_was_lost_costs_no_lock(
        self, forgetful: Any, message: LockMessage, store: NatsKvStore
    ) -> None:
        lock = await message.try_to_lock(until=lease_clock())
        assert lock is not None
        forgetful.loses = 1
        with pytest.raises(RequestTimeoutError):
            await message._renew()

        await message._renew()

        assert lock.is_held()
        view = await store.lock_view(KEY)
        assert view is not None
        assert view.token == lock.token
        await lock.release()
        assert await store.lock_view(KEY) is None

    async def test_a_release_is_done_once_whatever_was_heard_of_it(
        self, forgetful: Any, message: LockMessage, store: NatsKvStore
    ) -> None:
        lock = await message.try_to_lock(until=lease_clock())
        assert lock is not None
        forgetful.loses = 1
        with pytest.raises(RequestTimeoutError):
            await lock.release()
        next_lock = await store.acquire(KEY, BOB, timeout_seconds=0)

        await lock.release()

        assert next_lock.is_held()
        view = await store.lock_view(KEY)
        assert view is not None
        assert view.holder == BOB
        await next_lock.release()

    async def test_a_release_after_an_unheard_renewal_frees_the_lock(
        self, forgetful: Any, message: LockMessage, store: NatsKvStore
    ) -> None:
        lock = await message.try_to_lock(until=lease_clock())
        assert lock is not None
        forgetful.loses = 1
        with pytest.raises(RequestTimeoutError):
            await message._renew()

        await lock.release()

        assert await store.lock_view(KEY) is None


class TestOthers(_Faults):
    async def test_renewals_keep_the_token_and_lose_nothing(
        self, make_store: Any, transport: LeanTransport
    ) -> None:
        store = make_store(ttl=1)
        await store.open()
        lock = await store.acquire(KEY, ALICE, timeout_seconds=0)

        await renewed(transport, times=4)  # more than a life

        assert lock.is_held()
        assert (await store.lock_view(KEY)).token == lock.token
        with pytest.raises(LockTimeoutError):
            await store.acquire(KEY, BOB, timeout_seconds=0)
        await lock.release()
        assert await store.lock_view(KEY) is None
        await store.close()

    async def test_a_plain_delete_of_somebody_is_a_loss(self, store: NatsKvStore) -> None:
        lock = await store.acquire(KEY, ALICE, timeout_seconds=0)
        await store.delete(KEY)

        await self.lost(lock)

        assert "not ours any more" in lock.loss
        await lock.release()

    async def test_data_that_is_written_over_a_lock_outlasts_it(self, store: NatsKvStore) -> None:
        lock = await store.acquire(KEY, ALICE, timeout_seconds=0)
        await store.write(KEY, "precious")

        await self.lost(lock)
        await lock.release()

        assert await store.read(KEY) == "precious"
        assert await store.lock_view(KEY) is None
        with pytest.raises(WorkError, match="keeps data"):
            await store.acquire(KEY, BOB, timeout_seconds=PATIENCE_SECONDS)

    async def test_who_gives_up_waiting_leaves_nothing(self, store: NatsKvStore) -> None:
        lock = await store.acquire(KEY, ALICE, timeout_seconds=0)
        view = await store.lock_view(KEY)
        waiting = asyncio.create_task(store.acquire(KEY, BOB, timeout_seconds=60))
        await asyncio.wait({waiting}, timeout=0.1)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

        assert await store.lock_view(KEY) == view
        await lock.release()
        assert await store.lock_view(KEY) is None

    async def test_a_bucket_without_lives_has_data_and_no_locks(
        self, transport: LeanTransport, make_store: Any
    ) -> None:
        await JetStream(transport).create_stream({"name": "KV_pb", "subjects": ["$KV.pb.>"]})
        store = make_store()
        await store.open()
        await store.write("a", "alpha")

        assert await store.read("a") == "alpha"
        with pytest.raises(ConfigError, match="nats stream edit KV_pb --allow-msg-ttl"):
            await store.acquire(KEY, ALICE, timeout_seconds=0)
        await store.close()

    async def test_what_says_that_a_lock_was_released_has_a_life_too(
        self, store: NatsKvStore, transport: LeanTransport
    ) -> None:
        await (await store.acquire(KEY, ALICE, timeout_seconds=0)).release()

        entry = await Bucket(transport, "pb", timeout_seconds=5).newest(KEY)

        assert (entry.data, entry.headers["KV-Operation"]) == (b"", "PURGE")
        assert entry.headers["Nats-TTL"] == f"{TTL_SECONDS}s"


async def renewed(transport: LeanTransport, *, times: int) -> None:
    """The bucket's one lock was renewed so often from now on."""
    enough = asyncio.Event()
    seen: list[str] = []

    def take(message: Message) -> None:
        seen.append(message.subject)
        if len(seen) == times:
            enough.set()

    subscription = await transport.subscribe(f"$KV.pb.{KEY}", take)
    async with asyncio.timeout(PATIENCE_SECONDS):
        await enough.wait()
    await subscription.unsubscribe()
