"""One uninterrupted stretch of an ordered copy: from a position to the first trouble.

Everything here happens inside the reads of two sockets.  A read of the source
hands over its messages one by one and then calls :meth:`Incarnation.pump`; a
read of the target hands the writer its answers and calls ``pump`` too.  ``pump``
is the only place where things move on: what is confirmed is settled, what may
go is sent, what there is room for is asked.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from choria_core.errors import ChoriaError, TransportError, WorkError
from choria_core.nats import wire
from choria_core.nats.jetstream import ConsumerInfo
from choria_core.nats.lean_transport import LeanTransport
from choria_replicator.message.header_policy import HeaderPolicy
from choria_replicator.message.provenance import HEADER, header_ends
from choria_replicator.ordered.cursor import Cursor, Decision, Mark
from choria_replicator.sampling.limiter import Limiter
from choria_replicator.source.pull_window import SILENCE_SECONDS, PullWindow
from choria_replicator.stats import StreamStats
from choria_replicator.target.writer import Failure, Writer

TICK_SECONDS: Final = 0.1
OVERDUE_SECONDS: Final = 5.0
"""Some seconds without any confirmation, while some are awaited, mean that none will come."""

_HEADER_ROOM_BYTES: Final = 512
"""More than the headers that we add ever take; bodies that leave less are looked at closely."""

_MAX_SUBJECTS: Final = 100_000
"""Remembered results of the subject mapping; beyond it the memory starts anew."""


class ResyncError(TransportError):
    """The copy must go back to the target's tail.

    Attributes:
        failure: what the writer met; None when the trouble lies elsewhere.
    """

    def __init__(self, text: str, failure: Failure | None = None) -> None:
        super().__init__(text)
        self.failure = failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """What an incarnation works with.

    Attributes:
        source, target: the connections.
        consumer: made for this incarnation alone.
        writer: made for this incarnation alone.
        window: how much may be asked of the source.
        policy: towards headers.
        map_subject: source subject to target subject; raises WorkError where
            the target has no place for it.
        limiter: None without sampling.
        stats: counted into.
        stream, site, worker: the words of the origin header.
        copy_from: messages before this source sequence are only sampled.
        explicit: each message is acknowledged by itself.
        holds_acks: nothing is acknowledged before :meth:`Incarnation.take_acks`
            hands it out.
        until: with ``once``, a source sequence behind which it may end.
        once: end when the source has nothing more.
        overdue_seconds: without a confirmation.
    """

    source: LeanTransport
    target: LeanTransport
    consumer: ConsumerInfo
    writer: Writer
    window: PullWindow
    policy: HeaderPolicy
    map_subject: Callable[[str], str]
    limiter: Limiter | None
    stats: StreamStats
    stream: str
    site: str
    worker: str
    copy_from: int
    explicit: bool = False
    holds_acks: bool = False
    once: bool = False
    until: int = 0
    overdue_seconds: float = OVERDUE_SECONDS


class Incarnation:
    """Copies until it is done, told to stop, or in trouble.

    Attributes:
        over: done when finished; holds the error in case of trouble.
        first_copied: source sequence of the first message given to the writer;
            0 before there was one.
    """

    def __init__(self, wiring: Wiring, frontier: Mark) -> None:
        self._w = wiring
        self._cursor = Cursor(frontier)
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.first_copied = 0
        self._stopping = False
        self._unfit: WorkError | None = None
        first, self._origin_end = header_ends(
            stream=wiring.stream, site=wiring.site, worker=wiring.worker
        )
        self._origin_begin = first.removeprefix(f"{HEADER}: ".encode())
        self._subjects: dict[bytes, bytes] = {}
        self._max_payload = wiring.target.server.max_payload_bytes
        self._roomy = self._max_payload - _HEADER_ROOM_BYTES
        self._limiter = wiring.limiter
        self._explicit = wiring.explicit
        self._copy_from = wiring.copy_from
        self._add = wiring.writer.add
        self._trailing_fields = 0  # of an acknowledgement subject behind those we want
        self._consumer_sequence = 0
        self._pending = b"%d" % wiring.consumer.num_pending
        self._read_sequence = frontier.read_sequence
        self._copied_sequence = frontier.copied_sequence
        self._first_reply = self._reply = b""
        # since the last mark:
        self._new = self._new_bytes = self._replayed = 0
        self._skipped = self._skipped_bytes = 0
        self._decisions: list[Decision] = []
        self._replies: list[bytes] = []
        self._acks: list[bytes] = []
        self._acknowledged_messages = frontier.read_messages
        self._heard = self._progress = time.monotonic()
        self._confirmed = 0
        inbox = wiring.source.new_inbox()
        self._pull_frame = b"PUB $JS.API.CONSUMER.MSG.NEXT.%b.%b %b.p " % (
            wiring.consumer.stream_name.encode(),
            wiring.consumer.name.encode(),
            inbox.encode(),
        )
        self._subscriptions = [
            wiring.source.add_sink(f"{inbox}.p", self._on_source),
            wiring.target.add_sink(f"{wiring.writer.inbox}.>", self._on_target),
        ]
        wiring.source.after_chunk.append(self.pump)
        wiring.target.after_chunk.append(self.pump)

    @property
    def frontier(self) -> Mark:
        """Up to where all is settled."""
        return self._cursor.frontier

    @property
    def confirmed_messages(self) -> int:
        """Messages that the target has confirmed."""
        return self._w.writer.confirmed

    @property
    def unconfirmed_messages(self) -> int:
        """Messages sent and not confirmed."""
        return self._w.writer.unconfirmed

    @property
    def heard_seconds_ago(self) -> float:
        """Since the source sent anything."""
        return time.monotonic() - self._heard

    @property
    def holds_many_acks(self) -> bool:
        """So many that the source might soon deliver nothing more."""
        held = self.frontier.read_messages - self._acknowledged_messages
        return held > self._w.window.max_messages // 4

    def take_acks(self) -> bytes:
        """Frames that acknowledge to the source what is settled; each is handed out once."""
        acks, self._acks = self._acks, []
        self._acknowledged_messages = self.frontier.read_messages
        return b"".join([b"PUB %b 0\r\n\r\n" % reply for reply in acks])

    @property
    def is_settled(self) -> bool:
        """Nothing read is waiting for anything."""
        return not (self._new or self._cursor.unsettled_messages or self._w.writer.held)

    @property
    def pending_messages(self) -> int:
        """What the source had behind the last message read."""
        return int(self._pending)

    @property
    def unsettled_messages(self) -> int:
        """Read and not settled."""
        return self._cursor.unsettled_messages + self._new

    @property
    def oldest_unsettled_ms(self) -> int:
        """Source time of the oldest of them; 0 when there is none."""
        return self._cursor.oldest_unsettled_ms

    def told_pending(self, messages: int) -> None:
        """The source says how much it has behind what it delivered."""
        self._pending = b"%d" % messages
        self.pump()

    def stop_reading(self) -> None:
        """Ask for nothing more; what was read is still finished."""
        self._stopping = True
        self.pump()

    def detach(self) -> None:
        """Leave the connections; to be called once, whatever happened."""
        for subscription in self._subscriptions:
            subscription.end()
        self._w.source.after_chunk.remove(self.pump)
        self._w.target.after_chunk.remove(self.pump)
        if not self.over.done():
            self.over.cancel()
        elif not self.over.cancelled():
            self.over.exception()  # whoever leaves early does not want to know it

    def fail(self, error: ChoriaError) -> None:
        """End with ``error``; the first one counts."""
        if not self.over.done():
            self.over.set_exception(error)
        for subscription in self._subscriptions:
            subscription.end()  # the rest of this read is not for us any more

    def _on_target(self, subject: bytes, _reply: bytes, header: bytes, body: bytes) -> None:
        self._w.writer.receive(subject, header, body)

    def _on_source(  # noqa: C901 - one call a message; another would cost as much as this
        self, subject: bytes, reply: bytes, header: bytes, body: bytes
    ) -> None:
        """Take one message of the source.  The hottest function of all: one call each."""
        if not reply:
            self._on_status(header)
            return
        _, sequence, consumer_sequence, timestamp, _ = self._fields(reply)
        self._w.window.asked -= 1
        number = int(sequence)
        self._consumer_sequence += 1
        if int(consumer_sequence) != self._consumer_sequence:
            self.fail(ResyncError(f"a delivery before source message {number} was lost"))
            return
        if number <= self._read_sequence:
            return  # delivered again: its first delivery is on its way
        size = len(body)
        timestamp = timestamp[:-6]  # nanoseconds to milliseconds
        value: str | None = ""
        if self._limiter is not None:
            value = self._limiter.admit(body, int(timestamp))
        if number < self._copy_from:
            self._replayed += 1  # the target has it; only the limiter had to see it again
        elif value is None:
            self._skipped += 1
            self._skipped_bytes += size
            self._new_bytes += size
        else:
            origin = self._origin_begin + sequence + self._origin_end + timestamp
            try:
                target = self._subjects.get(subject) or self._map(subject, number)
                lines = self._lines(header) if header else b""
                if size + len(lines) > self._roomy:
                    self._check_size(origin, lines, body)
            except ChoriaError as error:
                self._end_before(number, error)
                return
            self._add(target, origin, lines, body)
            self._copied_sequence = number
            self._new_bytes += size
        if value:
            self._decisions.append((value, int(timestamp), size))
        if self._explicit:
            self._replies.append(reply)
        if not self._new:
            self._first_reply = reply
        self._new += 1
        self._read_sequence = number
        self._reply = reply

    def _fields(self, reply: bytes) -> list[bytes]:
        """Head, stream sequence, consumer sequence, nanoseconds and pending messages.

        Source: ``$JS.ACK.<stream>.<consumer>.<delivered>.<sseq>.<cseq>.<ns>.<pending>``,
        and the newer form with domain and account in front and a token behind (ADR-15).
        """
        if not self._new:
            self._trailing_fields = int(reply.count(b".") >= 11)
        if self._trailing_fields:
            reply = reply[: reply.rindex(b".")]
        return reply.rsplit(b".", 4)

    def _map(self, subject: bytes, number: int) -> bytes:
        """Where to publish; WorkError where the target has no place."""
        self.first_copied = self.first_copied or number
        try:
            target = wire.check_subject(self._w.map_subject(subject.decode()))
        except UnicodeDecodeError:
            raise WorkError(f"its subject {subject!r} is not UTF-8 text") from None
        if len(self._subjects) >= _MAX_SUBJECTS:
            self._subjects.clear()
        self._subjects[subject] = target
        return target

    def _end_before(self, number: int, error: ChoriaError) -> None:
        """Finish what was read before a message that cannot be copied, then fail."""
        self._unfit = WorkError(f"source message {number}: {error}")
        self._stopping = True
        self._subscriptions[0].end()

    def _lines(self, header: bytes) -> bytes:
        lines, dropped = self._w.policy.apply(header)
        self._w.stats.dropped_headers += dropped
        return lines

    def _check_size(self, origin: bytes, lines: bytes, body: bytes) -> None:
        size = self._w.writer.header_bytes(origin, lines) + len(body)
        if size > self._max_payload:
            raise WorkError(
                f"it has {size} bytes with its headers, the target's max_payload is "
                f"{self._max_payload}: raise it there, then start again"
            )

    def _on_status(self, header: bytes) -> None:
        self._heard = time.monotonic()
        problem = self._w.window.status(header)
        if problem:
            self.fail(ResyncError(problem))

    def pump(self) -> None:
        """Settle, send, ask: whatever is possible now."""
        if self.over.done():
            return
        writer = self._w.writer
        if self._new:
            self._leave_mark()
        if writer.failure is not None:
            self.fail(ResyncError(str(writer.failure), writer.failure))
            return
        before = self._cursor.frontier
        settled = self._cursor.confirm(writer.confirmed)
        if settled:
            self._settle(before, settled)
        frames = writer.take(idle=self._nothing_at_hand())
        if frames:
            self._w.target.send(frames)
        if not self._stopping:
            self._ask()
        if self._is_finished():
            if self._unfit is None:
                self.over.set_result(None)
            else:
                self.over.set_exception(self._unfit)

    def tick(self) -> None:
        """Notice what does not happen; to be called every :data:`TICK_SECONDS`."""
        if self.over.done():
            return
        now = time.monotonic()
        writer = self._w.writer
        waiting = writer.unconfirmed + writer.held
        if writer.confirmed != self._confirmed or not waiting:
            self._confirmed = writer.confirmed
            self._progress = now
        elif now - self._progress > self._w.overdue_seconds:
            self.fail(
                ResyncError(
                    f"the target has confirmed nothing for {self._w.overdue_seconds:g} s, "
                    f"{waiting} messages wait for it"
                )
            )
            return
        if now - self._heard > TICK_SECONDS / 2:
            self._w.target.send(writer.settle())
        if self._w.window.asked > 0 and now - self._heard > SILENCE_SECONDS:
            self.fail(ResyncError(f"the source has been silent for {SILENCE_SECONDS:g} s"))

    def _nothing_at_hand(self) -> bool:
        return self._pending == b"0" or self._stopping or self._w.window.asked <= 0

    def _is_finished(self) -> bool:
        if not self.is_settled:
            return False
        done = self._pending == b"0" or 0 < self._w.until <= self._read_sequence
        return self._stopping or (self._w.once and done)

    def _leave_mark(self) -> None:
        self._heard = time.monotonic()
        before, new = self._cursor.newest, self._new
        _, _, _, timestamp, pending = self._fields(self._reply)
        received = new - self._replayed
        self._pending = pending
        self._cursor.leave(
            Mark(
                published=before.published + received - self._skipped,
                read_sequence=self._read_sequence,
                read_timestamp_ms=int(timestamp[:-6]),
                copied_sequence=self._copied_sequence,
                published_bytes=before.published_bytes + self._new_bytes - self._skipped_bytes,
                read_messages=before.read_messages + new,
                oldest_timestamp_ms=int(self._fields(self._first_reply)[3][:-6]),
                moment=self._heard,
                decisions=self._decisions,
                replies=self._replies if self._explicit else (self._reply,),
            )
        )
        self._count(received)
        self._new = self._new_bytes = self._replayed = self._skipped = self._skipped_bytes = 0
        self._decisions = []
        self._replies = []

    def _count(self, received: int) -> None:
        stats = self._w.stats
        stats.read_sequence = self._read_sequence
        stats.received_messages += received
        stats.received_bytes += self._new_bytes
        stats.skipped_messages += self._skipped
        stats.skipped_bytes += self._skipped_bytes
        if self._limiter is not None:
            stats.keyless_messages = self._limiter.keyless
            stats.limiter_passed = self._limiter.passed

    def _settle(self, before: Mark, marks: list[Mark]) -> None:
        now = time.monotonic()
        stats = self._w.stats
        frontier = marks[-1]
        stats.copied_messages += frontier.published - before.published
        stats.copied_bytes += frontier.published_bytes - before.published_bytes
        stats.frontier_sequence = frontier.read_sequence
        read = before.read_messages
        for mark in marks:
            stats.processing_seconds_sum += (now - mark.moment) * (mark.read_messages - read)
            read = mark.read_messages
        stats.processing_count += read - before.read_messages
        limiter = self._w.limiter
        if limiter is not None:
            for mark in marks:
                for value, timestamp_ms, size in mark.decisions:
                    limiter.confirm(value, timestamp_ms, size)
        if self._explicit:
            self._acks += [reply for mark in marks for reply in mark.replies]
        else:
            self._acks = list(frontier.replies)  # which stand for all before
        if not self._w.holds_acks:
            self._w.source.send(self.take_acks())

    def _ask(self) -> None:
        bodies = self._w.window.requests(
            unsettled_messages=self._cursor.unsettled_messages,
            unsettled_bytes=self._cursor.unconfirmed_bytes,
        )
        if bodies:
            frames = [b"%b%d\r\n%b\r\n" % (self._pull_frame, len(b), b) for b in bodies]
            self._w.source.send(b"".join(frames))
