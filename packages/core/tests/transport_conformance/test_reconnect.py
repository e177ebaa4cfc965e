"""From a lost connection to the next."""

import asyncio
import contextlib
import dataclasses

import pytest

from choria_core.broker.options import BrokerAuth, BrokerUser
from choria_core.broker.server import Broker
from choria_core.errors import DisconnectedError, NoRespondersError, TransportError
from choria_core.nats.endpoint_url import parse_endpoint
from choria_core.nats.transport import ConnectionState, StateChange, Transport
from choria_testing.connectors import Connect
from choria_testing.fixtures import MakeBroker
from choria_testing.frozen import frozen
from choria_testing.proxy import Proxy
from choria_testing.secured_brokers import password_broker
from choria_testing.transport_logs import PATIENCE_SECONDS, MessageLog, StateLog

CONNECTED, DISCONNECTED = ConnectionState.CONNECTED, ConnectionState.DISCONNECTED


async def test_a_restarted_broker_is_found_again(
    connect: Connect, broker: Broker, messages: MessageLog, states: StateLog
) -> None:
    transport = await connect(parse_endpoint(broker.url), on_state=states)
    await transport.subscribe("news.*", messages)
    old = transport.server

    for round_ in range(1, 4):
        await broker.restart()
        await states.until(CONNECTED, count=round_ + 1)
        await transport.publish("news.now", b"%d" % round_)
        await messages.until(round_)

    assert messages.bodies == [b"1", b"2", b"3"]
    assert states.states == [CONNECTED] + [DISCONNECTED, CONNECTED] * 3
    assert {change.server for change in states.changes} == {broker.url}
    assert transport.server.server_id != old.server_id


async def test_subscriptions_stand_before_the_connection_is_told_of(
    connect: Connect, broker: Broker, messages: MessageLog
) -> None:
    """A request from elsewhere, right after the change was told, finds its responder."""
    other_states = StateLog()
    other = await connect(parse_endpoint(broker.url), on_state=other_states)
    states = StateLog()
    transport = await connect(parse_endpoint(broker.url), on_state=states)
    await transport.subscribe("task", messages)

    await broker.restart()
    await other_states.until(CONNECTED, count=2)
    await states.until(CONNECTED, count=2)
    await other.publish("task", b"x")

    await messages.until(1)
    assert messages.bodies == [b"x"]


async def test_while_down_nothing_is_taken(
    connect: Connect, broker: Broker, messages: MessageLog, states: StateLog
) -> None:
    transport = await connect(parse_endpoint(broker.url), on_state=states)
    await transport.subscribe("news", messages)
    await broker.kill()
    await states.until(DISCONNECTED)

    assert not transport.is_connected
    with pytest.raises(DisconnectedError):
        await transport.publish("news", b"kept back")
    with pytest.raises(DisconnectedError):
        await transport.request("news", b"kept back")
    with pytest.raises(DisconnectedError):
        await transport.flush()
    await broker.start()
    await states.until(CONNECTED, count=2)
    await transport.publish("news", b"fresh")

    await messages.until(1)
    assert messages.bodies == [b"fresh"]


async def test_as_soon_as_a_loss_is_told_nothing_is_taken(connect: Connect, broker: Broker) -> None:
    connected: list[bool] = []

    def note(change: StateChange) -> None:
        if change.state is DISCONNECTED and not connected:
            connected.append(transport.is_connected)
            lost.set()

    lost = asyncio.Event()
    transport = await connect(parse_endpoint(broker.url), on_state=note)

    await broker.kill()
    await lost.wait()

    assert connected == [False]


async def test_subscribing_and_unsubscribing_while_down(
    connect: Connect, broker: Broker, states: StateLog
) -> None:
    transport = await connect(parse_endpoint(broker.url), on_state=states)
    old, new = MessageLog(), MessageLog()
    subscription = await transport.subscribe("old", old)
    await broker.kill()
    await states.until(DISCONNECTED)

    await subscription.unsubscribe()
    await transport.subscribe("new", new)
    await broker.start()
    await states.until(CONNECTED, count=2)

    await transport.publish("new", b"x")
    await new.until(1)
    with pytest.raises(NoRespondersError):
        await transport.request("old")
    assert old.messages == []


async def test_the_next_server_takes_over(
    connect: Connect, make_broker: MakeBroker, messages: MessageLog, states: StateLog
) -> None:
    first, second = await make_broker(), await make_broker()
    transport = await connect(parse_endpoint(f"{first.url},{second.url}"), on_state=states)
    await transport.subscribe("news", messages)

    await first.kill()
    change = await states.until(CONNECTED, count=2)
    await transport.publish("news", b"x")

    await messages.until(1)
    assert change.server == second.url
    assert transport.server.url == second.url


async def test_a_server_that_hangs_is_left_for_the_next(
    connect: Connect, make_broker: MakeBroker, messages: MessageLog, states: StateLog
) -> None:
    first, second = await make_broker(), await make_broker()
    urls = f"{first.url},{second.url}?ping_interval=150ms&connect_timeout=500ms"
    transport = await connect(parse_endpoint(urls), on_state=states)
    await transport.subscribe("news", messages)
    hung, other = (first, second) if transport.server.url == first.url else (second, first)

    with frozen(hung):
        connections = 1
        while transport.server.url != other.url:
            connections += 1
            await states.until(CONNECTED, count=connections)
        await publish_until_heard(transport, messages)
        await transport.close()

    assert transport.server.url == other.url


async def publish_until_heard(transport: Transport, messages: MessageLog) -> None:
    """With so short an interval, a machine under load may lose the next connection too."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not messages.messages:
            with contextlib.suppress(TransportError):
                await transport.publish("news", b"x")
                await transport.flush()
            await asyncio.sleep(0.01)


async def test_a_cut_line_is_mended(
    connect: Connect, broker: Broker, messages: MessageLog, states: StateLog
) -> None:
    async with Proxy("127.0.0.1", broker.port) as proxy:
        transport = await connect(parse_endpoint(proxy.url), on_state=states)
        await transport.subscribe("news", messages)

        await proxy.cut()
        await states.until(DISCONNECTED, count=3)
        await proxy.restore()
        await states.until(CONNECTED, count=2)
        await transport.publish("news", b"x")

        await messages.until(1)
        await transport.close()


async def test_publishing_into_a_breaking_line_says_so(
    connect: Connect, broker: Broker, states: StateLog
) -> None:
    transport = await connect(parse_endpoint(broker.url), on_state=states)

    async def publish_until_told() -> None:
        while True:
            await transport.publish("news", b"x" * 1000)
            await asyncio.sleep(0)

    publishing = asyncio.create_task(publish_until_told())
    await broker.kill()

    with pytest.raises(DisconnectedError):
        await publishing


async def test_a_publisher_that_waits_for_a_slow_line_is_freed_by_its_loss(
    connect: Connect, broker: Broker
) -> None:
    async with Proxy("127.0.0.1", broker.port) as proxy:
        transport = await connect(parse_endpoint(proxy.url))
        proxy.stall()

        async def fill() -> None:
            while True:
                await transport.publish("news", b"x" * 1_000_000)

        filling = asyncio.create_task(fill())
        done, _ = await asyncio.wait({filling}, timeout=1)
        assert not done
        await proxy.cut()

        with pytest.raises(DisconnectedError):
            await filling
        await transport.close()


async def test_a_password_changed_while_connected_does_not_end_the_trying(
    connect: Connect, messages: MessageLog, states: StateLog
) -> None:
    async with password_broker() as secured:
        broker, options = secured.broker, secured.broker.options
        endpoint = parse_endpoint(broker.url, credentials=secured.credentials)
        transport = await connect(endpoint, on_state=states)
        await transport.subscribe("news", messages)

        changed = BrokerAuth(users=(BrokerUser(secured.credentials.user, "another"),))
        await broker.restart(dataclasses.replace(options, auth=changed))
        refusal = await states.until(DISCONNECTED, count=len(states.changes) + 2)
        await broker.restart(options)
        await states.until(CONNECTED, count=2)
        await transport.publish("news", b"x")

        await messages.until(1)
        assert refusal.cause
        assert secured.credentials.password not in refusal.cause
        await transport.close()


async def test_a_listener_that_fails_does_not_end_the_connection(
    connect: Connect, broker: Broker, messages: MessageLog
) -> None:
    states = StateLog()

    def fail(change: StateChange) -> None:
        states(change)
        raise ValueError("a listener failed")

    transport = await connect(parse_endpoint(broker.url), on_state=fail)
    await transport.subscribe("news", messages)
    await broker.restart()
    await states.until(CONNECTED, count=2)
    await transport.publish("news", b"x")

    await messages.until(1)
