"""The memory store."""

import asyncio
from collections.abc import Callable

import pytest

from choria_core.errors import KeyMissingError
from choria_core.playbook.data_store import DataStore
from choria_core.playbook.workbench import Workbench
from choria_plugin_memory.store import MemoryOptions, MemoryStore
from choria_testing.datastore import ALICE, BOB, DataStoreConformance, LockConformance


class _Memory:
    is_shared = False

    @pytest.fixture
    def make_store(self, bench: Workbench) -> Callable[[], DataStore]:
        return lambda: MemoryStore("pb", MemoryOptions(timeout=5), bench)


class TestMemoryStore(_Memory, DataStoreConformance):
    has_locks = True

    async def test_a_run_begins_with_nothing(self, store: MemoryStore) -> None:
        await store.write("a", "b")
        await store.open()

        with pytest.raises(KeyMissingError):
            await store.read("a")


class TestMemoryLocks(_Memory, LockConformance):
    async def test_the_book_says_how_long_to_wait(self, store: MemoryStore) -> None:
        assert store.lock_timeout_seconds == 5

    async def test_a_closed_store_takes_its_locks_away(self, store: MemoryStore) -> None:
        lock = await store.acquire("a", ALICE, timeout_seconds=1)

        await store.close()

        assert lock.lost.is_set()
        assert lock.loss == "the store was closed"

    async def test_many_wait_and_one_at_a_time_gets_it(self, store: MemoryStore) -> None:
        inside = 0
        most = 0

        async def branch() -> None:
            nonlocal inside, most
            lock = await store.acquire("a", BOB, timeout_seconds=10)
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1
            await lock.release()

        async with asyncio.TaskGroup() as group:
            for _ in range(50):
                group.create_task(branch())

        assert most == 1
