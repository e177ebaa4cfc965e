"""Processes of a pool are killed one after the other; the target holds each message once."""

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from choria_core.errors import TransportError
from choria_testing.copies import difference_as_sets
from choria_testing.crossing import STREAM, Crossing
from choria_testing.ordeal import AHEAD_PERCENT, KILLS, RESTARTS
from choria_testing.programs import PATIENCE_SECONDS, Program
from choria_testing.streams import Sent

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

COUNT = 100_000
WORKERS = 4
POLL_SECONDS = 0.01


async def test_two_processes_of_four_workers_copy_each_message_once(crossing: Crossing) -> None:
    await crossing.make_source()
    settings = write_settings(crossing)
    messages = [Sent(f"orders.{n % 7}", b"%d " % n + b"x" * (n * 37 % 400)) for n in range(COUNT)]
    restarts = dict(zip(RESTARTS, (crossing.source_broker, crossing.target_broker), strict=True))
    killed_at: list[float] = []
    filled = 0

    async with AsyncExitStack() as stack:

        async def start() -> Program:
            return await stack.enter_async_context(crossing.replicate(settings))

        pool = [await start(), await start()]
        for percent in KILLS:
            until = COUNT * (percent + AHEAD_PERCENT) // 100
            await crossing.source.lean.wait_connected()
            await crossing.source.fill(messages[filled:until])
            filled = until
            for at in [at for at in restarts if at <= percent]:
                broker = restarts.pop(at)
                await broker.kill()
                await broker.start()
            await held(crossing, pool, COUNT * percent // 100)
            victim = pool.pop(0)
            victim.kill()
            await victim.ended()
            killed_at.append(100 * await held(crossing, pool, 1) / COUNT)
            pool.append(await start())
        await crossing.source.lean.wait_connected()
        await crossing.source.fill(messages[filled:])
        await held(crossing, pool, COUNT)
        for program in pool:
            program.terminate()
        assert [await program.ended() for program in pool] == [0, 0], pool[0].output

    assert len(killed_at) >= 10
    assert all(2 <= percent <= 95 for percent in killed_at), killed_at
    source, target = await crossing.both()
    assert len(source) == COUNT
    assert difference_as_sets(source, target) == ""


def write_settings(crossing: Crossing) -> Path:
    """One topic, copied by a queue group."""
    topic = {
        "topic": "orders.>",
        "source_url": crossing.source_url,
        "source_cluster_id": "dc1",
        "target_url": crossing.target_url,
        "target_cluster_id": "central",
        "workers": WORKERS,
        "queued": True,
        "queue_group": "orders",
        "name": "orders",
    }
    path = crossing.folder / "topics.yaml"
    path.write_text(json.dumps({"topics": {"orders": topic}}))
    return path


async def held(crossing: Crossing, pool: list[Program], count: int) -> int:
    """Return how many messages the target holds, once these are ``count`` or more."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (messages := await _messages(crossing)) < count:
                gone = [program.output for program in pool if program.exit_code is not None]
                assert not gone, gone[0]
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        raise AssertionError(f"never {count} messages:\n{pool[0].output}") from None
    return messages


async def _messages(crossing: Crossing) -> int:
    try:
        info = await crossing.target.find_stream(STREAM)
    except TransportError:  # its broker was killed
        return 0
    return info.state.messages if info else 0
