"""One uninterrupted stretch of a pool's worker: from its first pull to trouble or rest.

As in an ordered copy, everything happens inside the reads of two sockets: a read
of the source hands over messages, a read of the target confirmations, and
:meth:`PoolStint.pump` then sends what came of it.  Unlike there, each message
goes its own way: published, confirmed, acknowledged; or refused and given back to
the source, which delivers it again after a delay, to whichever worker asks.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog

from choria_core.errors import ChoriaError, TransportError, WorkError
from choria_core.nats import wire
from choria_core.nats.jetstream import ConsumerInfo
from choria_core.nats.lean_transport import LeanTransport
from choria_replicator.message.header_policy import HeaderPolicy
from choria_replicator.message.provenance import line_template
from choria_replicator.ordered.incarnation import (
    OVERDUE_SECONDS,
    TICK_SECONDS,
    ResyncError,
    complaint_of,
)
from choria_replicator.pool.acks import PoolAcks
from choria_replicator.pool.books import PoolBooks
from choria_replicator.pool.limiter import Pass
from choria_replicator.pool.writer import PoolWriter, Ticket
from choria_replicator.source.pull_window import SILENCE_SECONDS, PullWindow
from choria_replicator.stats import StreamStats
from choria_replicator.target.writer import Answer, Cause, Failure

QUIET_SECONDS: Final = 2 * TICK_SECONDS
"""When told to stop: after so long without a message, none is on its way."""

FAILURES_IN_A_ROW: Final = 64
"""So many failures without a success between them are the target's, not the messages'."""

TOLD_EVERY_SECONDS: Final = 10.0
_MAX_SUBJECTS: Final = 100_000
_PASSING_CODES: Final = frozenset({408, 409, 429})
"""Errors of a busy target, though numbered as if the message were at fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolWiring:
    """What a stint works with.

    Attributes:
        source, target: the worker's own connections.
        consumer: shared by the pool.
        writer, window: made for this stint alone.
        policy: towards headers.
        map_subject: source subject to target subject; raises WorkError where
            the target has no place for it.
        books: shared by the workers of this process.
        stats: of this worker.
        stream, site, worker: the words of the origin header.
        overdue_seconds: without a confirmation.
    """

    source: LeanTransport
    target: LeanTransport
    consumer: ConsumerInfo
    writer: PoolWriter
    window: PullWindow
    policy: HeaderPolicy
    map_subject: Callable[[str], str]
    books: PoolBooks
    stats: StreamStats
    stream: str
    site: str
    worker: str
    overdue_seconds: float = OVERDUE_SECONDS


class PoolStint:
    """Copies until it is told to stop or in trouble.

    Attributes:
        over: done when nothing is left to do after :meth:`close_inbox`; holds the
            error in case of trouble.
        poison: set when the target can never take a message; the stint is then
            to be stopped.
    """

    def __init__(self, wiring: PoolWiring) -> None:
        self._w = wiring
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._log = structlog.get_logger("replicator").bind(entry=wiring.worker)
        self._line = line_template(stream=wiring.stream, site=wiring.site, worker=wiring.worker)
        self._subjects: dict[bytes, bytes] = {}
        self._max_payload = wiring.target.server.max_payload_bytes
        self._waiting: dict[bytes, tuple[int, int]] = {}  # reply: (deliveries, bytes)
        self._acks = PoolAcks()
        self.poison: WorkError | None = None
        self._is_asking, self._is_open, self._is_attached = True, True, True
        self._failures = 0
        self._told = 0.0
        self._now = self._heard = self._progress = time.monotonic()
        self._is_pump_due = False
        inbox = wiring.source.new_inbox()
        self._pull_frame = b"PUB $JS.API.CONSUMER.MSG.NEXT.%b.%b %b.p " % (
            wiring.consumer.stream_name.encode(),
            wiring.consumer.name.encode(),
            inbox.encode(),
        )
        self._inbox = wiring.source.add_sink(f"{inbox}.p", self._on_source)
        self._outbox = wiring.target.add_sink(f"{wiring.writer.inbox}.*", self._on_target)
        wiring.source.after_chunk.append(self.pump)
        wiring.target.after_chunk.append(self.pump)

    @property
    def settled_messages(self) -> int:
        """Acknowledged to the source."""
        return self._acks.settled

    @property
    def unsettled_messages(self) -> int:
        """Read, and neither acknowledged nor given back."""
        return self._w.writer.unconfirmed + len(self._waiting)

    @property
    def is_quiet(self) -> bool:
        """Nothing more is on its way from the source, as far as one can tell."""
        return self._w.window.asked <= 0 or time.monotonic() - self._heard > QUIET_SECONDS

    def stop_asking(self) -> None:
        """Ask for nothing more; what was asked for may still come."""
        self._is_asking = False

    async def close_inbox(self) -> None:
        """Have the source forget what was asked for, and take what is on its way still."""
        if not self._is_open:
            return
        self._is_asking = False
        source = self._w.source
        source.send(wire.unsubscribe(self._inbox.sid))
        with contextlib.suppress(TransportError):
            await source.flush(timeout_seconds=2.0)
        self._is_open = False
        self.pump()

    def detach(self) -> None:
        """Give back all that is unsettled and leave the connections; to be called once."""
        for ticket in self._w.writer.give_up():
            self._w.books.is_unanswered(ticket.sequence)
            self._return_ticket(ticket)
        for reply in tuple(self._waiting):
            self.give_back(reply)
        self._send_acks()
        self._is_attached = False
        self._inbox.end()
        self._outbox.end()
        self._w.source.after_chunk.remove(self.pump)
        self._w.target.after_chunk.remove(self.pump)
        self._w.stats.unconfirmed_messages = 0
        if not self.over.cancel():
            self.over.exception()  # whoever attends has raised it, or something worse

    def fail(self, error: ChoriaError) -> None:
        """End with ``error``; the first one counts."""
        if not self.over.done():
            self.over.set_exception(error)

    def _on_source(self, delivery: wire.Delivery) -> None:
        """Take one message of the source.  The hottest function of all."""
        subject, reply, header, body = delivery
        parts = reply.split(b".")
        if len(parts) == 9:
            delivered, sequence, _, timestamp = parts[4:8]
        elif len(parts) >= 11:
            delivered, sequence, _, timestamp = parts[6:10]
        else:
            self._on_status(header)
            return
        w = self._w
        w.window.asked -= 1
        self._heard = self._now
        deliveries = int(delivered)
        if self.over.done():
            self._refuse(reply, deliveries)
            return
        stats = w.stats
        number = int(sequence)
        stats.read_sequence = max(stats.read_sequence, number)
        timestamp = timestamp[:-6]  # nanoseconds to milliseconds
        passing: Pass | None = None
        if w.books.limiter is not None:
            is_copied, passing = w.books.limiter.admit(body, int(timestamp))
            if not is_copied:
                self._skip(reply, deliveries, len(body), passing)
                return
        ticket = Ticket(number, reply, deliveries, len(body), self._now, passing)
        target = self._subjects.get(subject) or self._map(ticket, subject)
        if not target:
            return
        lines = self._line % (sequence, timestamp) + (self._lines(header) if header else b"")
        if len(body) + 512 + len(lines) > self._max_payload and not self._fits(ticket, lines):
            return
        w.writer.add(ticket, target, lines, body)

    def _skip(self, reply: bytes, deliveries: int, size: int, passing: Pass | None) -> None:
        self._waiting[reply] = (deliveries, size)
        if passing is None:
            self.settle_skipped(reply)
        else:
            passing.waiting.append((self, reply))

    def settle_skipped(self, reply: bytes) -> None:
        """Acknowledge what was sampled away.  See :class:`~.pool_limiter.Waiter`."""
        known = self._waiting.pop(reply, None)
        if known is None:
            return  # given back before
        stats = self._w.stats
        stats.skipped_messages += 1
        stats.skipped_bytes += known[1]
        stats.received_messages += 1
        stats.received_bytes += known[1]
        self._acks.acknowledge(reply)
        self._pump_soon()

    def give_back(self, reply: bytes) -> None:
        """Have what was sampled away delivered again.  See :class:`~.pool_limiter.Waiter`."""
        known = self._waiting.pop(reply, None)
        if known is not None:
            self._refuse(reply, known[0])
            self._pump_soon()

    def _map(self, ticket: Ticket, subject: bytes) -> bytes:
        try:
            target = wire.check_subject(self._w.map_subject(subject.decode()))
        except (ChoriaError, UnicodeDecodeError) as error:
            self._poisoned(ticket, f"source message {ticket.sequence} ({subject!r}): {error}")
            return b""
        if len(self._subjects) >= _MAX_SUBJECTS:
            self._subjects.clear()
        self._subjects[subject] = target
        return target

    def _lines(self, header: bytes) -> bytes:
        lines, dropped = self._w.policy.apply(header)
        self._w.stats.dropped_headers += dropped
        return lines

    def _fits(self, ticket: Ticket, lines: bytes) -> bool:
        size = self._w.writer.header_bytes(ticket.sequence, lines) + ticket.size
        if size > self._max_payload:
            self._poisoned(
                ticket,
                f"source message {ticket.sequence} has {size} bytes with its headers, the "
                f"target's max_payload is {self._max_payload}: raise it there, then start again",
            )
            return False
        return True

    def _on_status(self, header: bytes) -> None:
        self._heard = time.monotonic()
        problem = self._w.window.status(header)
        if problem and self._is_open:
            self.fail(ResyncError(problem))

    def _on_target(self, delivery: wire.Delivery) -> None:
        subject, _, header, body = delivery
        received = self._w.writer.receive(subject, header, body)
        if received is None:
            return
        self._progress = self._now
        ticket, outcome = received
        if isinstance(outcome, Answer):
            self._confirmed(ticket, is_double=outcome.duplicate)
        else:
            self._refused(ticket, outcome)

    def _confirmed(self, ticket: Ticket, *, is_double: bool) -> None:
        stats = self._w.stats
        is_found = self._w.books.was_unanswered(ticket.sequence)
        if is_found or not is_double:
            self._count_copy(ticket)
        stats.processing_count += 1
        stats.processing_seconds_sum += self._now - ticket.moment
        self._failures = 0
        if ticket.deliveries > 1:
            self._w.books.is_taken(ticket.sequence)
        self._acks.acknowledge(ticket.reply)
        if ticket.passing is not None:
            assert self._w.books.limiter is not None
            self._w.books.limiter.confirm(ticket.passing)

    def _count_copy(self, ticket: Ticket) -> None:
        stats = self._w.stats
        stats.copied_messages += 1
        stats.copied_bytes += ticket.size
        stats.received_messages += 1
        stats.received_bytes += ticket.size
        if self._w.books.limiter is not None and ticket.passing is None:
            stats.keyless_messages += 1

    def _refused(self, ticket: Ticket, failure: Failure) -> None:
        """Give one message back, and judge whether there is more to it."""
        self._return_ticket(ticket)
        self._count_failure(f"source message {ticket.sequence}: {failure}")
        if failure.cause is Cause.TOO_LARGE:
            self.poison = WorkError(
                f"the target refuses source message {ticket.sequence}: {failure}; "
                "raise max_msg_size of the target stream, then start again"
            )
        elif failure.cause is Cause.UNHEARD:
            self.fail(ResyncError(str(failure), failure))
        elif (
            400 <= failure.code < 500
            and failure.code not in _PASSING_CODES
            and self._w.books.is_refused_for_good(ticket.sequence)
        ):
            self.poison = WorkError(
                f"the target refuses source message {ticket.sequence}: {failure}"
            )
        elif self._failures >= FAILURES_IN_A_ROW:
            self.fail(ResyncError(str(failure), failure))

    def _poisoned(self, ticket: Ticket, text: str) -> None:
        self._return_ticket(ticket)
        self._w.stats.failed_messages += 1
        self.poison = WorkError(text)

    def _count_failure(self, text: str) -> None:
        self._w.stats.failed_messages += 1
        self._w.stats.last_error = text
        self._failures += 1
        if self._now - self._told > TOLD_EVERY_SECONDS or not self._told:
            self._told = self._now
            self._log.warning("a message was not taken and comes again", cause=text)

    def _return_ticket(self, ticket: Ticket) -> None:
        """Have a message delivered again, and all that relied on it."""
        self._refuse(ticket.reply, ticket.deliveries)
        if ticket.passing is not None:
            assert self._w.books.limiter is not None
            self._w.books.limiter.undo(ticket.passing)

    def _refuse(self, reply: bytes, deliveries: int) -> None:
        self._acks.refuse(reply, deliveries, random.random())  # noqa: S311 - jitter

    def _pump_soon(self) -> None:
        """Pump although no read of ours is at work: another worker's may be."""
        if not self._is_pump_due:
            self._is_pump_due = True
            asyncio.get_running_loop().call_soon(self.pump)

    def pump(self) -> None:
        """Publish, acknowledge, ask: whatever is possible now."""
        self._is_pump_due = False
        if not self._is_attached:
            return
        w = self._w
        self._now = time.monotonic()
        self._send_acks()
        if self.over.done():
            return
        frames = w.writer.take()
        if frames:
            w.target.send(frames)
        w.stats.unconfirmed_messages = w.writer.unconfirmed
        if self._is_asking and self.poison is None:
            self._ask()
        if not self._is_open and not self.unsettled_messages:
            self.over.set_result(None)

    def _send_acks(self) -> None:
        if not self._w.source.is_connected:
            self._w.stats.ack_failures += self._acks.unsent
        frames = self._acks.take()
        if frames:
            self._w.source.send(frames)

    def _ask(self) -> None:
        bodies = self._w.window.requests(
            unsettled_messages=self.unsettled_messages,
            unsettled_bytes=self._w.writer.unconfirmed_bytes,
        )
        if bodies:
            frames = [b"%b%d\r\n%b\r\n" % (self._pull_frame, len(b), b) for b in bodies]
            self._w.source.send(b"".join(frames))

    def tick(self) -> None:
        """Notice what does not happen; to be called every ``TICK_SECONDS``."""
        if self.over.done():
            return
        now = self._now = time.monotonic()
        overdue = self._w.overdue_seconds
        if self._w.writer.unconfirmed == 0:
            self._progress = now
        elif now - self._progress > overdue:
            silence = f"the target has confirmed nothing for {overdue:.2g} s"
            self.fail(ResyncError(silence + complaint_of(self._w.target)))
            return
        for ticket in self._w.writer.give_up(before=now - overdue):
            self._w.books.is_unanswered(ticket.sequence)
            self._return_ticket(ticket)
            self._count_failure(f"source message {ticket.sequence}: no answer in {overdue:g} s")
        if self._w.window.asked > 0 and self._is_open and now - self._heard > SILENCE_SECONDS:
            self.fail(ResyncError(f"the source has been silent for {SILENCE_SECONDS:g} s"))
        self.pump()
