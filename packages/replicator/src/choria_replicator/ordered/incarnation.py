"""One uninterrupted stretch of an ordered copy: from a position to the first trouble.

Everything here happens inside the reads of two sockets.  A read of the source
leaves its messages with the intake and then calls :meth:`Incarnation.pump`; a
read of the target hands the writer its answers and calls ``pump`` too.  ``pump``
is the only place where things move on: what is confirmed is settled, what may
go is sent, what there is room for is asked.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from choria_core.errors import ChoriaError, TransportError
from choria_core.nats import wire
from choria_core.nats.jetstream import ConsumerInfo
from choria_core.nats.lean_transport import LeanTransport
from choria_replicator.ordered.cursor import Cursor, Mark
from choria_replicator.ordered.intake import Intake, Passage
from choria_replicator.ordered.tally import count_settled
from choria_replicator.source.pull_window import SILENCE_SECONDS, PullWindow
from choria_replicator.stats import StreamStats
from choria_replicator.target.writer import Failure, Writer

TICK_SECONDS: Final = 0.1
OVERDUE_SECONDS: Final = 5.0
"""Some seconds without any confirmation, while some are awaited, mean that none will come."""


def complaint_of(transport: LeanTransport) -> str:
    """What its server forbade last, to end a message with."""
    return f"; the server says: {transport.complaint}" if transport.complaint else ""


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
        passage: what becomes of the messages.
        stats: counted into.
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
    passage: Passage
    stats: StreamStats
    holds_acks: bool = False
    once: bool = False
    until: int = 0
    overdue_seconds: float = OVERDUE_SECONDS


class Incarnation:
    """Copies until it is done, told to stop, or in trouble.

    Attributes:
        over: done when finished; holds the error in case of trouble.
    """

    def __init__(self, wiring: Wiring, frontier: Mark) -> None:
        self._w = wiring
        self._cursor = Cursor(frontier)
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._stopping = False
        self._intake = Intake(
            wiring.passage, wiring.window, wiring.stats, pending=wiring.consumer.num_pending
        )
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
            wiring.source.add_sink(f"{inbox}.p", self._intake.delivered.append),
            wiring.target.add_sink(f"{wiring.writer.inbox}.>", self._on_target),
        ]
        wiring.source.after_chunk.append(self.pump)
        wiring.target.after_chunk.append(self.pump)

    @property
    def frontier(self) -> Mark:
        """Up to where all is settled."""
        return self._cursor.frontier

    @property
    def first_copied(self) -> int:
        """Source sequence of the first message to be copied; 0 before there was one."""
        return self._intake.first_copied

    @property
    def cursor(self) -> Cursor:
        """What was read, and up to where it is settled."""
        return self._cursor

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

    def take_acks(self) -> list[bytes]:
        """Where to acknowledge to the source what is settled; each is handed out once."""
        acks, self._acks = self._acks, []
        self._acknowledged_messages = self.frontier.read_messages
        return acks

    def send_acks(self, acks: Sequence[bytes]) -> None:
        """Acknowledge what was taken."""
        if not self._w.source.is_connected:
            self._w.stats.ack_failures += len(acks)
        self._w.source.send(b"".join([b"PUB %b 0\r\n\r\n" % reply for reply in acks]))

    @property
    def is_settled(self) -> bool:
        """Nothing read is waiting for anything."""
        return not (self._cursor.unsettled_messages or self._w.writer.held)

    @property
    def pending_messages(self) -> int:
        """What the source had behind the last message read."""
        return self._intake.pending

    @property
    def unsettled_messages(self) -> int:
        """Read and not settled."""
        return self._cursor.unsettled_messages

    @property
    def oldest_unsettled_ms(self) -> int:
        """Source time of the oldest of them; 0 when there is none."""
        return self._cursor.oldest_unsettled_ms

    def told_pending(self, messages: int) -> None:
        """The source says how much it has behind what it delivered."""
        self._intake.pending = messages
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

    def _on_target(self, delivery: wire.Delivery) -> None:
        subject, _, header, body = delivery
        self._w.writer.receive(subject, header, body)

    def _take(self) -> None:
        """Take what the source has delivered."""
        self._heard = time.monotonic()
        intake, writer = self._intake, self._w.writer
        mark = intake.take(self._cursor.newest, self._heard)
        if intake.trouble:
            self.fail(ResyncError(intake.trouble))
            return
        writer.add(intake.outgoing())
        if mark is not None:
            self._cursor.leave(mark)
        if intake.unfit is not None:  # finish what came before it, then fail
            self._stopping = True
            self._subscriptions[0].end()

    def pump(self) -> None:
        """Settle, send, ask: whatever is possible now."""
        if self.over.done():
            return
        if self._intake.delivered:
            self._take()
        writer = self._w.writer
        if self.over.done():
            return
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
            if self._intake.unfit is None:
                self.over.set_result(None)
            else:
                self.over.set_exception(self._intake.unfit)

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
                    f"the target has confirmed nothing for {self._w.overdue_seconds:.2g} s, "
                    f"{waiting} messages wait for it{complaint_of(self._w.target)}"
                )
            )
            return
        if now - self._heard > TICK_SECONDS / 2:
            self._w.target.send(writer.settle())
        if self._w.window.asked > 0 and now - self._heard > SILENCE_SECONDS:
            self.fail(ResyncError(f"the source has been silent for {SILENCE_SECONDS:g} s"))

    def _nothing_at_hand(self) -> bool:
        return self._intake.pending == 0 or self._stopping or self._w.window.asked <= 0

    def _is_finished(self) -> bool:
        if not self.is_settled:
            return False
        done = self._intake.pending == 0 or 0 < self._w.until <= self._cursor.newest.read_sequence
        return self._stopping or (self._w.once and done)

    def _settle(self, before: Mark, marks: list[Mark]) -> None:
        now = time.monotonic()
        stats = self._w.stats
        frontier = marks[-1]
        count_settled(stats, before, frontier)
        stats.frontier_sequence = frontier.read_sequence
        read = before.read_messages
        for mark in marks:
            stats.processing_seconds_sum += (now - mark.moment) * (mark.read_messages - read)
            read = mark.read_messages
        stats.processing_count += read - before.read_messages
        limiter = self._w.passage.limiter
        if limiter is not None:
            for mark in marks:
                for value, timestamp_ms, size in mark.decisions:
                    limiter.confirm(value, timestamp_ms, size)
        if self._w.passage.keeps_replies:
            self._acks += [reply for mark in marks for reply in mark.replies]
        else:
            self._acks = list(frontier.replies)  # which stand for all before
        if not self._w.holds_acks:
            self.send_acks(self.take_acks())

    def _ask(self) -> None:
        bodies = self._w.window.requests(
            unsettled_messages=self._cursor.unsettled_messages,
            unsettled_bytes=self._cursor.unconfirmed_bytes,
        )
        if bodies:
            frames = [b"%b%d\r\n%b\r\n" % (self._pull_frame, len(b), b) for b in bodies]
            self._w.source.send(b"".join(frames))
