"""Whoever is told to end while it connects ends, at whatever moment it is told."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from choria_core.broker.server import Broker
from choria_core.nats import lean_transport, nats_transport
from choria_core.nats.endpoint_url import parse_endpoint

TURNS = 40
"""Of the event loop; a connection to a broker of this machine takes less."""


@pytest.mark.parametrize("connect", [lean_transport.connect, nats_transport.connect])
async def test_a_task_that_connects_can_be_cancelled_at_any_moment(
    broker: Broker, connect: Callable[..., Awaitable[Any]]
) -> None:
    async def use() -> None:
        async with await connect(parse_endpoint(broker.url), name="test"):
            await asyncio.get_running_loop().create_future()

    for turns in range(TURNS):
        task = asyncio.create_task(use())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        done, _ = await asyncio.wait((task,), timeout=10)
        assert done, f"still there after it was cancelled in turn {turns}"
        assert task.cancelled()
