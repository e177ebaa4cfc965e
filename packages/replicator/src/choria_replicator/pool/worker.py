"""One worker of a pool: stint after stint, each from a fresh look at both sides."""

import asyncio
import random
import time
from dataclasses import dataclass
from typing import Final

import structlog

from choria_core.backoff import Backoff
from choria_core.errors import TransportError
from choria_core.nats.jetstream import NANOSECONDS, ConsumerInfo, JetStream, StreamInfo
from choria_core.nats.lean_transport import LeanTransport
from choria_replicator.ordered.incarnation import TICK_SECONDS
from choria_replicator.ordered.ordered_copy import (
    DRAIN_SECONDS,
    WINDOW_BYTES,
)
from choria_replicator.pool.books import PoolBooks
from choria_replicator.pool.consumer import ensure_pool_consumer, find_pool_consumer
from choria_replicator.pool.handover import Handover, ordered_before
from choria_replicator.pool.stint import PoolStint, PoolWiring
from choria_replicator.pool.writer import PoolWriter
from choria_replicator.pool_naming import message_id_prefix
from choria_replicator.settings.model import StreamSettings
from choria_replicator.sides import ONCE_PATIENCE_SECONDS, Generation, Sides, rest
from choria_replicator.source.pull_window import PullWindow
from choria_replicator.stats import StreamStats
from choria_replicator.survey import Claim, ensure_target, source_stream, subject_mapper
from choria_replicator.target.target_stream import Target

WINDOW_MESSAGES: Final = 4_000
"""Unsettled messages of all workers of a process: two processes stay below the
10,000 that a server queues for one stream before it refuses more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerPost:
    """Where a worker stands.

    Attributes:
        settings: of the entry.
        books: shared by the workers of this process.
        surveying: held while looking at both sides, so that one worker makes
            what is missing and the others find it.
        name: of the worker, in headers and logs.
        share: number of workers that share this process's window.
        once: give up after half a minute without progress.
        ack_wait_seconds: of a consumer that is made.
        claim: takes the target stream for the entry.
    """

    settings: StreamSettings
    books: PoolBooks
    surveying: asyncio.Lock
    name: str
    share: int
    once: bool
    ack_wait_seconds: float
    claim: Claim = lambda _found: None


class PoolWorker:
    """Copies with connections of its own."""

    def __init__(
        self, post: WorkerPost, stats: StreamStats, *, source: LeanTransport, target: LeanTransport
    ) -> None:
        self._post = post
        self._stats = stats
        self._source = source
        self._target = target
        self._sides = Sides(source, target)
        self._source_js = JetStream(source)
        self._target_js = JetStream(target)
        self._log = structlog.get_logger("replicator").bind(entry=post.name)
        self._settled = 0
        self._stint: PoolStint | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Copy until ``stop`` is set; then finish what is in flight.

        Raises:
            WorkError: the copy cannot go on; the text says why and what to do.
            TransportError: with ``once``, after half a minute without progress.
        """
        backoff, attempt, progress = Backoff(), 0, time.monotonic()
        while not stop.is_set():
            settled = self._settled
            try:
                await self._stretch(stop)
            except TransportError as error:
                if self._settled > settled:
                    attempt, progress = 0, time.monotonic()
                if self._post.once and time.monotonic() - progress > ONCE_PATIENCE_SECONDS:
                    raise
                await self._pause(error, backoff.delay(attempt, random.random()), stop)  # noqa: S311 - jitter
                attempt += 1
            else:
                return

    async def _pause(self, error: TransportError, seconds: float, stop: asyncio.Event) -> None:
        self._stats.state = "resyncing"
        self._stats.resyncs += 1
        self._stats.last_error = str(error)
        self._log.warning("copying was interrupted", cause=str(error), again_in=f"{seconds:.1f} s")
        await rest(seconds, stop)

    async def _stretch(self, stop: asyncio.Event) -> None:
        """One look at both sides and one stint."""
        if not await self._sides.wait_connected(stop, once=self._post.once):
            return
        generation = self._sides.generation
        async with self._post.surveying:
            source, target, consumer = await self._survey()
        self._stats.state = "copying"
        stint = PoolStint(self._wiring(source, target, consumer))
        try:
            await self._attend(stint, generation, stop)
        finally:
            if self._source.is_connected:
                await asyncio.shield(stint.close_inbox())
            stint.detach()
            self._settled += stint.settled_messages

    async def _survey(self) -> tuple[StreamInfo, Target, ConsumerInfo]:
        """Find or make what is needed on both sides."""
        settings, books = self._post.settings, self._post.books
        source = await source_stream(self._source_js, settings)
        self._stats.stream = source.name
        books.see_source(source)
        target, adaptations = await ensure_target(
            self._source_js, self._target_js, settings, source, claim=self._post.claim
        )
        for adaptation in adaptations:
            self._log.info("the new target stream differs", stream=target.name, by=adaptation)
        is_new_target = books.see_target(target.info)
        handover = await self._handover(source, target)
        begin = books.settled or handover.settled
        if source.retention == "workqueue":  # which allows one reader at a time
            await self._remove(source, handover)
        consumer, is_made = await ensure_pool_consumer(
            self._source_js,
            settings,
            source,
            ack_wait_seconds=self._post.ack_wait_seconds,
            settled=begin,
        )
        await self._remove(source, handover)
        books.see_consumer(consumer)
        if is_made:
            self._stats.consumers_created += 1
        self._tell(source, target, consumer, _because(begin, handover, is_made=is_made))
        if is_new_target:
            self._warn_of_window(target, consumer)
        return source, target, consumer

    async def _handover(self, source: StreamInfo, target: Target) -> Handover:
        """What an ordered copy left behind, unless the pool has begun."""
        settings, books = self._post.settings, self._post.books
        if books.settled or await find_pool_consumer(self._source_js, settings, source):
            return Handover()
        return await ordered_before(
            self._source_js,
            self._target_js,
            settings,
            source=source,
            target=target.info,
            limiter=books.stored,
        )

    async def _remove(self, source: StreamInfo, handover: Handover) -> None:
        for name in handover.consumers:
            await self._source_js.delete_consumer(source.name, name)

    def _tell(
        self, source: StreamInfo, target: Target, consumer: ConsumerInfo, because: str
    ) -> None:
        self._log.info(
            "copying without order",
            stream=source.name,
            source=str(self._post.settings.source),
            target_stream=target.name,
            target=str(self._post.settings.target),
            consumer=consumer.name,
            because=because,
        )

    def _warn_of_window(self, target: Target, consumer: ConsumerInfo) -> None:
        window = int(target.info.config.get("duplicate_window") or 0) / NANOSECONDS
        ack_wait = int(consumer.config.get("ack_wait") or 0) / NANOSECONDS
        if window < 2 * ack_wait:
            self._log.warning(
                "the target forgets message ids too soon to remove every double",
                stream=target.name,
                duplicate_window=f"{window:g} s",
                hint=f"set its duplicate_window to {2 * ack_wait:g} s or more",
            )

    def _wiring(self, source: StreamInfo, target: Target, consumer: ConsumerInfo) -> PoolWiring:
        settings = self._post.settings
        assert settings.pool is not None
        return PoolWiring(
            source=self._source,
            target=self._target,
            consumer=consumer,
            writer=PoolWriter(
                inbox=self._target.new_inbox(),
                id_prefix=message_id_prefix(
                    group=settings.pool.group, stream=source.name, created=source.created
                ),
            ),
            window=self._window(consumer),
            policy=target.header_policy,
            map_subject=subject_mapper(self._post.settings, target),
            books=self._post.books,
            stats=self._stats,
            stream=source.name,
            site=settings.site,
            worker=self._post.name,
        )

    def _window(self, consumer: ConsumerInfo) -> PullWindow:
        share = self._post.share
        allowed = int(consumer.config.get("max_ack_pending") or WINDOW_MESSAGES)
        messages = min(WINDOW_MESSAGES, allowed) if allowed > 0 else WINDOW_MESSAGES
        return PullWindow(
            max_messages=max(1, messages // share),
            max_bytes=WINDOW_BYTES // share,
            largest_message_bytes=self._source.server.max_payload_bytes,
        )

    async def _attend(self, stint: PoolStint, generation: Generation, stop: asyncio.Event) -> None:
        """Stay with a stint until it is over; then raise what ended it."""
        drain_until = 0.0
        stint.pump()
        while not stint.over.done():
            await asyncio.wait({stint.over}, timeout=TICK_SECONDS)
            now = time.monotonic()
            trouble = self._sides.trouble(generation)
            if trouble is not None:
                stint.fail(trouble)
            stint.tick()
            if (stop.is_set() or stint.poison) and not drain_until:
                drain_until = now + DRAIN_SECONDS
                stint.stop_asking()
            if drain_until and stint.is_quiet:
                await stint.close_inbox()
            if drain_until and now > drain_until:
                self._log.warning(
                    "what is in flight was not confirmed in time and is given back",
                    messages=stint.unsettled_messages,
                )
                break
        if stint.poison is not None:
            raise stint.poison
        if stint.over.done():
            await stint.over


def _because(begin: int, handover: Handover, *, is_made: bool) -> str:
    """Why the pool goes on where it does, for the log."""
    if not is_made:
        return "the pool's consumer is there already"
    where = f", behind {begin}" if begin else ""
    why = f": {handover.reason}" if handover.reason else ""
    return f"the pool's consumer was made now{where}{why}"
