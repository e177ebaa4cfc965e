"""What is published is what arrives."""

import asyncio
import socket

import pytest

from choria_core.broker.server import Broker
from choria_core.errors import LocalProtocolError, PayloadTooLargeError
from choria_core.nats.endpoint_url import parse_endpoint
from choria_core.nats.transport import NO_HEADERS, ConnectionState, Message
from choria_testing.connectors import Connect
from choria_testing.fixtures import MakeBroker
from choria_testing.transport_logs import MessageLog, StateLog


async def test_messages_keep_their_order(
    connect: Connect, broker: Broker, messages: MessageLog
) -> None:
    sender = await connect(parse_endpoint(broker.url))
    receiver = await connect(parse_endpoint(broker.url))
    await receiver.subscribe("numbers", messages)
    await receiver.flush()

    for number in range(10_000):
        await sender.publish("numbers", b"%d" % number)

    await messages.until(10_000)
    assert messages.bodies == [b"%d" % number for number in range(10_000)]


async def test_subject_body_and_reply_arrive(
    connect: Connect, broker: Broker, messages: MessageLog
) -> None:
    transport = await connect(parse_endpoint(broker.url))
    await transport.subscribe("a.b", messages)

    await transport.publish("a.b", b"body", reply="answer.here")

    (message,) = await messages.until(1)
    assert (message.subject, message.data, message.reply) == ("a.b", b"body", "answer.here")
    assert message.headers == NO_HEADERS
    assert message.status == 0


@pytest.mark.parametrize("headers", [{}, {"Kind": "marker"}])
async def test_empty_bodies_survive(
    connect: Connect, broker: Broker, messages: MessageLog, headers: dict[str, str]
) -> None:
    transport = await connect(parse_endpoint(broker.url))
    await transport.subscribe("empty", messages)

    await transport.publish("empty", headers=headers)

    (message,) = await messages.until(1)
    assert message.data == b""
    assert message.headers == headers
    assert message.status == 0


async def test_bodies_may_hold_any_bytes(
    connect: Connect, broker: Broker, messages: MessageLog
) -> None:
    bodies = [b"\r\n", b"MSG x 1 5\r\nhello\r\n", b"-ERR 'x'\r\n", bytes(range(256)), b"\0" * 100]
    transport = await connect(parse_endpoint(broker.url))
    await transport.subscribe("bytes", messages)

    for body in bodies:
        await transport.publish("bytes", body)

    await messages.until(len(bodies))
    assert messages.bodies == bodies


async def test_headers_arrive_as_sent(
    connect: Connect, broker: Broker, messages: MessageLog
) -> None:
    headers = {"Nats-Msg-Id": "7", "lower": "a:b", "Umlaut": "ü€", "Nothing": "", "X_y-1": " z "}
    transport = await connect(parse_endpoint(broker.url))
    await transport.subscribe("headers", messages)

    await transport.publish("headers", b"body", headers=headers)

    (message,) = await messages.until(1)
    assert message.headers == {name: value.strip() for name, value in headers.items()}
    assert message.data == b"body"


async def test_a_header_called_status_is_no_status(
    connect: Connect, broker: Broker, messages: MessageLog
) -> None:
    transport = await connect(parse_endpoint(broker.url))
    await transport.subscribe("headers", messages)

    await transport.publish("headers", headers={"Status": "503", "Description": "odd"})

    (message,) = await messages.until(1)
    assert message.headers == {"Status": "503", "Description": "odd"}
    assert (message.status, message.description) == (0, "")


async def publish_raw(broker: Broker, subject: str, block: bytes, body: bytes = b"") -> None:
    """Publish a header block that no connector would write."""
    reader, writer = await asyncio.open_connection("127.0.0.1", broker.port)
    await reader.readline()
    size = len(block), len(block) + len(body)
    frame = f"HPUB {subject} {size[0]} {size[1]}\r\n".encode() + block + body + b"\r\n"
    writer.write(b'CONNECT {"headers":true,"verbose":false}\r\n' + frame + b"PING\r\n")
    assert await reader.readline() == b"PONG\r\n"
    writer.close()
    await writer.wait_closed()


async def test_of_a_repeated_header_the_last_value_counts(
    connect: Connect, broker: Broker, messages: MessageLog
) -> None:
    transport = await connect(parse_endpoint(broker.url))
    await transport.subscribe("raw", messages)
    await transport.flush()

    await publish_raw(broker, "raw", b"NATS/1.0\r\nA:1\r\nb: 2\r\nA: 3\r\n\r\n", b"body")

    (message,) = await messages.until(1)
    assert message.headers == {"A": "3", "b": "2"}


async def test_inline_status_arrives(
    connect: Connect, broker: Broker, messages: MessageLog
) -> None:
    transport = await connect(parse_endpoint(broker.url))
    await transport.subscribe("raw", messages)
    await transport.flush()

    await publish_raw(broker, "raw", b"NATS/1.0 100 Idle Heartbeat\r\nNats-Last-Stream: 7\r\n\r\n")

    (message,) = await messages.until(1)
    assert (message.status, message.description) == (100, "Idle Heartbeat")
    assert message.headers == {"Nats-Last-Stream": "7"}


async def test_a_message_with_broken_headers_is_dropped_and_the_next_arrives(
    connect: Connect, broker: Broker, messages: MessageLog
) -> None:
    transport = await connect(parse_endpoint(broker.url))
    await transport.subscribe("raw", messages)
    await transport.flush()

    await publish_raw(broker, "raw", b"NATS/1.0\r\nno colon here\r\n\r\n", b"broken")
    await transport.publish("raw", b"whole")

    await messages.until(1)
    assert messages.bodies == [b"whole"]


async def test_a_message_of_exactly_max_payload_passes(
    connect: Connect, broker: Broker, messages: MessageLog
) -> None:
    transport = await connect(parse_endpoint(broker.url))
    limit = transport.server.max_payload_bytes
    body = bytes(range(256)) * (limit // 256)
    await transport.subscribe("large", messages)

    for _ in range(3):
        await transport.publish("large", body)

    await messages.until(3)
    assert limit == 1 << 20
    assert messages.bodies == [body] * 3


async def test_a_message_beyond_max_payload_is_refused_here(
    connect: Connect, make_broker: MakeBroker, messages: MessageLog
) -> None:
    broker = await make_broker(max_payload_bytes=1000, jetstream=False)
    transport = await connect(parse_endpoint(broker.url))
    await transport.subscribe("large", messages)

    with pytest.raises(PayloadTooLargeError) as caught:
        await transport.publish("large", b"x" * 1001)
    with pytest.raises(PayloadTooLargeError):
        await transport.publish("large", b"x" * 1000, headers={"A": "b"})
    with pytest.raises(PayloadTooLargeError):
        await transport.request("large", b"x" * 1001)
    await transport.publish("large", b"x" * 1000)

    await messages.until(1)
    assert (caught.value.size_bytes, caught.value.limit_bytes) == (1001, 1000)
    assert transport.is_connected
    assert len(messages.messages) == 1


async def test_impossible_subjects_are_refused(
    connect: Connect, broker: Broker, messages: MessageLog
) -> None:
    transport = await connect(parse_endpoint(broker.url))

    for subject in ("", " ", "a b", "a..b", ".a", "a.", "a\r\nPING", "a\tb", "a\n", "\udcff"):
        with pytest.raises(LocalProtocolError):
            await transport.publish(subject, b"x")
        with pytest.raises(LocalProtocolError):
            await transport.request(subject, b"x")
        with pytest.raises(LocalProtocolError):
            await transport.subscribe(subject, messages)
        if subject:
            with pytest.raises(LocalProtocolError):
                await transport.publish("fine", b"x", reply=subject)
            with pytest.raises(LocalProtocolError):
                await transport.subscribe("fine", messages, queue=subject)
    assert transport.is_connected


async def test_a_subject_that_is_not_utf8_arrives_and_harms_nobody(
    connect: Connect, broker: Broker, messages: MessageLog, states: StateLog
) -> None:
    transport = await connect(parse_endpoint(broker.url), on_state=states)

    def fail_once(message: Message) -> None:
        messages(message)
        if len(messages.messages) == 1:
            raise ValueError("a handler failed")

    await transport.subscribe("news.*", fail_once)
    await transport.flush()

    _, writer = await asyncio.open_connection("127.0.0.1", broker.port)
    writer.write(b"CONNECT {}\r\n" + b"PUB news.\xff answer.\xff 2\r\nhi\r\n" * 2)
    await writer.drain()
    first, second = await messages.until(2)
    writer.close()

    assert (first.subject, first.reply, first.data) == ("news.\ufffd", "answer.\ufffd", b"hi")
    assert second == first
    assert states.states == [ConnectionState.CONNECTED]


async def test_impossible_headers_are_refused(connect: Connect, broker: Broker) -> None:
    transport = await connect(parse_endpoint(broker.url))

    for headers in ({"A": "x\r\nB: y"}, {"A\r\nB": "x"}, {"A:": "x"}, {"": "x"}, {"A": "\udcff"}):
        with pytest.raises(LocalProtocolError):
            await transport.publish("fine", b"x", headers=headers)
        with pytest.raises(LocalProtocolError):
            await transport.request("fine", b"x", headers=headers)
    assert transport.is_connected


async def test_what_was_published_is_with_the_socket(connect: Connect, broker: Broker) -> None:
    """The event loop gets no turn between the publishing and the arrival."""
    transport = await connect(parse_endpoint(broker.url))
    address = ("127.0.0.1", broker.port)
    with socket.create_connection(address, timeout=20) as plain, plain.makefile("rb") as lines:
        lines.readline()
        plain.sendall(b'CONNECT {"verbose":false}\r\nSUB handed 1\r\nPING\r\n')
        assert lines.readline() == b"PONG\r\n"

        await transport.publish("handed", b"over")

        arrived = [line for line in iter(lines.readline, b"over\r\n") if line != b"PING\r\n"]
        assert arrived == [b"MSG handed 1 4\r\n"]


async def test_without_echo_only_others_are_heard(
    connect: Connect, broker: Broker, messages: MessageLog
) -> None:
    transport = await connect(parse_endpoint(broker.url), no_echo=True)
    other = await connect(parse_endpoint(broker.url))
    await transport.subscribe("echo", messages)

    await transport.publish("echo", b"mine")
    await transport.flush()
    await other.publish("echo", b"theirs")

    await messages.until(1)
    assert messages.bodies == [b"theirs"]
