"""Questions and their answers."""

import asyncio

import pytest

from choria_core.broker.server import Broker
from choria_core.errors import DisconnectedError, NoRespondersError, RequestTimeoutError
from choria_core.nats.endpoint_url import parse_endpoint
from choria_core.nats.transport import Message, Transport
from choria_testing.connectors import Connect
from choria_testing.transport_logs import MessageLog, StateLog


async def answer_on(transport: Transport, subject: str, *, times: int = 1) -> None:
    """Answer every request with its body in capitals and its headers."""
    tasks: set[asyncio.Task[None]] = set()

    async def reply(message: Message) -> None:
        for number in range(times):
            body = message.data.upper() + b"%d" % number
            await transport.publish(message.reply, body, headers=message.headers)

    def answer(message: Message) -> None:
        task = asyncio.ensure_future(reply(message))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    await transport.subscribe(subject, answer)
    await transport.flush()


async def test_a_request_brings_its_answer(connect: Connect, broker: Broker) -> None:
    transport = await connect(parse_endpoint(broker.url))
    await answer_on(transport, "shout")

    answer = await transport.request("shout", b"hello", headers={"A": "b"})

    assert answer.data == b"HELLO0"
    assert answer.headers == {"A": "b"}


async def test_the_first_answer_counts(connect: Connect, broker: Broker) -> None:
    transport = await connect(parse_endpoint(broker.url))
    await answer_on(transport, "shout", times=3)

    answers = [(await transport.request("shout", b"x")).data for _ in range(5)]

    assert answers == [b"X0"] * 5


async def test_concurrent_requests_get_their_own_answers(connect: Connect, broker: Broker) -> None:
    transport = await connect(parse_endpoint(broker.url))
    await answer_on(transport, "shout")

    answers = await asyncio.gather(
        *(transport.request("shout", b"n%d." % number) for number in range(200))
    )

    assert [answer.data for answer in answers] == [b"N%d.0" % number for number in range(200)]


async def test_nobody_listens(connect: Connect, broker: Broker) -> None:
    transport = await connect(parse_endpoint(broker.url))

    with pytest.raises(NoRespondersError) as caught:
        await transport.request("nobody.here", timeout_seconds=30)

    assert caught.value.subject == "nobody.here"


async def test_nobody_answers_in_time(
    connect: Connect, broker: Broker, messages: MessageLog
) -> None:
    transport = await connect(parse_endpoint(broker.url))
    await transport.subscribe("silent", messages)

    with pytest.raises(RequestTimeoutError) as caught:
        await transport.request("silent", timeout_seconds=0.05)

    assert (caught.value.subject, caught.value.seconds) == ("silent", 0.05)


async def test_a_late_answer_harms_nobody(
    connect: Connect, broker: Broker, messages: MessageLog
) -> None:
    transport = await connect(parse_endpoint(broker.url))
    silent = await transport.subscribe("slow", messages)
    with pytest.raises(RequestTimeoutError):
        await transport.request("slow", timeout_seconds=0.05)
    (question,) = await messages.until(1)
    await silent.unsubscribe()
    await answer_on(transport, "slow")

    await transport.publish(question.reply, b"late")
    answer = await transport.request("slow", b"x")

    assert answer.data == b"X0"


async def test_a_cancelled_request_harms_nobody(
    connect: Connect, broker: Broker, messages: MessageLog
) -> None:
    transport = await connect(parse_endpoint(broker.url))
    await transport.subscribe("silent", messages)
    await answer_on(transport, "shout")

    asking = asyncio.create_task(transport.request("silent", timeout_seconds=60))
    await messages.until(1)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking

    assert (await transport.request("shout", b"x")).data == b"X0"


async def test_statuses_other_than_no_responders_are_answers(
    connect: Connect, broker: Broker
) -> None:
    """A pull that expires is answered 408 by JetStream itself."""
    transport = await connect(parse_endpoint(broker.url))
    stream = b'{"name":"S","subjects":["s"],"storage":"memory"}'
    await transport.request("$JS.API.STREAM.CREATE.S", stream)
    consumer = b'{"stream_name":"S","config":{"durable_name":"C","ack_policy":"explicit"}}'
    await transport.request("$JS.API.CONSUMER.DURABLE.CREATE.S.C", consumer)

    answer = await transport.request("$JS.API.CONSUMER.MSG.NEXT.S.C", b'{"batch":1,"no_wait":true}')

    assert (answer.status, answer.description) == (404, "No Messages")


async def test_the_answer_is_lost_with_the_connection(
    connect: Connect, broker: Broker, messages: MessageLog
) -> None:
    transport = await connect(parse_endpoint(broker.url))
    await transport.subscribe("silent", messages)
    asking = asyncio.create_task(transport.request("silent", timeout_seconds=100))
    await messages.until(1)

    await broker.kill()

    with pytest.raises(DisconnectedError):
        await asking


async def test_requests_work_after_a_reconnect(
    connect: Connect, broker: Broker, states: StateLog
) -> None:
    transport = await connect(parse_endpoint(broker.url), on_state=states)
    await answer_on(transport, "shout")
    await transport.request("shout", b"x")

    await broker.restart()
    await states.until(transport_connected := states.changes[0].state, count=2)

    assert transport_connected.value == "connected"
    assert (await transport.request("shout", b"y")).data == b"Y0"


async def test_inboxes_are_new_and_ours(
    connect: Connect, broker: Broker, messages: MessageLog
) -> None:
    transport = await connect(parse_endpoint(broker.url), inbox_prefix="_INBOX.mine")
    inboxes = {transport.new_inbox() for _ in range(1000)}
    await transport.subscribe("question", messages)

    asking = asyncio.create_task(transport.request("question"))
    (question,) = await messages.until(1)
    await transport.publish(question.reply, b"42")

    assert (await asking).data == b"42"
    assert question.reply.startswith("_INBOX.mine.")
    assert len(inboxes) == 1000
    assert all(inbox.startswith("_INBOX.mine.") and len(inbox) > 30 for inbox in inboxes)
