"""A model of what a server does with fast-ingest batches in ``fail`` mode.  Pure.

It knows the rules and no writer: batches open with their first message, take
consecutive ones, end at the first trouble, and are confirmed every so many
messages and at their commit.  A writer's frames go in, the server's answers
come out.

Source: ADR-50 of the NATS project, and what nats-server 2.15.1 answers.
"""

import json
import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

_FRAME = re.compile(rb"(H?PUB) (\S+) (\S+) (?:(\d+) )?(\d+)\r\n")
START, APPEND, COMMIT, COMMIT_EMPTY = range(4)
Answer = tuple[bytes, bytes, bytes]
"""Subject, header and body."""


@dataclass(frozen=True)
class Frame:
    """One publish as the server sees it."""

    subject: bytes
    reply: bytes
    header: bytes
    body: bytes

    @property
    def expected(self) -> int:
        """What the stream must end with before it."""
        found = re.search(rb"Nats-Expected-Last-Sequence: (\d+)\r\n", self.header)
        assert found is not None
        return int(found[1])

    @property
    def batch(self) -> bytes:
        """Id of its batch."""
        return self.reply.split(b".")[-6]

    @property
    def number(self) -> int:
        """Its place in the batch, from 1."""
        return int(self.reply.split(b".")[-3])

    @property
    def operation(self) -> int:
        """What it does to the batch."""
        return int(self.reply.split(b".")[-2])


def frames_of(data: bytes) -> list[Frame]:
    """Take the wire apart; every byte must belong to a frame."""
    frames, position = [], 0
    while position < len(data):
        line = _FRAME.match(data, position)
        assert line is not None, data[position : position + 60]
        begin = line.end()
        body = begin + int(line[4] or 0)
        end = begin + int(line[5])
        assert data[end : end + 2] == b"\r\n"
        frames.append(Frame(line[2], line[3], data[begin:body], data[body:end]))
        position = end + 2
    return frames


@dataclass
class FastIngestServer:
    """A stream that allows fast ingest.

    Attributes:
        granted: messages per confirmation.
        stored: bodies in order; those of others are None.
        batches: open ones, with the number of messages taken.
    """

    granted: int = 3
    stored: list[bytes | None] = field(default_factory=list)
    batches: dict[bytes, int] = field(default_factory=dict)

    def take(self, frame: Frame) -> list[Answer]:
        """Process one publish."""
        return [(frame.reply, b"", json.dumps(answer).encode()) for answer in self._take(frame)]

    def _take(self, frame: Frame) -> list[dict[str, object]]:
        if frame.number == 1:
            return self._open(frame)
        taken = self.batches.get(frame.batch)
        if taken is None:
            return [error(10208)]
        if frame.number != taken + 1:
            gap = {"type": "gap", "last_seq": taken + 1, "seq": frame.number}
            return [gap, self._end(frame, taken)]
        if frame.operation == COMMIT_EMPTY:
            return [self._end(frame, taken)]
        if frame.expected != len(self.stored):
            refusal = {"type": "err", "seq": frame.number, **error(10071)}
            return [refusal, self._end(frame, taken)]
        return self._append(frame)

    def _append(self, frame: Frame) -> list[dict[str, object]]:
        self.stored.append(frame.body)
        self.batches[frame.batch] = frame.number
        if frame.operation == COMMIT:
            return [self._end(frame, frame.number)]
        if frame.number % self.granted == 0:
            return [{"type": "ack", "seq": frame.number, "msgs": self.granted}]
        return []

    def _open(self, frame: Frame) -> list[dict[str, object]]:
        assert frame.batch not in self.batches
        if frame.expected != len(self.stored):
            return [error(10071)]
        self.stored.append(frame.body)
        if frame.operation == COMMIT:
            return [{"stream": "S", "seq": len(self.stored)}]
        assert frame.operation == START
        self.batches[frame.batch] = 1
        opened: dict[str, object] = {"type": "ack", "seq": 0, "msgs": self.granted}
        return [opened, {**opened, "seq": 1}] if self.granted == 1 else [opened]

    def _end(self, frame: Frame, count: int) -> dict[str, object]:
        """Close the batch, whatever for."""
        del self.batches[frame.batch]
        answer = {"stream": "S", "seq": len(self.stored), "count": count}
        return {**answer, "batch": frame.batch.decode()}

    @property
    def ours(self) -> list[bytes]:
        """What the writer stored."""
        return [body for body in self.stored if body is not None]


def error(code: int) -> dict[str, object]:
    """The error of an answer."""
    return {"error": {"code": 400, "err_code": code, "description": "no"}}


class Writer(Protocol):
    """What is driven against the model."""

    def add(self, messages: Sequence[tuple[bytes, bytes, bytes]]) -> None:
        """Accept messages: subject, header lines, body."""

    def take(self, *, idle: bool) -> bytes:
        """Frames to send now."""

    def settle(self) -> bytes:
        """Frames that ask for confirmation."""

    def receive(self, subject: bytes, header: bytes, body: bytes) -> None:
        """Take an answer."""


W = TypeVar("W", bound=Writer)


@dataclass
class FastIngestLine(Generic[W]):
    """A writer, a server, and what is on its way between them."""

    writer: W
    server: FastIngestServer
    outward: deque[Frame] = field(default_factory=deque)
    inward: deque[Answer] = field(default_factory=deque)
    added: list[bytes] = field(default_factory=list)

    def add(self, count: int) -> None:
        """Give the writer so many messages more."""
        for _ in range(count):
            body = b"m%d" % len(self.added)
            self.added.append(body)
            self.writer.add([(b"a.b", b"A: b\r\n", body)])

    def take(self, *, idle: bool) -> list[Frame]:
        """Put on the line what the writer would send now; returns that."""
        frames = frames_of(self.writer.take(idle=idle))
        self.outward += frames
        return frames

    def settle(self) -> None:
        """Let the writer ask for what is unconfirmed."""
        self.outward += frames_of(self.writer.settle())

    def serve(self, count: int = 1 << 30) -> None:
        """Let so many frames reach the server."""
        for _ in range(min(count, len(self.outward))):
            self.inward += self.server.take(self.outward.popleft())

    def hear(self, count: int = 1 << 30) -> None:
        """Let so many answers reach the writer."""
        for _ in range(min(count, len(self.inward))):
            self.writer.receive(*self.inward.popleft())

    def finish(self) -> None:
        """Let everything through."""
        for _ in range(4 * len(self.added) + 8):
            self.take(idle=True)
            self.settle()
            self.serve()
            self.hear()
