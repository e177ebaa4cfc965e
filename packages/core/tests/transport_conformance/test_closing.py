"""The end of a connection."""

import asyncio

import pytest

from choria_core.broker.server import Broker
from choria_core.errors import DisconnectedError
from choria_core.nats.endpoint_url import parse_endpoint
from choria_core.nats.transport import ConnectionState
from choria_testing.connectors import Connect
from choria_testing.transport_logs import MessageLog, StateLog

CONNECTED, DISCONNECTED, CLOSED = (
    ConnectionState.CONNECTED,
    ConnectionState.DISCONNECTED,
    ConnectionState.CLOSED,
)


async def test_closing_sends_what_was_published(
    connect: Connect, broker: Broker, messages: MessageLog
) -> None:
    receiver = await connect(parse_endpoint(broker.url))
    await receiver.subscribe("news", messages)
    await receiver.flush()

    async with await connect(parse_endpoint(broker.url)) as sender:
        for number in range(2000):
            await sender.publish("news", b"%d" % number)

    await messages.until(2000)
    assert messages.bodies == [b"%d" % number for number in range(2000)]


async def test_after_the_end_the_last_server_is_known(
    connect: Connect, broker: Broker, states: StateLog
) -> None:
    transport = await connect(parse_endpoint(broker.url), on_state=states)

    await transport.close()

    assert transport.server.url == broker.url
    assert states.changes[-1].server == broker.url


async def test_closing_twice_is_once(connect: Connect, broker: Broker, states: StateLog) -> None:
    transport = await connect(parse_endpoint(broker.url), on_state=states)

    await transport.close()
    await transport.close()

    assert not transport.is_connected
    assert states.states == [CONNECTED, CLOSED]


async def test_the_block_closes_whatever_happens_in_it(
    connect: Connect, broker: Broker, states: StateLog
) -> None:
    with pytest.raises(ValueError, match="in the block"):
        async with await connect(parse_endpoint(broker.url), on_state=states):
            raise ValueError("in the block")

    assert states.states == [CONNECTED, CLOSED]


async def test_after_closing_nothing_is_taken(
    connect: Connect, broker: Broker, messages: MessageLog
) -> None:
    transport = await connect(parse_endpoint(broker.url))
    subscription = await transport.subscribe("news", messages)
    await transport.close()

    with pytest.raises(DisconnectedError):
        await transport.publish("news")
    with pytest.raises(DisconnectedError):
        await transport.request("news")
    with pytest.raises(DisconnectedError):
        await transport.flush()
    with pytest.raises(DisconnectedError):
        await transport.subscribe("news", messages)
    await subscription.unsubscribe()
    assert messages.messages == []


async def test_closing_frees_those_who_wait_for_answers(
    connect: Connect, broker: Broker, messages: MessageLog
) -> None:
    transport = await connect(parse_endpoint(broker.url))
    await transport.subscribe("silent", messages)
    asking = asyncio.create_task(transport.request("silent", timeout_seconds=100))
    await messages.until(1)

    await transport.close()

    with pytest.raises(DisconnectedError):
        await asking


async def test_closing_while_down(connect: Connect, broker: Broker, states: StateLog) -> None:
    transport = await connect(parse_endpoint(broker.url), on_state=states)
    await broker.kill()
    await states.until(DISCONNECTED, count=3)

    await transport.close()
    told = len(states.changes)
    await broker.start()

    assert states.states == [CONNECTED, DISCONNECTED, CLOSED]
    assert len(states.changes) == told


async def test_closing_leaves_no_task_behind(connect: Connect, broker: Broker) -> None:
    before = asyncio.all_tasks()
    transport = await connect(parse_endpoint(broker.url))
    await transport.publish("news")

    await transport.close()

    assert asyncio.all_tasks() <= before


async def test_flush_returns_when_the_server_has_it_all(
    connect: Connect, broker: Broker, messages: MessageLog
) -> None:
    receiver = await connect(parse_endpoint(broker.url))
    await receiver.subscribe("news", messages)
    await receiver.flush()
    sender = await connect(parse_endpoint(broker.url))

    for number in range(100):
        await sender.publish("news", b"%d" % number)
        await sender.flush()
        await receiver.flush()
        assert len(messages.messages) == number + 1
