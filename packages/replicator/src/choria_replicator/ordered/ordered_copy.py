"""The life of one ordered copy: stretch after stretch, each from the target's tail.

A stretch looks at both sides, finds the position, makes the consumer anew and
copies until there is trouble.  Trouble of the network is waited out; what can
only get worse by trying again ends the copy with a :class:`WorkError`.
"""

import asyncio
import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import structlog

from choria_core.backoff import Backoff
from choria_core.errors import (
    TransportError,
    WorkError,
)
from choria_core.nats.jetstream import ConsumerInfo, JetStream, StreamInfo
from choria_core.nats.lean_transport import LeanTransport
from choria_replicator.ordered.cursor import Mark
from choria_replicator.ordered.incarnation import (
    OVERDUE_SECONDS,
    TICK_SECONDS,
    Incarnation,
    ResyncError,
    Wiring,
)
from choria_replicator.ordered.intake import Passage
from choria_replicator.ordered.position import Books, find_position, resolve_start, stored_books
from choria_replicator.ordered.resume import Position
from choria_replicator.ordered.tally import count_found
from choria_replicator.sampling.limiter import Limiter
from choria_replicator.sampling.limiter_state import LimiterState
from choria_replicator.settings.model import StreamSettings
from choria_replicator.sides import ONCE_PATIENCE_SECONDS, Sides, rest
from choria_replicator.source.pull_window import PullWindow
from choria_replicator.source.source_consumer import MAX_ACK_PENDING, START, SourceConsumer
from choria_replicator.source.start_point import StartPoint, from_sequence
from choria_replicator.source.target_mark import mark_of
from choria_replicator.stats import StreamStats
from choria_replicator.survey import Claim, ensure_target, source_stream, subject_mapper
from choria_replicator.target.fast_ingest import FastIngest
from choria_replicator.target.id_chain import IdChain
from choria_replicator.target.one_by_one import OneByOne
from choria_replicator.target.target_stream import Target
from choria_replicator.target.writer import Cause, Writer

WINDOW_MESSAGES: Final = 32_000
WINDOW_BYTES: Final = 32 << 20
SAVE_SECONDS: Final = 10.0
DRAIN_SECONDS: Final = 8.0
"""For what is in flight when told to stop; the process promises ten seconds."""

_MESSAGES_PER_SECOND: Final = 600_000
"""More than are ever copied: on a busy machine confirmations take longer than the round trip."""
_CONFIRMATIONS: Final = 16
"""Outstanding on the shortest way: the target sends those of all that it found waiting at once."""

_REFUSALS: Final = 3
"""So often may the target refuse the same message before it is held to be unacceptable."""
_TOO_LARGE: Final = 2
"""The same for one that is too large: at first, those before it may still have been stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a copy is given by the process around it.

    Attributes:
        instance: names this process, for people too.
        once: end when the source holds nothing more.
        restart: begin anew, behind whatever the target holds.
        chain_only: never write by fast ingest.
        claim: called with the target stream before anything is written; raises
            ConfigError where another entry of the process writes to it.
        keeps_state: there is a place on disk for the entry's sampling state.
        load_state, save_state: read it and write it.
    """

    instance: str
    once: bool = False
    restart: bool = False
    chain_only: bool = False
    claim: Claim = lambda _found: None
    keeps_state: bool = False
    load_state: Callable[[], LimiterState | None] = lambda: None
    save_state: Callable[[LimiterState], None] = lambda _state: None


class OrderedCopy:
    """One entry of the settings, copied in order."""

    def __init__(
        self,
        settings: StreamSettings,
        around: Surroundings,
        stats: StreamStats,
        *,
        source: LeanTransport,
        target: LeanTransport,
    ) -> None:
        self._settings = settings
        self._around = around
        self._stats = stats
        self._source = source
        self._target = target
        self._source_js = JetStream(source)
        self._target_js = JetStream(target)
        self._log = structlog.get_logger("replicator").bind(entry=settings.worker)
        sampling = settings.sampling
        self._limiter = Limiter(sampling.path, sampling.interval_ms) if sampling else None
        self._consumer = SourceConsumer(
            self._source_js,
            site=settings.site,
            worker=settings.worker,
            filter_subject=settings.filter_subject,
            instance=around.instance,
            takes_over=around.restart,
        )
        self._books = Books()
        self._books_of = ""  # when the source stream that they speak of was created
        self._restart = around.restart
        self._restarted_behind: int | None = None
        self._counted_to: int | None = None  # source sequence; None before anything was counted
        self._target_began_at = 0  # the target's last sequence when the last stretch began
        self._chain_only = around.chain_only
        self._refusals = 0
        self._suspect = 0  # source sequence of the message that they are about
        self._incarnation: Incarnation | None = None
        self._sides = Sides(source, target)
        self._generation = self._sides.generation
        self.consumer: ConsumerInfo | None = None
        """On the source, of the present stretch or the last; None before the first."""

    @property
    def incarnation(self) -> Incarnation | None:
        """The running incarnation, or the last one; None before the first."""
        return self._incarnation

    @property
    def is_flowing(self) -> bool:
        """Messages came from the source within the last second."""
        incarnation = self._incarnation
        return incarnation is not None and incarnation.heard_seconds_ago < 1.0

    async def run(self, stop: asyncio.Event) -> None:
        """Copy until ``stop`` is set or, with ``once``, until the source has nothing more.

        Raises:
            WorkError: the copy cannot go on; the text says why and what to do.
            TransportError: with ``once``, after half a minute without progress.
        """
        if self._limiter is not None:
            self._books = Books(limiter=await asyncio.to_thread(self._around.load_state))
        backoff, attempt, progress = Backoff(), 0, time.monotonic()
        while not stop.is_set():
            copied = self._stats.copied_messages
            try:
                await self._stretch(stop)
            except TransportError as error:
                if self._stats.copied_messages > copied:
                    attempt, progress = 0, time.monotonic()
                self._judge(error)
                if self._around.once and time.monotonic() - progress > ONCE_PATIENCE_SECONDS:
                    raise
                await self._pause(error, backoff.delay(attempt, random.random()), stop)  # noqa: S311
                attempt += 1
            else:
                return

    async def _pause(self, error: TransportError, seconds: float, stop: asyncio.Event) -> None:
        self._stats.state = "resyncing"
        self._stats.resyncs += 1
        self._stats.last_error = str(error)
        self._log.warning("copying was interrupted", cause=str(error), again_in=f"{seconds:.1f} s")
        await rest(seconds, stop)

    def _judge(self, error: TransportError) -> None:
        """Raise a WorkError where trying again will not help."""
        failure = error.failure if isinstance(error, ResyncError) else None
        incarnation = self._incarnation
        if failure is None or incarnation is None:
            return
        self._stats.failed_messages += 1
        if failure.cause is Cause.UNSUPPORTED:
            self._chain_only = True
        if incarnation.confirmed_messages:
            self._refusals = 0  # the next stretch begins with the message in question
            return
        message = incarnation.first_copied
        if message != self._suspect:
            self._suspect, self._refusals = message, 0
        is_too_large = failure.cause is Cause.TOO_LARGE
        if is_too_large or (failure.cause is Cause.REFUSED and 400 <= failure.code < 500):
            self._refusals += 1
            if self._refusals >= (_TOO_LARGE if is_too_large else _REFUSALS):
                hint = "; raise max_msg_size of the target stream, then start again"
                raise WorkError(
                    f"the target refuses source message {message}: {failure}"
                    f"{hint if is_too_large else ''}"
                ) from error

    async def _stretch(self, stop: asyncio.Event) -> None:
        """One look at both sides and one incarnation."""
        if not await self._sides.wait_connected(stop, once=self._around.once):
            return
        self._generation = self._sides.generation
        source = await source_stream(self._source_js, self._settings)
        self._stats.stream = source.name
        target, adaptations = await ensure_target(
            self._source_js, self._target_js, self._settings, source, claim=self._around.claim
        )
        for adaptation in adaptations:
            self._log.info("the new target stream differs", stream=target.name, by=adaptation)
        wiring, frontier = await self._prepare(source, target)
        self._incarnation = incarnation = Incarnation(wiring, frontier)
        try:
            await self._attend(incarnation, source, stop)
        except WorkError:
            self._stats.failed_messages += 1
            raise
        finally:
            incarnation.detach()
            await self._close_books(incarnation, source)

    async def _prepare(self, source: StreamInfo, target: Target) -> tuple[Wiring, Mark]:
        """Find the position and make what the incarnation works with."""
        self._consumer.target = mark_of(
            self._settings.target, self._target.server.server_id, target.info
        )
        found = await self._consumer.found(source)
        position = await self._position(source, target, found)
        self._count_found(source, position)
        start = resolve_start(self._settings, source, () if self._restart else found)
        deliver = start.deliver()
        read_from = position.read_from or 1
        if source.retention == "workqueue":
            read_from = 1  # what is on the target already must still be acknowledged
        elif position.read_from is not None:
            deliver = from_sequence(position.read_from)
        elif position.copy_from and not _reaches_back(start, position.copy_from, found):
            deliver = from_sequence(position.copy_from)
        consumer = await self._consumer.make_anew(
            source, deliver=deliver, start=start.format(), pools=position.pools
        )
        self.consumer = consumer
        self._stats.consumers_created += 1
        self._load_limiter(position)
        round_trip_seconds = await self._round_trip()
        writer = self._writer(target, position, round_trip_seconds)
        self._tell(source, target, position, start, writer)
        frontier = Mark(
            published=0,
            read_sequence=read_from - 1,
            read_timestamp_ms=0,
            copied_sequence=position.copied_sequence,
            keyless=self._limiter.keyless if self._limiter is not None else 0,
        )
        self._stats.frontier_sequence = self._stats.read_sequence = frontier.read_sequence
        wiring = Wiring(
            source=self._source,
            target=self._target,
            consumer=consumer,
            writer=writer,
            window=self._window(consumer),
            passage=Passage(
                stream=source.name,
                site=self._settings.site,
                worker=self._settings.worker,
                policy=target.header_policy,
                map_subject=subject_mapper(self._settings, target),
                max_payload_bytes=self._target.server.max_payload_bytes,
                header_bytes=writer.header_bytes,
                limiter=self._limiter,
                copy_from=position.copy_from,
                counted_to=self._counted_to or 0,
                keeps_replies=source.retention == "workqueue",
            ),
            stats=self._stats,
            holds_acks=self._around.keeps_state and source.retention != "limits",
            once=self._around.once,
            until=source.state.last_seq,
            overdue_seconds=OVERDUE_SECONDS + 4 * round_trip_seconds,
        )
        return wiring, frontier

    async def _position(
        self, source: StreamInfo, target: Target, found: list[ConsumerInfo]
    ) -> Position:
        if self._restart:
            last = target.info.state.last_seq
            if self._restarted_behind in (None, last):
                self._restarted_behind = last
                return Position(None, 0, last, 0, None, "told to start over")
            self._restart = False  # copies were stored since: the tail decides again
        known = self._books.frontier if self._books_of in ("", source.created) else 0
        floor = await self._consumer.original_floor(source)
        stored = stored_books(source, found, floor, self._books.limiter)
        position = await find_position(
            self._source_js,
            self._target_js,
            self._settings,
            source=source,
            target=target.info,
            books=replace(
                stored,
                frontier=max(known, stored.frontier),
                expected_writer=self._books.expected_writer,
                target_seen=self._target_began_at if self._incarnation else None,
            ),
        )
        for remark in position.remarks:
            tell = self._log.error if remark.is_loss else self._log.warning
            tell(remark.text, first=remark.first, last=remark.last, hint=remark.hint)
        return position

    def _count_found(self, source: StreamInfo, position: Position) -> None:
        """Count the copies of the last stretch whose confirmation never arrived.

        What lies between its frontier and the target's end is known to be new
        only while one stretch follows another: at first, and when all begins
        anew, what the target holds already was counted before.
        """
        last, is_new_source = self._incarnation, self._books_of != source.created
        if last is not None and not is_new_source:
            count_found(
                self._stats, last.cursor, position.target_last_sequence - self._target_began_at
            )
        self._target_began_at = position.target_last_sequence
        already = max(position.copy_from - 1, 0)
        if self._counted_to is None or is_new_source or already < self._counted_to:
            self._counted_to = already

    def _load_limiter(self, position: Position) -> None:
        if self._limiter is None:
            return
        self._limiter.clear()
        if position.limiter is not None:
            self._limiter.restore(position.limiter.items)

    async def _round_trip(self) -> float:
        """Seconds that the target takes to answer a PING; the best of three."""
        best = 60.0
        for _ in range(3):
            begin = time.monotonic()
            await self._target.flush()
            best = min(best, time.monotonic() - begin)
        return best

    def _writer(self, target: Target, position: Position, round_trip_seconds: float) -> Writer:
        inbox = self._target.new_inbox()
        incarnation = os.urandom(8).hex()
        in_flight = round(_MESSAGES_PER_SECOND * round_trip_seconds)
        if target.takes_fast_ingest and not self._chain_only:
            return FastIngest(
                inbox=inbox,
                incarnation=incarnation,
                last_sequence=position.target_last_sequence,
                outstanding=min(_CONFIRMATIONS + in_flight // 500, WINDOW_MESSAGES // 500),
            )
        kind = OneByOne if target.is_replicated else IdChain
        return kind(
            inbox=inbox, incarnation=incarnation, last_sequence=position.target_last_sequence
        )

    def _window(self, consumer: ConsumerInfo) -> PullWindow:
        allowed = int(consumer.config.get("max_ack_pending") or MAX_ACK_PENDING)
        return PullWindow(
            max_messages=min(WINDOW_MESSAGES, allowed) if allowed > 0 else WINDOW_MESSAGES,
            max_bytes=WINDOW_BYTES,
            largest_message_bytes=self._source.server.max_payload_bytes,
        )

    def _tell(
        self,
        source: StreamInfo,
        target: Target,
        position: Position,
        start: StartPoint,
        writer: Writer,
    ) -> None:
        self._stats.state = "copying"
        self._log.info(
            "copying",
            stream=source.name,
            source=str(self._settings.source),
            target_stream=target.name,
            target=str(self._settings.target),
            **{"from": position.copy_from or str(start)},
            because=position.reason,
            by=writer.name,
        )
        if not target.takes_fast_ingest and target.could_take_fast_ingest:
            self._log.info(
                "the target stream does not allow fast ingest",
                hint=f"nats stream edit {target.name} --allow-batch, or set allow_batched on it",
            )

    async def _attend(
        self, incarnation: Incarnation, source: StreamInfo, stop: asyncio.Event
    ) -> None:
        """Stay with an incarnation until it is over; then raise what ended it."""
        stopped = asyncio.create_task(stop.wait())
        drain_until = save_at = 0.0
        incarnation.pump()
        try:
            while not incarnation.over.done():
                await asyncio.wait({incarnation.over}, timeout=TICK_SECONDS)
                now = time.monotonic()
                trouble = self._sides.trouble(self._generation)
                if trouble is not None:
                    incarnation.fail(trouble)
                incarnation.tick()
                if stopped.done() and not drain_until:
                    drain_until = now + DRAIN_SECONDS
                    incarnation.stop_reading()
                if drain_until and now > drain_until:
                    self._log.warning("what is in flight was not confirmed in time")
                    return
                if now > save_at or incarnation.holds_many_acks:
                    save_at = now + SAVE_SECONDS
                    await self._close_books(incarnation, source)
        finally:
            stopped.cancel()
        await incarnation.over

    async def _close_books(self, incarnation: Incarnation, source: StreamInfo) -> None:
        """Write down what is settled, in memory and on disk.

        A source that forgets what is acknowledged cannot be sampled anew behind
        an older state: there the state comes first, then the acknowledgement.
        """
        frontier, acks = incarnation.frontier, incarnation.take_acks()
        self._counted_to = max(self._counted_to or 0, frontier.read_sequence)
        limiter = None
        if self._limiter is not None:
            self._limiter.scrub(frontier.read_timestamp_ms)
            self._stats.limiter_items = len(self._limiter)
            limiter = LimiterState(
                items=self._limiter.snapshot(),
                sequence=frontier.read_sequence,
                copied_sequence=min(frontier.copied_sequence, frontier.read_sequence),
                stream=source.name,
                stream_created=source.created,
                inspect=str(self._limiter.path),
            )
        copied = frontier.published or self._books.expected_writer
        self._books_of = source.created
        self._books = Books(
            frontier=frontier.read_sequence,
            limiter=limiter,
            expected_writer=(self._settings.site, self._settings.worker) if copied else None,
        )
        if limiter is not None:
            await asyncio.to_thread(self._around.save_state, limiter)
        incarnation.send_acks(acks)


def _reaches_back(start: StartPoint, copy_from: int, found: list[ConsumerInfo]) -> bool:
    """Whether reading from ``start`` meets all that is still to be copied.

    A place like "the end" moves when it is resolved anew, as when somebody
    removed the consumer that kept it.
    """
    if start.sequence is not None:
        return start.sequence <= copy_from
    if start.time_ms is not None:
        return start.format() in {info.metadata.get(START) for info in found}
    return True
