"""Read what a stream holds, in order, over any transport.

For looking and verifying, where ease counts more than speed: an ephemeral
consumer without acknowledgements, one pull after the other.
"""

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Final

from choria_core.errors import RemoteProtocolError, RequestTimeoutError
from choria_core.nats.jetstream import API_PREFIX, NANOSECONDS, JetStream
from choria_core.nats.transport import Message, Transport

PATIENCE_SECONDS: Final = 10.0
_MILLISECOND_NS: Final = 1_000_000


async def read_stream(
    transport: Transport, stream: str, *, batch: int = 1000, subject: str = ""
) -> AsyncGenerator[Message, None]:
    """Every message that ``stream`` holds at the start, oldest first.

    Args:
        transport: a connection to the stream's cluster.
        stream: its name.
        batch: messages per pull.
        subject: only messages that match it; all when empty.

    Raises:
        JetStreamError: there is no such stream.
        RequestTimeoutError: the server stopped delivering.
    """
    jetstream = JetStream(transport)
    inbox = transport.new_inbox()
    arrived: asyncio.Queue[Message] = asyncio.Queue()
    subscription = await transport.subscribe(inbox, arrived.put_nowait)
    config = {
        "name": f"read_{inbox.rsplit('.', 1)[-1]}",
        "ack_policy": "none",
        "mem_storage": True,
        "num_replicas": 1,
        "inactive_threshold": 60 * NANOSECONDS,
    }
    if subject:
        config["filter_subject"] = subject
    consumer = await jetstream.create_consumer(stream, config)
    try:
        left = consumer.num_pending
        while left:
            count = min(batch, left)
            request = {"batch": count, "expires": round(PATIENCE_SECONDS * NANOSECONDS)}
            await transport.publish(
                f"{API_PREFIX}.CONSUMER.MSG.NEXT.{stream}.{consumer.name}",
                json.dumps(request).encode(),
                reply=inbox,
            )
            for _ in range(count):
                message = await _next(arrived, stream)
                yield message
                left = pending_of(message)
                if not left:
                    break
    finally:
        await subscription.unsubscribe()
        await jetstream.delete_consumer(stream, consumer.name)


async def _next(arrived: asyncio.Queue[Message], stream: str) -> Message:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            message = await arrived.get()
    except TimeoutError:
        raise RequestTimeoutError(f"messages of stream {stream}", PATIENCE_SECONDS) from None
    if message.status:
        raise RemoteProtocolError(f"stream {stream}: {message.status} {message.description}")
    return message


def pending_of(message: Message) -> int:
    """How many messages the consumer had behind a delivered one.

    Raises:
        RemoteProtocolError: it was not delivered by a consumer.
    """
    return _number(message, short=8, long=10)


def sequence_of(message: Message) -> int:
    """The stream sequence of a delivered message.

    Raises:
        RemoteProtocolError: it was not delivered by a consumer.
    """
    return _number(message, short=5, long=7)


def stored_ms_of(message: Message) -> int:
    """When the stream stored a delivered message, in unix milliseconds.

    Raises:
        RemoteProtocolError: it was not delivered by a consumer.
    """
    return _number(message, short=7, long=9) // _MILLISECOND_NS


def _number(message: Message, *, short: int, long: int) -> int:
    """A part of the reply subject, which is of one of two forms; raises RemoteProtocolError."""
    parts = message.reply.split(".")
    place = {9: short}.get(len(parts), long if len(parts) >= 11 else None)
    if place is None or not parts[place].isdecimal():
        raise RemoteProtocolError(f"not delivered by a consumer: {message.reply!r}")
    return int(parts[place])
