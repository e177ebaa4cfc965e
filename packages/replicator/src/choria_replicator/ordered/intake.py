"""What a read of the source brought, made ready for the target.  Pure.

    intake.delivered.append(delivery)      # the sink of the consumer's inbox
    mark = intake.take(newest, moment)     # once for each read: the mark behind it
    writer.add(intake.outgoing())          # what of it is to be copied

Everything that can be looked at once for all messages of a read is: that none
was lost, numbers, sums.  What remains is one loop, the hottest of all.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from choria_core.errors import ChoriaError, WorkError
from choria_core.nats import wire
from choria_replicator.message.header_policy import HeaderPolicy
from choria_replicator.message.provenance import line_template
from choria_replicator.ordered.cursor import Decision, Mark
from choria_replicator.sampling.limiter import Limiter
from choria_replicator.source.pull_window import PullWindow
from choria_replicator.stats import StreamStats
from choria_replicator.target.writer import Outgoing

_HEADER_ROOM_BYTES: Final = 512
"""More than the headers that we add ever take; bodies that leave less are looked at closely."""

_MAX_SUBJECTS: Final = 100_000
"""Remembered results of the subject mapping; beyond it the memory starts anew."""

_FIRST_DELIVERY: Final = b".1"
"""The number of deliveries, at the end of the head of an acknowledgement subject."""

_TOKEN_DOTS: Final = 11
"""Acknowledgement subjects of the newer form have so many, and a random token at their end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """What becomes of the messages.

    Attributes:
        stream, site, worker: the words of the origin header.
        policy: towards headers.
        map_subject: source subject to target subject; raises WorkError where
            the target has no place for it.
        max_payload_bytes: of the target's server.
        header_bytes: size of a copy's whole header block, by its lines and by
            how many messages of the same read go before it.
        limiter: None without sampling.
        copy_from: messages before this source sequence are only sampled.
        counted_to: what those up to this one came to was counted before.
        keeps_replies: each message is acknowledged by itself.
    """

    stream: str
    site: str
    worker: str
    policy: HeaderPolicy
    map_subject: Callable[[str], str]
    max_payload_bytes: int
    header_bytes: Callable[[bytes, int], int]
    limiter: Limiter | None
    copy_from: int
    counted_to: int
    keeps_replies: bool


@dataclass(slots=True)
class _Found:
    """What the deliveries of one read amount to.

    Attributes:
        latest: acknowledgement subject of the last delivery.
        last: the same of the last new message.
        copied: source sequence of the last one to be copied.
        replies: acknowledgement subjects of all new ones, where they are kept.
    """

    latest: bytes = b""
    last: bytes = b""
    copied: bytes = b""
    copied_bytes: int = 0
    skipped: int = 0
    skipped_bytes: int = 0
    replayed: int = 0
    replay_skipped: int = 0
    repeated: int = 0
    decisions: list[Decision] = field(default_factory=list)
    replies: list[bytes] = field(default_factory=list)


class Intake:
    """The reading side of one incarnation.

    Attributes:
        delivered: since the last take.
        pending: messages that the source had behind the last one read.
        first_copied: source sequence of the first message that was to be
            copied; 0 before there was one.
        trouble: why the consumer must be made anew; empty when all is well.
        unfit: set by a message that can never be copied; those before it are
            fine, those behind it are not looked at.
    """

    def __init__(
        self, passage: Passage, window: PullWindow, stats: StreamStats, *, pending: int
    ) -> None:
        self.delivered: list[wire.Delivery] = []
        self.pending = pending
        self.first_copied = 0
        self.trouble = ""
        self.unfit: WorkError | None = None
        self._passage = passage
        self._window = window
        self._stats = stats
        self._line = line_template(stream=passage.stream, site=passage.site, worker=passage.worker)
        self._subjects: dict[bytes, bytes] = {}
        self._outgoing: list[Outgoing] = []
        self._deliveries = 0  # by the consumer's count
        self._first_head = b""  # of the acknowledgement subjects of first deliveries
        self._cuts = 4  # to take such a subject apart

    def outgoing(self) -> list[Outgoing]:
        """What the last take found to be copied, in order."""
        outgoing, self._outgoing = self._outgoing, []
        return outgoing

    def take(self, newest: Mark, moment: float) -> Mark | None:
        """Look at what was delivered.

        Args:
            newest: the mark before.
            moment: local monotonic seconds.

        Returns:
            The mark behind it; None when nothing new was read, or when there
            is trouble.
        """
        first = next((reply for _, reply, _, _ in self.delivered if reply), b"")
        if first and not self._first_head:
            self._learn(first)
        found = self._look(newest.read_sequence)
        self.delivered.clear()
        copied = len(self._outgoing)
        read = copied + found.skipped + found.replayed
        if found.latest and not self._is_complete(found.latest, read + found.repeated):
            self._outgoing.clear()
            return None
        if not found.last:
            return None
        _, sequence, _, nanoseconds, pending = self._fields(found.last)
        self.pending = int(pending)
        mark = Mark(
            published=newest.published + copied,
            read_sequence=int(sequence),
            read_timestamp_ms=int(nanoseconds[:-6]),
            copied_sequence=int(found.copied or newest.copied_sequence),
            published_bytes=newest.published_bytes + found.copied_bytes,
            skipped=newest.skipped + found.skipped + found.replay_skipped,
            skipped_bytes=newest.skipped_bytes + found.skipped_bytes,
            keyless=0 if self._passage.limiter is None else self._passage.limiter.keyless,
            read_messages=newest.read_messages + read,
            oldest_timestamp_ms=int(self._fields(first)[3][:-6]),
            moment=moment,
            decisions=found.decisions,
            replies=found.replies if self._passage.keeps_replies else (found.last,),
        )
        self._stats.read_sequence = mark.read_sequence
        return mark

    def _look(self, read_sequence: int) -> _Found:  # noqa: C901 - one loop, see below
        """Find out what was delivered.

        Every message passes here; calls would cost as much as all the rest.
        """
        found = _Found()
        passage, limiter = self._passage, self._passage.limiter
        copy_from = passage.copy_from if read_sequence + 1 < passage.copy_from else 0
        roomy = passage.max_payload_bytes - _HEADER_ROOM_BYTES
        subjects, line, add = self._subjects, self._line, self._outgoing.append
        first_head, cuts, keeps_replies = self._first_head, self._cuts, passage.keeps_replies
        copied = latest = last = b""
        copied_bytes = 0
        for subject, reply, header, body in self.delivered:
            if not reply:
                self._on_status(header)
                continue
            fields = reply.rsplit(b".", cuts)
            sequence = fields[1]
            if fields[0] != first_head and int(sequence) <= self._sequence_of(last, read_sequence):
                found.repeated += 1  # its first delivery is on its way
                latest = reply
                continue
            timestamp = fields[3][:-6]  # nanoseconds to milliseconds
            value = "" if limiter is None else limiter.admit(body, int(timestamp))
            if copy_from and int(sequence) < copy_from:
                found.replayed += 1  # the target has it; only the limiter had to see it again
                self._count_replayed(found, int(sequence), value, len(body))
            elif value is None:
                found.skipped += 1
                found.skipped_bytes += len(body)
            else:
                try:
                    target = subjects.get(subject) or self._map(subject, sequence)
                    lines = line % (sequence, timestamp)
                    if header:
                        lines += self._lines(header)
                    if len(body) + len(lines) > roomy:
                        self._check_size(lines, body)
                except ChoriaError as error:
                    self.unfit = WorkError(f"source message {sequence.decode()}: {error}")
                    break
                add((target, lines, body))
                copied = sequence
                copied_bytes += len(body)
            if value:
                found.decisions.append((value, int(timestamp), len(body)))
            if keeps_replies:
                found.replies.append(reply)
            latest = last = reply
        found.latest, found.last = latest, last
        found.copied, found.copied_bytes = copied, copied_bytes
        return found

    def _count_replayed(self, found: _Found, sequence: int, value: str | None, size: int) -> None:
        """Count what was sampled away, unless it was counted when it was settled before."""
        passage = self._passage
        if value is None and sequence > passage.counted_to:
            found.replay_skipped += 1
            found.skipped_bytes += size
        elif value == "" and passage.limiter is not None and sequence <= passage.counted_to:
            passage.limiter.keyless -= 1

    def _learn(self, reply: bytes) -> None:
        """Know the acknowledgement subjects of this consumer by its first one.

        Source: ``$JS.ACK.<stream>.<consumer>.<delivered>.<sseq>.<cseq>.<ns>.<pending>``,
        and the newer form with domain and account in front and a token behind (ADR-15).
        """
        self._cuts = 5 if reply.count(b".") >= _TOKEN_DOTS else 4
        head = self._fields(reply)[0]
        self._first_head = head if head.endswith(_FIRST_DELIVERY) else b""

    def _fields(self, reply: bytes) -> list[bytes]:
        """Head, stream sequence, consumer sequence, nanoseconds and pending messages."""
        return reply.rsplit(b".", self._cuts)[:5]

    def _sequence_of(self, reply: bytes, otherwise: int) -> int:
        return int(self._fields(reply)[1]) if reply else otherwise

    def _is_complete(self, latest: bytes, deliveries: int) -> bool:
        """Whether none was lost: the consumer's count goes up by one with each."""
        self._deliveries += deliveries
        self._window.asked -= deliveries
        _, sequence, count, _, _ = self._fields(latest)
        if int(count) == self._deliveries:
            return True
        self.trouble = f"a delivery before source message {int(sequence)} was lost"
        return False

    def _map(self, subject: bytes, sequence: bytes) -> bytes:
        """Where to publish; WorkError where the target has no place."""
        self.first_copied = self.first_copied or int(sequence)
        try:
            target = wire.check_subject(self._passage.map_subject(subject.decode()))
        except UnicodeDecodeError:
            raise WorkError(f"its subject {subject!r} is not UTF-8 text") from None
        if len(self._subjects) >= _MAX_SUBJECTS:
            self._subjects.clear()
        self._subjects[subject] = target
        return target

    def _lines(self, header: bytes) -> bytes:
        lines, dropped = self._passage.policy.apply(header)
        self._stats.dropped_headers += dropped
        return lines

    def _check_size(self, lines: bytes, body: bytes) -> None:
        size = self._passage.header_bytes(lines, len(self._outgoing)) + len(body)
        if size > self._passage.max_payload_bytes:
            raise WorkError(
                f"it has {size} bytes with its headers, the target's max_payload is "
                f"{self._passage.max_payload_bytes}: raise it there, then start again"
            )

    def _on_status(self, header: bytes) -> None:
        self.trouble = self.trouble or self._window.status(header)
