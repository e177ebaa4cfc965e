"""Interest in subjects."""

import asyncio

import pytest

from choria_core.broker.server import Broker
from choria_core.nats.endpoint_url import parse_endpoint
from choria_core.nats.transport import Message, Subscription
from choria_testing.connectors import Connect
from choria_testing.transport_logs import MessageLog


@pytest.mark.parametrize(
    ("pattern", "heard"),
    [("a.*", ["a.b", "a.c"]), ("a.>", ["a.b", "a.c", "a.b.c"]), ("*.b", ["a.b", "x.b"])],
)
async def test_wildcards(
    connect: Connect, broker: Broker, messages: MessageLog, pattern: str, heard: list[str]
) -> None:
    transport = await connect(parse_endpoint(broker.url))
    subscription = await transport.subscribe(pattern, messages)

    for subject in ("a", "a.b", "a.c", "a.b.c", "x.b"):
        await transport.publish(subject)
    await transport.flush()

    assert subscription.subject == pattern
    assert [message.subject for message in await messages.until(len(heard))] == heard


async def test_every_subscription_gets_every_message(connect: Connect, broker: Broker) -> None:
    transport = await connect(parse_endpoint(broker.url))
    first, second = MessageLog(), MessageLog()
    await transport.subscribe("news", first)
    await transport.subscribe("news", second)

    await transport.publish("news", b"x")

    await first.until(1)
    await second.until(1)
    assert first.bodies == second.bodies == [b"x"]


async def test_a_queue_group_shares_the_messages(connect: Connect, broker: Broker) -> None:
    endpoint = parse_endpoint(broker.url)
    both = MessageLog()
    shares = [MessageLog(), MessageLog()]
    for share in shares:
        member = await connect(endpoint)

        def hear(message: Message, share: MessageLog = share) -> None:
            share(message)
            both(message)

        await member.subscribe("work", hear, queue="workers")
        await member.flush()
    sender = await connect(endpoint)

    for number in range(200):
        await sender.publish("work", b"%d" % number)

    await both.until(200)
    assert sorted(both.bodies) == sorted(b"%d" % number for number in range(200))
    assert all(share.messages for share in shares)


async def test_after_unsubscribing_nothing_comes(
    connect: Connect, broker: Broker, messages: MessageLog
) -> None:
    transport = await connect(parse_endpoint(broker.url))
    subscription = await transport.subscribe("news", messages)
    await transport.publish("news", b"1")
    await messages.until(1)

    await subscription.unsubscribe()
    await subscription.unsubscribe()
    await transport.publish("news", b"2")
    await transport.flush()

    assert messages.bodies == [b"1"]


async def test_unsubscribing_from_inside_the_handler(connect: Connect, broker: Broker) -> None:
    transport = await connect(parse_endpoint(broker.url))
    ending: list[asyncio.Task[None]] = []
    subscriptions: list[Subscription] = []
    messages = MessageLog()

    def hear_once(message: Message) -> None:
        messages(message)
        if not ending:
            ending.append(asyncio.ensure_future(subscriptions[0].unsubscribe()))

    subscriptions.append(await transport.subscribe("news", hear_once))
    await transport.publish("news", b"1")
    await messages.until(1)
    await ending[0]
    await transport.publish("news", b"2")
    await transport.flush()

    assert messages.bodies == [b"1"]


async def test_a_failing_handler_ends_nothing(connect: Connect, broker: Broker) -> None:
    transport = await connect(parse_endpoint(broker.url))
    messages = MessageLog()

    def fail_on_odd(message: Message) -> None:
        messages(message)
        if int(message.data) % 2:
            raise ValueError(message.data)

    await transport.subscribe("numbers", fail_on_odd)
    for number in range(10):
        await transport.publish("numbers", b"%d" % number)

    await messages.until(10)
    assert messages.bodies == [b"%d" % number for number in range(10)]
    assert transport.is_connected


async def test_handlers_run_in_order_of_arrival_across_subscriptions(
    connect: Connect, broker: Broker, messages: MessageLog
) -> None:
    transport = await connect(parse_endpoint(broker.url))
    for subject in ("a", "b", "c"):
        await transport.subscribe(subject, messages)

    expected = [subject for _ in range(100) for subject in ("a", "b", "c")]
    for subject in expected:
        await transport.publish(subject)

    await messages.until(300)
    assert [message.subject for message in messages.messages] == expected


async def test_thousands_of_subscriptions(
    connect: Connect, broker: Broker, messages: MessageLog
) -> None:
    transport = await connect(parse_endpoint(broker.url))
    for number in range(2000):
        await transport.subscribe(f"node.{number}", messages)
    await transport.flush()

    for number in range(2000):
        await transport.publish(f"node.{number}", b"%d" % number)

    await messages.until(2000)
    assert messages.bodies == [b"%d" % number for number in range(2000)]
