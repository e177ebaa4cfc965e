"""Streams of a broker, filled and read back.

async with open_streams(broker.url) as streams:
    await streams.create_stream({"name": "NODES", "subjects": ["nodes.>"]})
    await streams.fill(Sent("nodes.n1", b"up") for _ in range(10_000))
    assert [one.body for one in await streams.read("NODES")] == [b"up"] * 10_000
"""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from choria_core.nats import wire
from choria_core.nats.endpoint_url import parse_endpoint
from choria_core.nats.headers import parse_headers
from choria_core.nats.jetstream import NANOSECONDS, StreamState, decode_answer
from choria_core.nats.lean_transport import LeanTransport, connect
from choria_testing.stream_admin import StreamAdmin

CHUNK_MESSAGES = 2_000
"""Below what a server queues for one stream before it drops."""

READ_SECONDS = 60.0
POLL_SECONDS = 0.02
NO_HEADER = b""
_DELIVERED_PARTS = 9
"""Of the reply of a delivery; newer servers say where they are in more."""


class _Stored(msgspec.Struct):
    stream: str
    seq: int


@dataclass(frozen=True, slots=True)
class Sent:
    """A message to fill a stream with; ``lines`` are header lines without line ends."""

    subject: str
    body: bytes = b""
    lines: tuple[str, ...] = ()

    @property
    def header(self) -> bytes:
        """The header block; empty where there are no lines."""
        if not self.lines:
            return NO_HEADER
        return "\r\n".join(["NATS/1.0", *self.lines, "", ""]).encode()


@dataclass(frozen=True, slots=True)
class Held:
    """A message as a stream holds it."""

    sequence: int
    subject: str
    header: bytes
    body: bytes
    timestamp_ms: int

    def named(self, name: str) -> str | None:
        """The value of a header."""
        return parse_headers(self.header).headers.get(name) if self.header else None

    @property
    def lines(self) -> list[str]:
        """The header lines, in order."""
        return self.header.decode().split("\r\n")[1:-2]


class Streams(StreamAdmin):
    """The streams of one broker."""

    def __init__(self, transport: LeanTransport) -> None:
        super().__init__(transport, timeout_seconds=10.0)
        self.lean = transport

    async def fill(self, messages: Iterable[Sent]) -> int:
        """Publish ``messages`` in order; returns how many, once all are stored.

        Raises:
            JetStreamError: the last of a chunk was refused.
        """
        count = 0
        iterator = iter(messages)
        while chunk := list(itertools.islice(iterator, CHUNK_MESSAGES)):
            *most, last = [(wire.check_subject(one.subject), one.header, one.body) for one in chunk]
            self.lean.send(b"".join(wire.publish(s, b"", header, body) for s, header, body in most))
            await self._store(*last)
            count += len(chunk)
        return count

    async def _store(self, subject: bytes, header: bytes, body: bytes) -> None:
        """Publish one message and return when it is stored."""
        inbox = self.lean.new_inbox()
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        interest = self.lean.add_sink(inbox, lambda delivery: _answered(answer, delivery[3]))
        self.lean.send(b"")  # the interest goes first
        self.lean.send(wire.publish(subject, inbox.encode(), header, body))
        try:
            async with asyncio.timeout(READ_SECONDS):
                decode_answer(await answer, _Stored)
        finally:
            interest.end()

    async def shrunk(self, stream: str, *, to: int) -> None:
        """Return when a stream holds no more than ``to`` messages: acknowledged or expired.

        Raises:
            TimeoutError: it does not shrink.
        """
        await self._until(stream, lambda state: state.messages <= to)

    async def grown(self, stream: str, *, to: int) -> None:
        """Return when a stream holds at least ``to`` messages, where nothing is acknowledged.

        Raises:
            TimeoutError: it does not grow.
        """
        await self._until(stream, lambda state: state.messages >= to)

    async def reached(self, stream: str, *, sequence: int) -> None:
        """Return when a stream has stored its message ``sequence``.

        Raises:
            TimeoutError: it does not.
        """
        await self._until(stream, lambda state: state.last_seq >= sequence)

    async def _until(self, stream: str, condition: Callable[[StreamState], bool]) -> None:
        async with asyncio.timeout(READ_SECONDS):
            while True:
                if condition((await self.stream_info(stream)).state):
                    return
                await asyncio.sleep(POLL_SECONDS)

    async def read(self, stream: str) -> list[Held]:
        """All that a stream holds, in order; for streams that take a further consumer."""
        count = (await self.stream_info(stream)).state.messages
        if not count:
            return []
        held: list[Held] = []

        def take(one: Held, _pending: int) -> bool:
            held.append(one)
            return len(held) == count

        await self._deliver(stream, {"deliver_policy": "all"}, take)
        return held

    async def newest(self, stream: str) -> dict[str, Held]:
        """The newest message of each subject, also while more are stored."""
        if not (await self.stream_info(stream)).state.messages:
            return {}
        held: dict[str, Held] = {}

        def take(one: Held, pending: int) -> bool:
            held[one.subject] = one
            return not pending

        last = {"deliver_policy": "last_per_subject", "filter_subject": ">"}
        await self._deliver(stream, last, take)
        return held

    async def _deliver(
        self, stream: str, config: dict[str, Any], take: Callable[[Held, int], bool]
    ) -> None:
        """Give ``take`` a message and how many follow, again and again, until it says True."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def receive(delivery: wire.Delivery) -> None:
            subject, reply, header, body = delivery
            parts = reply.split(b".")
            if len(parts) >= _DELIVERED_PARTS:
                sequence, _, timestamp, pending = _position(parts)
                one = Held(sequence, subject.decode(), header, body, timestamp // 1_000_000)
                if not done.done() and take(one, pending):
                    done.set_result(None)
            elif reply:  # flow control: go on
                self.lean.send(wire.publish(reply, b"", NO_HEADER, b""))

        inbox = self.lean.new_inbox()
        interest = self.lean.add_sink(inbox, receive)
        name = f"reader_{inbox.rpartition('.')[2]}"
        try:
            await self.create_consumer(stream, _reader(name, inbox) | config)
            async with asyncio.timeout(READ_SECONDS):
                await done
        finally:
            interest.end()
            await self.delete_consumer(stream, name)


def _reader(name: str, inbox: str) -> dict[str, Any]:
    return {
        "name": name,
        "deliver_subject": inbox,
        "ack_policy": "none",
        "flow_control": True,
        "idle_heartbeat": 5 * NANOSECONDS,
        "max_deliver": 1,
        "mem_storage": True,
        "num_replicas": 1,
    }


def _answered(answer: asyncio.Future[bytes], data: bytes) -> None:
    if not answer.done():
        answer.set_result(data)


def _position(parts: list[bytes]) -> list[int]:
    """What a delivery's reply ends in: sequences of stream and consumer, time, what follows."""
    return [int(part) for part in (parts[5:9] if len(parts) == _DELIVERED_PARTS else parts[7:11])]


@contextlib.asynccontextmanager
async def open_streams(url: str) -> AsyncIterator[Streams]:
    """The streams of the broker at ``url``."""
    async with await connect(parse_endpoint(url), name="streams", timeout_seconds=10.0) as lean:
        yield Streams(lean)
