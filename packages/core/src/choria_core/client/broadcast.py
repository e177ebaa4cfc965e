"""Finding nodes by asking all of them at once."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Final

from choria_core.client.doubts import Doubts
from choria_core.client.intake import Arrived
from choria_core.client.line import Line
from choria_core.client.records import PingReply
from choria_core.client.reply_reader import ReplyReader
from choria_core.discovery.request import DiscoveryRequest
from choria_core.errors import RemoteProtocolError
from choria_core.nats.wire import Delivery
from choria_core.protocol import subjects
from choria_core.protocol.discovery_body import PING
from choria_core.protocol.messages import NANOSECONDS

AGENT: Final = "discovery"

WINDOW_SECONDS: Final = 0.3
"""With a window, so long after the last answer nobody is waited for any more."""

Answers = list[tuple[int, list[str]]]
"""Nanoseconds of the performance counter, and who answered then."""


async def find(line: Line, request: DiscoveryRequest) -> list[str]:
    """Names of the nodes that answer, in that order; of two nodes with one name both.

    Raises:
        DisconnectedError: the connection is down.
        PermissionsError: nobody answers, and the broker forbids what we do.
    """
    found: list[str] = []
    async for _, answers in _answers(line, request):
        for _, names in answers:
            found += names
    return found[: request.expected] if request.expected else found


async def ping(line: Line, request: DiscoveryRequest) -> AsyncGenerator[list[PingReply], None]:
    """Nodes that answer, with the time that each took; a list for each read of the socket.

    Raises:
        As :func:`find`.
    """
    async for asked, answers in _answers(line, request):
        yield [
            PingReply(name, (moment - asked) / NANOSECONDS)
            for moment, names in answers
            for name in names
        ]


async def _answers(line: Line, request: DiscoveryRequest) -> AsyncIterator[tuple[int, Answers]]:
    """When was asked, and answers as they come.

    Args:
        line: to the network.
        request: completed.
    """
    assert request.timeout_seconds is not None
    envelope = line.envelope(AGENT, request.collective)
    reader = line.reader(envelope)
    document = envelope.document(PING, request.filter, now_ns=time.time_ns())
    doubts, count = Doubts(agent=AGENT), 0
    with line.intake(envelope) as intake:
        await intake.flush()
        loop = asyncio.get_running_loop()
        asked, deadline = time.perf_counter_ns(), loop.time() + request.timeout_seconds
        target = subjects.broadcast(request.collective, AGENT)
        async for _ in line.publish(envelope, document, [target]):
            pass
        until = deadline
        while arrived := await intake.next(until):
            answers = _read(reader, arrived, doubts)
            count += sum(len(names) for _, names in answers)
            yield asked, answers
            if request.expected and count >= request.expected:
                return
            if request.windowed and count:
                until = min(deadline, loop.time() + WINDOW_SECONDS)
    if not count:
        line.check()


def _read(reader: ReplyReader, arrived: Arrived, doubts: Doubts) -> Answers:
    return [(moment, _senders(reader, deliveries, doubts)) for moment, deliveries in arrived]


def _senders(reader: ReplyReader, deliveries: list[Delivery], doubts: Doubts) -> list[str]:
    """Who sent these; what nobody vouches for is left out."""
    bodies = [delivery[3] for delivery in deliveries]
    try:
        return reader.senders(bodies)
    except RemoteProtocolError:  # seldom: now look at each
        return [name for body in bodies if (name := _sender(reader, body, doubts))]


def _sender(reader: ReplyReader, body: bytes, doubts: Doubts) -> str:
    try:
        return reader.sender(body)
    except RemoteProtocolError as error:
        doubts.take(error)
        return ""
