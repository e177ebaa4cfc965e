"""A frozen broker hangs as a stuck host does."""

import asyncio

from choria_core.broker.server import Broker
from choria_testing.frozen import frozen


async def greeting(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        return await reader.readline()
    finally:
        writer.close()


async def test_it_takes_connections_and_is_silent_until_it_goes_on(broker: Broker) -> None:
    with frozen(broker):
        async with asyncio.timeout(20):
            while True:
                greeted = asyncio.create_task(greeting(broker.port))
                done, _ = await asyncio.wait([greeted], timeout=0.1)
                if not done:
                    break  # each of its threads is frozen a moment after the signal

    assert (await greeted).startswith(b"INFO ")


async def test_it_may_be_stopped_and_started_meanwhile(broker: Broker) -> None:
    with frozen(broker):
        await broker.restart()

    assert (await greeting(broker.port)).startswith(b"INFO ")
