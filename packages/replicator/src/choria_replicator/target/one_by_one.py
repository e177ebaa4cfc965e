"""Write one message at a time, to streams that several servers keep.  Pure.

Each message says which sequence the target must have reached, and goes when the
one before it is confirmed: nothing can be stored behind a refused one, as nothing
is on its way behind it.  That costs a round trip for each message.

A message-id chain must not be used there.  Servers from 2.14 on look at its links
only when their cluster has agreed to store the message, take a broken link for a
damaged store, and all replicas give the stream up for good: seen with nats-server
2.15.1, also over its restart.  The change of a leader in mid-copy is enough, for
what the old one dropped breaks the chain.  A cluster that is being upgraded has
servers of both kinds, so the release that we are connected to says nothing.
An unexpected sequence is refused before the cluster hears of the message.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final

from choria_core.nats import wire
from choria_replicator.target.writer import Cause, Failure, Outgoing, read_answer

_HEADER: Final = b"NATS/1.0\r\nNats-Expected-Last-Sequence: %d\r\n%b\r\n"


class OneByOne:
    """One incarnation: messages behind one tail."""

    name = "one message at a time"

    def __init__(self, *, inbox: str, incarnation: str, last_sequence: int) -> None:
        """Begin behind the target's ``last_sequence``.

        Args:
            inbox: subject below which answers arrive; subscribe to ``inbox.>``.
            incarnation: unlike that of any other incarnation.
            last_sequence: of the target stream.
        """
        self.inbox = inbox
        self.confirmed = 0
        self.failure: Failure | None = None
        self._first_sequence = last_sequence
        self._reply = f"{inbox}.{incarnation}.".encode()
        self._waiting: deque[Outgoing] = deque()
        self._sent = 0

    @property
    def held(self) -> int:
        """Messages added and not sent yet."""
        return len(self._waiting)

    @property
    def unconfirmed(self) -> int:
        """Messages sent and not confirmed."""
        return self._sent - self.confirmed

    def header_bytes(self, lines: bytes, ahead: int = 0) -> int:
        """See :class:`~choria_replicator.target.writer.Writer`."""
        return len(self._header(self._sent + len(self._waiting) + ahead + 1, lines))

    def _header(self, number: int, lines: bytes) -> bytes:
        """The header block of message ``number``, counted from 1."""
        return _HEADER % (self._first_sequence + number - 1, lines)

    def add(self, messages: Sequence[Outgoing]) -> None:
        """Accept the next messages."""
        self._waiting.extend(messages)

    def take(self, *, idle: bool) -> bytes:  # noqa: ARG002 - there is no batch to end
        """The next message, if none is on its way."""
        if self.unconfirmed or not self._waiting or self.failure is not None:
            return b""
        subject, lines, body = self._waiting.popleft()
        self._sent += 1
        reply = b"%b%d" % (self._reply, self._sent)
        return wire.publish(subject, reply, self._header(self._sent, lines), body)

    def settle(self) -> bytes:
        """Nothing to send: every message is asked for."""
        return b""

    def receive(self, subject: bytes, header: bytes, body: bytes) -> None:
        """Take the confirmation or refusal of the message on its way."""
        if self.failure is not None or subject != b"%b%d" % (self._reply, self._sent):
            return
        answer = read_answer(header, body)
        expected = self._first_sequence + self._sent
        if isinstance(answer, Failure):
            self.failure = answer
        elif answer.seq != expected:
            self.failure = Failure(
                Cause.CONFLICT,
                f"message {self._sent} is at sequence {answer.seq} instead of {expected}",
            )
        else:
            self.confirmed = self._sent
