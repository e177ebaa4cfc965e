"""What every data store of playbooks keeps to: suites of tests for your own store.

Subclass :class:`DataStoreConformance`, and :class:`LockConformance` where your store has locks,
and say how one is made.  A whole file of tests::

    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from choria_core.playbook.data_store import DataStore
    from choria_core.playbook.workbench import Workbench
    from choria_testing.datastore import DataStoreConformance
    from my_plugin.store import FolderStore


    class TestFolderStore(DataStoreConformance):
        has_locks = False
        refused_keys = ("", "../outside")

        @pytest.fixture
        def make_store(self, tmp_path: Path, bench: Workbench) -> Callable[[], DataStore]:
            options = FolderStore.Options(folder=str(tmp_path))
            return lambda: FolderStore("things", options, bench)

``make_store`` is called for each store that a test wants; all stores of one test are over the
same data, as those of two runs at the same time.  The suite opens and closes them.  Where the
data is one store's alone, as memory, say ``is_shared = False``.

Tests use keys of their own, each below a prefix that is new for each test, so that a server
may be shared by all of them.  Nothing is deleted afterwards but what a test deletes.

The tests are coroutines: set ``asyncio_mode = "auto"`` for pytest-asyncio.
"""

import asyncio
import contextlib
import os
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

import pytest
import pytest_asyncio

from choria_core.errors import ConfigError, KeyMissingError, LockTimeoutError, WorkError
from choria_core.network_config.client_config import ClientConfig
from choria_core.playbook.data_store import DataStore
from choria_core.playbook.lock import HeldLock, LockHolder, LockingStore
from choria_core.playbook.workbench import Workbench
from choria_core.plugins import Plugins

Result = TypeVar("Result")
MakeStore = Callable[[], DataStore]

TEXTS = ("", "alpha", " spaces ", "two\nlines\n", "größer 鯨", '{"a": 1}', "true", "10")
"""Values that every store keeps as they are."""

VALUES: tuple[object, ...] = (
    True,
    False,
    0,
    -3,
    2.5,
    [],
    ["a", 1],
    {},
    {"a": {"b": [1, None]}},
    None,
)
"""Values of stores that hold more than texts."""

ALICE = LockHolder(name="up=alice", book="deploy", host="n1.example", pid=11, time=1e9)
BOB = LockHolder(name="up=bob", book="audit", host="n2.example", pid=22, time=1.1e9)


class OpenStore(Protocol):
    """``await open_store()``: another open store over the same data; closed with the test."""

    def __call__(self) -> Awaitable[Any]:
        """Make a store and open it."""


def _no_config() -> ClientConfig:
    raise ConfigError("this test has no Choria configuration")


class StoreTests:
    """What both suites are built on.

    Attributes:
        keys: some that the store takes; each test puts its own prefix before them.
        prefix: before the keys of a test; ``{}`` is something new for each test.
        is_shared: two stores see the same data; else a test has one store alone.
    """

    keys: ClassVar[Sequence[str]] = (
        "plain",
        "plain/below",
        "with/slashes/in it",
        "dots.and-dashes_1",
        "Größe",
    )
    prefix: ClassVar[str] = "conformance/{}/"
    is_shared: ClassVar[bool] = True

    @pytest.fixture
    def make_store(self) -> MakeStore:
        """Makes stores over the same data; yours to write."""
        raise NotImplementedError("give your suite a fixture make_store")

    @pytest_asyncio.fixture
    async def bench(self, tmp_path: Path) -> AsyncIterator[Workbench]:
        """What a run lends: an empty folder, PATH and nothing else in the environment."""
        environment = {"PATH": os.environ.get("PATH", os.defpath)}
        async with Workbench(
            plugins=Plugins(), load_config=_no_config, environment=environment, folder=tmp_path
        ) as bench:
            yield bench

    @pytest_asyncio.fixture
    async def open_store(self, make_store: MakeStore) -> AsyncIterator[OpenStore]:
        """Opens stores, and closes them at the end."""
        async with contextlib.AsyncExitStack() as stack:
            opened: list[DataStore] = []

            async def open_one() -> DataStore:
                if opened and not self.is_shared:
                    return opened[0]
                store = make_store()
                stack.push_async_callback(store.close)
                await store.open()
                opened.append(store)
                return store

            yield open_one

    @pytest_asyncio.fixture
    async def store(self, open_store: OpenStore) -> Any:
        """One open store."""
        return await open_store()

    @pytest.fixture
    def new_prefix(self) -> str:
        """Before the keys of this test."""
        return self.prefix.format(uuid.uuid4().hex[:12])

    @pytest.fixture
    def key(self, new_prefix: str) -> str:
        """A key without a value."""
        return new_prefix + self.keys[0]


class DataStoreConformance(StoreTests):
    """Reading, writing and deleting.

    Attributes:
        has_locks: the store is a :class:`choria_core.playbook.lock.LockingStore`.
        refused_keys: some that the store cannot have.
        texts, values: what it keeps as it is; of ``values`` only where it holds more than text.
        missing_error: what reading raises where there is no value; stores that cannot tell say
            that reading failed.
        write_answers: gives what :meth:`DataStore.write` says of a value; None by default.
    """

    has_locks: ClassVar[bool] = False
    refused_keys: ClassVar[Sequence[str]] = ()
    texts: ClassVar[Sequence[str]] = TEXTS
    values: ClassVar[Sequence[object]] = VALUES
    missing_error: ClassVar[type[WorkError]] = KeyMissingError

    def write_answers(self, value: object) -> object:  # noqa: ARG002
        """What the store says when a value was written."""
        return None

    async def test_it_keeps_texts_as_they_are(self, store: DataStore, key: str) -> None:
        """Empty ones, several lines, and those that look like something else."""
        for text in self.texts:
            await store.write(key, text)
            assert await store.read(key) == text

    async def test_it_keeps_all_that_json_can_say(self, store: DataStore, key: str) -> None:
        """Or, where it holds texts, gives texts."""
        for value in self.values:
            if not store.holds_text:
                await store.write(key, value)
                assert _same(await store.read(key), value)
                continue
            with contextlib.suppress(WorkError):  # it need not take them
                await store.write(key, value)
                assert isinstance(await store.read(key), str)

    async def test_it_says_what_it_says_of_a_write(self, store: DataStore, key: str) -> None:
        """Most say nothing."""
        assert await store.write(key, "alpha") == self.write_answers("alpha")

    async def test_a_key_without_a_value_is_an_error(self, store: DataStore, key: str) -> None:
        """The error names the key."""
        with pytest.raises(self.missing_error) as caught:
            await store.read(key)
        assert key in str(caught.value)

    async def test_a_deleted_value_is_gone(self, store: DataStore, key: str) -> None:
        """And comes back when it is written again."""
        await store.write(key, "alpha")
        await store.delete(key)
        with pytest.raises(self.missing_error):
            await store.read(key)
        await store.write(key, "bravo")
        assert await store.read(key) == "bravo"

    async def test_deleting_what_is_not_there_is_no_error(self, store: DataStore, key: str) -> None:
        """Twice neither."""
        await store.delete(key)
        await store.delete(key)

    async def test_keys_do_not_meet(self, store: DataStore, new_prefix: str) -> None:
        """Each key has its own value."""
        names = [new_prefix + key for key in self.keys]
        for number, name in enumerate(names):
            await store.write(name, f"value {number}")
        for number, name in enumerate(names):
            assert await store.read(name) == f"value {number}"
        await store.delete(names[0])
        for number, name in enumerate(names[1:], 1):
            assert await store.read(name) == f"value {number}"

    async def test_keys_that_it_cannot_have_are_refused(self, store: DataStore) -> None:
        """By each operation."""
        for key in self.refused_keys:
            with pytest.raises(WorkError):
                await store.read(key)
            with pytest.raises(WorkError):
                await store.write(key, "alpha")
            with pytest.raises(WorkError):
                await store.delete(key)

    async def test_a_value_is_the_callers_own(self, store: DataStore, key: str) -> None:
        """Changing what was written or read changes nothing in the store."""
        if store.holds_text:
            pytest.skip("texts cannot be changed")
        value: dict[str, list[str]] = {"nodes": ["n1"]}
        await store.write(key, value)
        value["nodes"].append("n2")
        read = await store.read(key)
        assert read == {"nodes": ["n1"]}
        read["nodes"].append("n3")
        assert await store.read(key) == {"nodes": ["n1"]}

    async def test_two_stores_see_the_same_data(self, open_store: OpenStore, key: str) -> None:
        """And each change of the other at once."""
        one, other = await open_store(), await open_store()
        await one.write(key, "alpha")
        assert await other.read(key) == "alpha"
        await other.write(key, "bravo")
        assert await one.read(key) == "bravo"
        await other.delete(key)
        with pytest.raises(self.missing_error):
            await one.read(key)

    async def test_it_can_be_closed_unopened(self, make_store: MakeStore) -> None:
        """As when an earlier store of the book could not be opened."""
        await make_store().close()

    async def test_it_has_locks_or_has_not(self, make_store: MakeStore) -> None:
        """What a run looks at before it starts."""
        assert hasattr(type(make_store()), "acquire") is self.has_locks


class LockConformance(StoreTests):
    """Locks: two stores, as of two runs, want the same one.

    Attributes:
        tries_seconds: how long a test waits for what must come at once.
        loss_seconds: after so long at the latest a holder knows that its lock was broken.
        refuses_data: a lock on a key with a value is refused.
        lock_prefix: before the keys of locks.
    """

    tries_seconds: ClassVar[float] = 20.0
    loss_seconds: ClassVar[float] = 20.0
    refuses_data: ClassVar[bool] = True

    @pytest_asyncio.fixture
    async def rival(self, open_store: OpenStore, store: LockingStore) -> Any:
        """Another store over the same locks."""
        assert store is not None
        return await open_store()

    async def take(self, store: LockingStore, key: str, holder: LockHolder) -> HeldLock:
        """A lock that is free, or becomes free soon."""
        return await store.acquire(key, holder, timeout_seconds=self.tries_seconds)

    async def soon(self, wanted: Awaitable[Result]) -> Result:
        """What must come."""
        async with asyncio.timeout(self.tries_seconds):
            return await wanted

    async def test_two_holders_never_have_it(
        self, store: LockingStore, rival: LockingStore, key: str
    ) -> None:
        """The second waits in vain; its error names the key and the first."""
        lock = await self.take(store, key, ALICE)
        with pytest.raises(LockTimeoutError) as caught:
            await rival.acquire(key, BOB, timeout_seconds=0.2)
        assert key in str(caught.value)
        assert ALICE.name in str(caught.value)
        assert lock.is_held()
        assert not lock.lost.is_set()
        assert (lock.key, lock.loss) == (key, "")
        await lock.release()

    async def test_one_store_excludes_itself(self, store: LockingStore, key: str) -> None:
        """Two branches of one run are two holders."""
        lock = await self.take(store, key, ALICE)
        with pytest.raises(LockTimeoutError):
            await store.acquire(key, ALICE, timeout_seconds=0.2)
        await lock.release()

    async def test_who_waits_gets_it_when_it_is_released(
        self, store: LockingStore, rival: LockingStore, key: str
    ) -> None:
        """Without waiting for the end of a session."""
        first = await self.take(store, key, ALICE)
        waiting = asyncio.create_task(self.take(rival, key, BOB))
        with pytest.raises(LockTimeoutError):
            await rival.acquire(key, BOB, timeout_seconds=0.2)
        assert not waiting.done()
        await first.release()
        second = await self.soon(waiting)
        assert second.is_held()
        assert not first.is_held()
        await second.release()

    async def test_a_released_lock_is_free_at_once(
        self, store: LockingStore, rival: LockingStore, key: str
    ) -> None:
        """For anybody."""
        for _ in range(3):
            for side, holder in ((store, ALICE), (rival, BOB)):
                lock = await side.acquire(key, holder, timeout_seconds=self.tries_seconds)
                assert lock.is_held()
                await lock.release()
        assert await store.lock_view(key) is None

    async def test_releasing_twice_frees_nobody_elses_lock(
        self, store: LockingStore, rival: LockingStore, key: str
    ) -> None:
        """Not even when the next holder has it."""
        first = await self.take(store, key, ALICE)
        await first.release()
        second = await self.take(rival, key, BOB)
        await first.release()
        view = await store.lock_view(key)
        assert view is not None
        assert view.holder is not None
        assert view.holder.name == BOB.name
        assert second.is_held()
        await second.release()

    async def test_a_released_lock_was_not_lost(self, store: LockingStore, key: str) -> None:
        """It is only not ours any more."""
        lock = await self.take(store, key, ALICE)
        await lock.release()
        assert not lock.is_held()
        assert not lock.lost.is_set()

    async def test_tokens_rise(self, store: LockingStore, rival: LockingStore, key: str) -> None:
        """With each acquisition of a key, whoever it is."""
        tokens = []
        for side in (store, rival, store, rival):
            lock = await self.take(side, key, ALICE)
            tokens.append(lock.token)
            await lock.release()
        assert tokens[0] > 0
        assert tokens == sorted(set(tokens))

    async def test_locks_of_two_keys_are_two_locks(
        self, store: LockingStore, new_prefix: str
    ) -> None:
        """One is released and the other still held."""
        names = [new_prefix + key for key in self.keys]
        locks = [await self.take(store, name, ALICE) for name in names]
        await locks[0].release()
        assert [lock.is_held() for lock in locks] == [False] + [True] * (len(names) - 1)
        for lock in locks:
            await lock.release()

    async def test_a_key_with_data_is_no_lock(self, store: LockingStore, key: str) -> None:
        """The data is still there."""
        if not self.refuses_data:
            pytest.skip("data and locks do not meet in this store")
        await store.write(key, "precious")
        with pytest.raises(WorkError) as caught:
            await store.acquire(key, ALICE, timeout_seconds=self.tries_seconds)
        assert key in str(caught.value)
        assert await store.read(key) == "precious"

    async def test_anybody_sees_who_has_it(
        self, store: LockingStore, rival: LockingStore, key: str
    ) -> None:
        """With its token; nobody where it is free."""
        assert await rival.lock_view(key) is None
        lock = await self.take(store, key, ALICE)
        view = await rival.lock_view(key)
        assert view is not None
        assert (view.key, view.holder, view.token) == (key, ALICE, lock.token)
        await lock.release()
        assert await rival.lock_view(key) is None

    async def test_a_broken_lock_is_lost_and_free(
        self, store: LockingStore, rival: LockingStore, key: str
    ) -> None:
        """Its holder is told, and cannot take it from the next one."""
        lock = await self.take(store, key, ALICE)
        view = await rival.lock_view(key)
        assert view is not None
        assert await rival.break_lock(view)
        async with asyncio.timeout(self.loss_seconds):
            await lock.lost.wait()
        assert lock.loss
        assert not lock.is_held()
        next_lock = await self.take(rival, key, BOB)
        with contextlib.suppress(WorkError):
            await lock.release()
        assert next_lock.is_held()
        now = await store.lock_view(key)
        assert now is not None
        assert now.holder == BOB
        await next_lock.release()

    async def test_only_who_was_shown_is_broken(
        self, store: LockingStore, rival: LockingStore, key: str
    ) -> None:
        """Not who came meanwhile."""
        first = await self.take(store, key, ALICE)
        view = await rival.lock_view(key)
        assert view is not None
        await first.release()
        assert not await rival.break_lock(view)
        second = await self.take(store, key, ALICE)
        assert not await rival.break_lock(view)
        assert second.is_held()
        await second.release()

    async def test_a_store_that_is_closed_leaves_no_lock(
        self, make_store: MakeStore, rival: LockingStore, key: str
    ) -> None:
        """Released first, closed then, as a run does it."""
        if not self.is_shared:
            pytest.skip("the data of this store is its own")
        store: Any = make_store()
        await store.open()
        try:
            lock = await self.take(store, key, ALICE)
            await lock.release()
        finally:
            await store.close()
        await (await self.take(rival, key, BOB)).release()

    async def test_it_says_how_long_a_book_waits(self, store: LockingStore) -> None:
        """Two minutes, where nobody says otherwise."""
        assert store.lock_timeout_seconds > 0


def _same(one: object, other: object) -> bool:
    """Equal and of one kind: true is not 1."""
    return one == other and type(one) is type(other)
