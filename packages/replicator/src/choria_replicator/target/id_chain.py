"""Write by a chain of message ids, for servers without fast ingest.  Pure.

Each message carries an id of its own and names the id that must be the
target's last.  The first of an incarnation names the target's last sequence
instead.  When anything else is stored in between, the chain is broken for good:
no later message finds the id it names.  A chain of sequences would not do, as a
foreign message takes the number of a refused one and the next fits again.

Ids are never used again, not even for the same message: the target would take
a second copy within its duplicate window for a double and store nothing.

A confirmation is asked for the first message, as only its own answer says why
it was refused, for every ``ask_every``-th, and for the last of what is sent
together.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final

from choria_core.nats import wire
from choria_replicator.target.writer import Cause, Failure, Outgoing, read_answer

_FIRST: Final = b"Nats-Expected-Last-Sequence: %d"
_HEADER: Final = b"NATS/1.0\r\nNats-Msg-Id: %b%d\r\n%b\r\n%b\r\n"
_FRAME: Final = (
    b"HPUB %%b %%b %%d %%d\r\nNATS/1.0\r\n"
    b"Nats-Msg-Id: %b%%d\r\nNats-Expected-Last-Msg-Id: %b%%d\r\n%%b\r\n"
)
"""Of every message but the first; the body follows."""

_FRAME_HEADER_BYTES: Final = len(
    b"NATS/1.0\r\nNats-Msg-Id: \r\nNats-Expected-Last-Msg-Id: \r\n\r\n"
)


class IdChain:
    """One incarnation: a chain behind one tail."""

    name = "message-id chain"

    def __init__(
        self,
        *,
        inbox: str,
        incarnation: str,
        last_sequence: int,
        ask_every: int = 200,
        max_unconfirmed: int = 8_000,
    ) -> None:
        """Begin behind the target's ``last_sequence``.

        Args:
            inbox: subject below which answers arrive; subscribe to ``inbox.>``.
            incarnation: unlike that of any other incarnation.
            last_sequence: of the target stream.
            ask_every: messages between two confirmations.
            max_unconfirmed: messages sent and not confirmed; servers drop what
                overflows their queue of 10,000.
        """
        self.inbox = inbox
        self.confirmed = 0
        self.failure: Failure | None = None
        self._first_sequence = last_sequence
        self._prefix = f"{incarnation}.".encode()
        self._reply = f"{inbox}.{incarnation}.".encode()
        self._ask_every = ask_every
        self._max_unconfirmed = max_unconfirmed
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
        expected = _FIRST % self._first_sequence
        if number > 1:
            expected = b"Nats-Expected-Last-Msg-Id: %b%d" % (self._prefix, number - 1)
        return _HEADER % (self._prefix, number, expected, lines)

    def add(self, messages: Sequence[Outgoing]) -> None:
        """Accept the next messages."""
        self._waiting.extend(messages)

    def take(self, *, idle: bool) -> bytes:  # noqa: ARG002 - a chain needs no commit
        """Frames that the bound on unconfirmed messages lets go now."""
        waiting = self._waiting
        if not waiting or self.failure is not None:
            return b""
        stop = min(self._sent + len(waiting), self.confirmed + self._max_unconfirmed)
        pieces: list[bytes] = []
        if not self._sent and stop:
            self._put_first(pieces)
        self._put_linked(pieces, stop)
        return b"".join(pieces)

    def _put_first(self, pieces: list[bytes]) -> None:
        subject, lines, body = self._waiting.popleft()
        header = self._header(1, lines)
        pieces.append(wire.publish(subject, self._reply + b"1", header, body))
        self._sent = 1

    def _put_linked(self, pieces: list[bytes], stop: int) -> None:
        """Add the frames up to message ``stop``.  Nearly every message passes this loop."""
        escaped = self._prefix.replace(b"%", b"%%")
        frame = _FRAME % (escaped, escaped)
        take, put = self._waiting.popleft, pieces.append
        every = self._ask_every
        digits = len(str(self._sent))
        longer_from = 10**digits
        fixed_bytes = _FRAME_HEADER_BYTES + 2 * (len(self._prefix) + digits)
        for number in range(self._sent + 1, stop + 1):
            subject, lines, body = take()
            if number == longer_from:
                fixed_bytes += 1
            elif number == longer_from + 1:
                fixed_bytes += 1
                longer_from *= 10
            reply = b""
            if number % every == 0 or number == stop:
                reply = b"%b%d" % (self._reply, number)
            size = fixed_bytes + len(lines)
            put(frame % (subject, reply, size, size + len(body), number, number - 1, lines))
            put(body)
            put(wire.CRLF)
        self._sent = max(self._sent, stop)

    def settle(self) -> bytes:
        """Nothing to send: the last message of all that was sent was asked for."""
        return b""

    def receive(self, subject: bytes, header: bytes, body: bytes) -> None:
        """Take the confirmation or refusal of one message."""
        incarnation_dot, _, number_text = subject.rpartition(b".")
        if self.failure is not None or incarnation_dot + b"." != self._reply:
            return
        number = int(number_text)
        answer = read_answer(header, body)
        if isinstance(answer, Failure):
            self.failure = answer
        elif answer.duplicate or answer.seq != self._first_sequence + number:
            self.failure = Failure(
                Cause.CONFLICT,
                f"message {number} of the chain is at sequence {answer.seq} "
                f"instead of {self._first_sequence + number}",
            )
        else:
            self.confirmed = max(self.confirmed, number)
