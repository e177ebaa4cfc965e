"""The pool: several workers, and several processes on several hosts, share one copy.

All of them read from one durable consumer of the source; order is given up.
What holds instead:

* **Nothing is lost.** A source message is acknowledged when the target has
  confirmed its copy, and not before.  What a killed process or worker had read
  is delivered to another one after the consumer's ``ack_wait``, what the target
  refused after a growing delay, for ever.
* **Doubles are removed by the target**, by message ids that every worker of the
  group forms alike, as long as a message comes again within the target stream's
  duplicate window.  A created target has one of two minutes.  A double can be
  left only where a whole pool was killed and stayed away for longer than that,
  of the few messages that were published and not yet acknowledged.
* **Sampling**: a source message is acknowledged only when the target has
  confirmed a copy of it, or a copy of another message of the same value less
  than an interval away by the source's timestamps.  Each process decides by
  what it copied itself, so that a pool of n processes makes up to n copies of a
  value in an interval, and a few more where messages come late; see
  ``pool_limiter``.
* The pool goes on where its consumer stands, never by the target's last message,
  which says little without order.  What is removed from the target later is not
  copied again.

A message that the target can never take ends the copy in every process that
meets it, after the others in flight were finished.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Literal

import structlog

from choria_core.errors import ChoriaError
from choria_core.nats.jetstream import JetStream
from choria_core.nats.lean_transport import LeanTransport
from choria_replicator.ordered.backlog import Backlog
from choria_replicator.ordered.ordered_copy import SAVE_SECONDS, Surroundings
from choria_replicator.pool.books import PoolBooks
from choria_replicator.pool.consumer import ACK_WAIT_SECONDS, refuse_restart
from choria_replicator.pool.limiter import PoolLimiter
from choria_replicator.pool.worker import PoolWorker, WorkerPost
from choria_replicator.pool_naming import pool_consumer_name
from choria_replicator.settings.model import StreamSettings
from choria_replicator.stats import StreamStats
from choria_replicator.survey import source_stream

Side = Literal["source", "target"]
Connect = Callable[[Side, str], Awaitable[LeanTransport]]
"""Opens a connection to one side for the worker of that name; the pool closes it."""

LOOK_SECONDS: Final = 1.0
LOOK_ONCE_SECONDS: Final = 0.2


class PoolCopy:
    """One entry of the settings, copied by the workers of this process.

    The counters of ``stats`` belong to a worker each.  What is the whole pool's
    (lag, limiter items) is kept in the first, so that sums stay true.
    """

    def __init__(
        self,
        settings: StreamSettings,
        around: Surroundings,
        stats: Sequence[StreamStats],
        *,
        connect: Connect,
        ack_wait_seconds: float = ACK_WAIT_SECONDS,
    ) -> None:
        """Prepare a copy; nothing happens before :meth:`run`.

        Args:
            settings: of an entry with a pool.
            around: given by the process; ``chain_only`` means nothing here.
            stats: one for each worker.
            connect: called once for each worker and side.
            ack_wait_seconds: of the shared consumer, when it is made; an
                existing one keeps its own.
        """
        assert settings.pool is not None
        assert len(stats) == settings.pool.workers
        self._settings = settings
        self._pool = settings.pool
        self._around = around
        self._stats = stats
        self._connect = connect
        self._ack_wait_seconds = ack_wait_seconds
        self._log = structlog.get_logger("replicator").bind(entry=settings.worker)
        sampling = settings.sampling
        limiter = PoolLimiter(sampling.path, sampling.interval_ms) if sampling else None
        self._books = PoolBooks(limiter=limiter)
        self._backlog = Backlog(settings, stats[0])
        self._sources: list[LeanTransport] = []
        self._received = [0] * len(stats)
        self._halt = asyncio.Event()
        self._errors: list[ChoriaError] = []

    async def run(self, stop: asyncio.Event) -> None:
        """Copy until ``stop`` is set or, with ``once``, until nothing is left for the group.

        Raises:
            WorkError: the copy cannot go on; the text says why and what to do.
            TransportError: a connection could not be made at all; with
                ``once``, also after half a minute without progress.
            ConfigError: the sampling state cannot be read or written.
        """
        if self._around.restart:
            refuse_restart(self._settings)
        self._log.info(
            "order is given up: the workers of a pool share the copying",
            workers=self._pool.workers,
            group=self._pool.group,
        )
        if self._books.limiter is not None:
            self._books.restore(await asyncio.to_thread(self._around.load_state))
        async with contextlib.AsyncExitStack() as stack, asyncio.TaskGroup() as aside:
            passing_on = aside.create_task(self._pass_on(stop))
            try:
                await self._guard(self._work(stack))
            finally:
                passing_on.cancel()
        if self._errors:
            raise self._errors[0]

    async def _pass_on(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._halt.set()

    async def _guard(self, work: Awaitable[None]) -> None:
        """Keep an error until all others have finished what they had begun."""
        try:
            await work
        except ChoriaError as error:
            self._errors.append(error)
        except BaseExceptionGroup as errors:
            expected, others = errors.split(ChoriaError)
            if others is not None or expected is None:
                raise
            self._errors.extend(_leaves(expected))
        finally:
            self._halt.set()

    async def _work(self, stack: contextlib.AsyncExitStack) -> None:
        async with asyncio.TaskGroup() as aside:
            keeping = aside.create_task(self._guard(self._keep_books()))
            try:
                workers = await self._open(stack)
                async with asyncio.TaskGroup() as group:
                    for worker in workers:
                        group.create_task(self._guard(worker.run(self._halt)))
            finally:
                keeping.cancel()
        await self._save()

    async def _open(self, stack: contextlib.AsyncExitStack) -> list[PoolWorker]:
        """Connect all workers; none when told to stop meanwhile."""
        opening = asyncio.ensure_future(self._open_all(stack))
        halted = asyncio.ensure_future(self._halt.wait())
        try:
            await asyncio.wait({opening, halted}, return_when=asyncio.FIRST_COMPLETED)
            return opening.result() if opening.done() else []
        finally:
            for task in (opening, halted):
                task.cancel()
            await asyncio.gather(opening, halted, return_exceptions=True)

    async def _open_all(self, stack: contextlib.AsyncExitStack) -> list[PoolWorker]:
        async def one(side: Side, name: str) -> LeanTransport:
            transport = await self._connect(side, name)
            stack.push_async_callback(transport.close)
            if side == "source":
                self._sources.append(transport)
            return transport

        names = [self._settings.worker_name(index) for index in range(self._pool.workers)]
        async with asyncio.TaskGroup() as group:
            sources = [group.create_task(one("source", name)) for name in names]
            targets = [group.create_task(one("target", name)) for name in names]
        surveying = asyncio.Lock()
        return [
            PoolWorker(
                WorkerPost(
                    settings=self._settings,
                    books=self._books,
                    surveying=surveying,
                    name=name,
                    share=self._pool.workers,
                    once=self._around.once,
                    ack_wait_seconds=self._ack_wait_seconds,
                    claim=self._around.claim,
                ),
                stats,
                source=source.result(),
                target=target.result(),
            )
            for name, stats, source, target in zip(
                names, self._stats, sources, targets, strict=True
            )
        ]

    async def _keep_books(self) -> None:
        """Look at the source and save the sampling state, now and then.

        It begins with the first connection to the source, whether or not there
        is one to the target.
        """
        save_at = time.monotonic() + SAVE_SECONDS
        while True:
            await asyncio.sleep(LOOK_ONCE_SECONDS if self._around.once else LOOK_SECONDS)
            source = next((one for one in self._sources if one.is_connected), None)
            if source is not None:
                with contextlib.suppress(ChoriaError):  # the workers say what is wrong
                    await self._look(JetStream(source))
            self._note()
            if time.monotonic() > save_at:
                save_at = time.monotonic() + SAVE_SECONDS
                await self._save()

    async def _look(self, jetstream: JetStream) -> None:
        known = self._books.consumer
        if known is not None:
            stream = await jetstream.stream_info(known.stream_name)
        else:
            stream = await source_stream(jetstream, self._settings)
        name = pool_consumer_name(self._pool.group)
        consumer = await jetstream.find_consumer(stream.name, name)
        await self._backlog.ask(jetstream, stream, consumer, settled=self._books.settled)
        for stats in self._stats:
            stats.source_last_sequence = stream.state.last_seq
        if known is None or consumer is None or consumer.created != known.created:
            return  # a worker will make it, or find it
        self._books.see_consumer(consumer)
        for stats in self._stats:
            stats.frontier_sequence = consumer.ack_floor.stream_seq
        if self._around.once and not (consumer.num_pending or consumer.num_ack_pending):
            self._halt.set()

    def _note(self) -> None:
        """What is known here."""
        first = self._stats[0]
        self._backlog.age()
        if self._books.limiter is not None:
            first.limiter_items = len(self._books.limiter)
        for index, stats in enumerate(self._stats):
            received, self._received[index] = self._received[index], stats.received_messages
            stats.rest(is_busy=first.lag_messages > 0 or stats.received_messages > received)

    async def _save(self) -> None:
        state = self._books.state()
        if state is not None:
            await asyncio.to_thread(self._around.save_state, state)


def _leaves(errors: BaseExceptionGroup[ChoriaError]) -> list[ChoriaError]:
    leaves: list[ChoriaError] = []
    for error in errors.exceptions:
        leaves += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return leaves
