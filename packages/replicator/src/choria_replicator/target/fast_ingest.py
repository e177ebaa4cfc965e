"""Write by fast-ingest batches in ``fail`` mode.  Pure.

Every message says which sequence the target must have reached before it, and
its place in a batch that ends at the first refusal: what comes behind is not
stored, whatever anyone else writes meanwhile.  The server confirms every few
hundred messages and sets that number itself; we keep no more of its
confirmations outstanding than ``outstanding`` says.

A batch is opened by its first message and must be answered before more is
sent.  It is committed when nothing more is at hand; the next one waits for the
commit's confirmation, so that a refused end of one batch can never be followed
by a beginning that happens to fit.  A slow stream is a row of batches of one.

The reply subject carries the batch: ``<inbox>.<id>.<flow>.fail.<n>.<operation>.$FI``.

Source: ADR-50 of the NATS project, "Fast-ingest Batch Publishing"; needs
nats-server 2.14 and ``allow_batched`` on the stream.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final

from choria_core.nats.wire import CRLF
from choria_replicator.target.writer import Answer, Cause, Failure, Outgoing, read_answer

MAX_FLOW: Final = 500
"""Messages per confirmation that we allow; servers grant at most as many."""

_HEADER: Final = b"NATS/1.0\r\nNats-Expected-Last-Sequence: %d\r\n%b\r\n"
_HEADER_BYTES: Final = len(_HEADER % (0, b"")) - 1
_FRAME: Final = b"HPUB %%b %b%%d.%d.$FI %%d %%d\r\n" + _HEADER.replace(b"%", b"%%")
"""Of all messages of a batch with one operation; the body follows."""

_START, _APPEND, _COMMIT, _COMMIT_EMPTY = range(4)


class FastIngest:
    """One incarnation: a row of batches behind one tail."""

    name = "fast ingest"

    def __init__(
        self, *, inbox: str, incarnation: str, last_sequence: int, outstanding: int = 4
    ) -> None:
        """Begin behind the target's ``last_sequence``.

        Args:
            inbox: subject below which answers arrive; subscribe to ``inbox.>``.
            incarnation: unlike that of any other incarnation; at most 40 characters.
            last_sequence: of the target stream.
            outstanding: confirmations of the server that may be on their way.
        """
        self.inbox = inbox
        self.outstanding = outstanding
        self.confirmed = 0
        self.failure: Failure | None = None
        self._first_sequence = last_sequence
        self._incarnation = incarnation
        self._waiting: deque[Outgoing] = deque()
        self._last_subject = b""
        self._batches = 0
        self._base = 0  # messages in the batches before the current one
        self._sent = 0  # messages of the current batch that were sent
        self._limit = 1  # how many may be
        self._is_open = False  # the opening was answered
        self._closing = False
        self._reply = b""
        self._begin()

    def _begin(self) -> None:
        """Prepare the next batch; nothing is sent before a message comes."""
        self._batches += 1
        self._base += self._sent
        self._sent = 0
        self._limit = 1
        self._is_open = False
        self._closing = False
        self._batch = f"{self._incarnation}-{self._batches}".encode()
        self._reply = b"%b.%b.%d.fail." % (self.inbox.encode(), self._batch, MAX_FLOW)

    @property
    def held(self) -> int:
        """Messages added and not sent yet."""
        return len(self._waiting)

    @property
    def unconfirmed(self) -> int:
        """Messages sent and not confirmed."""
        return self._base + self._sent - self.confirmed

    def header_bytes(self, lines: bytes, ahead: int = 0) -> int:
        """See :class:`~choria_replicator.target.writer.Writer`."""
        expected = self._first_sequence + self._base + self._sent + len(self._waiting) + ahead
        return _HEADER_BYTES + len(str(expected)) + len(lines)

    def add(self, messages: Sequence[Outgoing]) -> None:
        """Accept the next messages."""
        self._waiting.extend(messages)

    def take(self, *, idle: bool) -> bytes:
        """Frames that flow control lets go now."""
        count = min(self._limit - self._sent, len(self._waiting))
        if count <= 0 or self._closing or self.failure is not None:
            return b""
        pieces: list[bytes] = []
        self._closing = idle and count == len(self._waiting)
        self._put(pieces, count - self._closing, _APPEND if self._sent else _START)
        if self._closing:
            self._put(pieces, 1, _COMMIT)
        return b"".join(pieces)

    def _put(self, pieces: list[bytes], count: int, operation: int) -> None:
        """Add the frames of the next ``count`` messages.  Every message passes this loop."""
        frame = _FRAME % (self._reply.replace(b"%", b"%%"), operation)
        sequence = self._first_sequence + self._base + self._sent
        fixed_bytes = _HEADER_BYTES + len(str(sequence))
        longer_from = 10 ** len(str(sequence))
        take, put = self._waiting.popleft, pieces.append
        subject = b""
        for number in range(self._sent + 1, self._sent + 1 + count):
            subject, lines, body = take()
            if sequence == longer_from:
                fixed_bytes += 1
                longer_from *= 10
            size = fixed_bytes + len(lines)
            put(frame % (subject, number, size, size + len(body), sequence, lines))
            put(body)
            put(CRLF)
            sequence += 1
        self._last_subject = subject or self._last_subject
        self._sent += count

    def settle(self) -> bytes:
        """Commit the open batch without a further message.

        Also where all of it is confirmed: the server forgets an idle batch
        without a word, and would refuse what follows.
        """
        if self._closing or self._waiting or self.failure is not None or not self._is_open:
            return b""
        self._closing = True
        return b"PUB %b %b%d.%d.$FI 0\r\n\r\n" % (
            self._last_subject,
            self._reply,
            self._sent + 1,
            _COMMIT_EMPTY,
        )

    def receive(self, subject: bytes, header: bytes, body: bytes) -> None:
        """Take a flow message, an error, or the confirmation of a commit."""
        if self.failure is not None or subject.split(b".")[-6:-5] != [self._batch]:
            return  # of a batch that is settled already
        answer = read_answer(header, body)
        if isinstance(answer, Failure):
            self.failure = answer
        elif answer.type == "ack":
            self._is_open = True
            self.confirmed = max(self.confirmed, self._base + min(answer.seq, self._sent))
            self._limit = max(self._limit, answer.seq + answer.msgs * self.outstanding)
        elif answer.type == "gap":
            self.failure = Failure(
                Cause.LOST, f"batch message {answer.last_seq} did not reach the target"
            )
        elif answer.type == "":
            self._committed(answer)

    def _committed(self, answer: Answer) -> None:
        stored = answer.count or 1
        expected = self._first_sequence + self._base + self._sent
        if not self._closing or stored != self._sent or answer.seq != expected:
            self.confirmed = max(self.confirmed, self._base + min(stored, self._sent))
            self.failure = Failure(
                Cause.LOST,
                f"the batch ended at message {stored} of {self._sent}, "
                f"the target at sequence {answer.seq} instead of {expected}",
            )
            return
        self.confirmed = self._base + self._sent
        self._begin()
