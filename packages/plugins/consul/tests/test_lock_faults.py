"""What happens to locks in Consul when their holder, the network or Consul itself fails."""

import asyncio
from typing import Any

import pytest

from choria_core.errors import TransportError
from choria_core.playbook.lease import lease_clock
from choria_core.playbook.workbench import Workbench
from choria_plugin_consul.options import ConsulOptions
from choria_plugin_consul.store import ConsulStore
from choria_testing.consul_agent import ConsulAgent
from choria_testing.datastore import ALICE, BOB, StoreTests
from choria_testing.fixtures import MakeConsul
from choria_testing.lock_holder import held_elsewhere
from choria_testing.proxy import HOST, Proxy

TTL_SECONDS = 10
LOCK_DELAY_SECONDS = 1
FREE_WITHIN_SECONDS = 2 * TTL_SECONDS + LOCK_DELAY_SECONDS + 5
LOST_WITHIN_SECONDS = TTL_SECONDS + 5


def options(url: str) -> dict[str, Any]:
    return {"url": url, "ttl": TTL_SECONDS, "lock_delay": LOCK_DELAY_SECONDS}


def a_store(url: str, bench: Workbench) -> ConsulStore:
    return ConsulStore("pb", ConsulOptions(**options(url)), bench)


class TestFaults(StoreTests):
    @pytest.mark.faults
    async def test_locks_outlast_nobody_and_are_never_held_twice(
        self, consul: ConsulAgent, make_consul: MakeConsul, bench: Workbench, key: str
    ) -> None:
        """Consul counts these times itself, in tens of seconds: all at once."""
        doomed = await make_consul()
        async with asyncio.TaskGroup() as group:
            group.create_task(killed_holder(consul, bench, f"{key}/killed"))
            group.create_task(partitioned_holder(consul, bench, f"{key}/partitioned"))
            group.create_task(killed_store(doomed, bench, f"{key}/mid-hold"))


async def killed_holder(consul: ConsulAgent, bench: Workbench, key: str) -> None:
    """A process is killed (SIGKILL) while it holds a lock; it is free in good time."""
    store = a_store(consul.http_url, bench)
    async with held_elsewhere(ConsulStore, options(consul.http_url), key) as holder:
        holder.kill()
        lock = await store.acquire(key, BOB, timeout_seconds=FREE_WITHIN_SECONDS)
    await lock.release()


async def partitioned_holder(consul: ConsulAgent, bench: Workbench, key: str) -> None:
    """Packets of the holder get lost: it says that its lock is gone before another has it."""
    async with Proxy(HOST, consul.port) as proxy:
        far = a_store(f"http://{HOST}:{proxy.port}", bench)
        lock = await far.acquire(key, ALICE, timeout_seconds=0)
        proxy.stall()
        rival = a_store(consul.http_url, bench)
        taking = asyncio.create_task(rival.acquire(key, BOB, timeout_seconds=FREE_WITHIN_SECONDS))
        await lock.lost.wait()
        told_at = lease_clock()
        assert not taking.done()
        assert not lock.is_held()

        next_lock = await taking

        assert lease_clock() - told_at > LOCK_DELAY_SECONDS
        with pytest.raises(TransportError):
            await lock.release()
        proxy.resume()
        view = await rival.lock_view(key)
        assert view is not None
        assert view.holder == BOB
        await next_lock.release()


async def killed_store(agent: ConsulAgent, bench: Workbench, key: str) -> None:
    """Consul is killed while a lock is held: its holder is told, and why."""
    store = a_store(agent.http_url, bench)
    lock = await store.acquire(key, ALICE, timeout_seconds=0)
    await agent.kill()

    async with asyncio.timeout(LOST_WITHIN_SECONDS):
        await lock.lost.wait()

    assert "it could not be renewed within 10 s" in lock.loss
    assert agent.http_url in lock.loss
    assert not lock.is_held()
    with pytest.raises(TransportError):
        await lock.release()
