"""One entry of the settings at work: its connections, its copy, its lag, its end."""

import asyncio
import contextlib
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from choria_core.errors import ChoriaError
from choria_core.nats.jetstream import JetStream
from choria_core.nats.lean_transport import LeanTransport
from choria_replicator.claims import Claims
from choria_replicator.connections import Connections, Observe
from choria_replicator.ordered.lag import LagWatch
from choria_replicator.ordered.ordered_copy import OrderedCopy, Surroundings
from choria_replicator.pool.pool_copy import PoolCopy
from choria_replicator.sampling.state_store import StateStore
from choria_replicator.settings.model import StreamSettings
from choria_replicator.stats import StreamStats

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How the entries of one process are to run.

    Attributes:
        instance: names the process, for people too.
        once: end when the source holds nothing more.
        restart: names of entries or streams to begin anew.
        state_dir: None to keep no sampling state.
        claims: of the process, on target streams.
    """

    instance: str
    once: bool = False
    restart: frozenset[str] = frozenset()
    state_dir: Path | None = None
    claims: Claims = field(default_factory=Claims)

    def restarts(self, settings: StreamSettings) -> bool:
        """Whether the entry is to begin anew."""
        return not self.restart.isdisjoint(
            (settings.entry, settings.worker, settings.source_stream)
        )


@dataclass(slots=True)
class Entry:
    """An entry and how it fares.

    Attributes:
        settings: what to copy.
        stats: one for each worker.
        error: what ended it; None while it runs or when it ended well.
        seconds: how long it copied, from the first connection on.
    """

    settings: StreamSettings
    stats: tuple[StreamStats, ...]
    error: ChoriaError | None = None
    seconds: float = 0.0
    _started: float = 0.0

    async def run(self, manner: Manner, observe: Observe, stop: asyncio.Event) -> None:
        """Copy until stopped, done, or in trouble; trouble is kept in ``error``."""
        try:
            await self._run(manner, observe, stop)
        except ChoriaError as error:
            self.error = error
            for stats in self.stats:
                stats.state = "failed"
                stats.last_error = str(error)
        else:
            for stats in self.stats:
                stats.state = "stopped"
        finally:
            if self._started:
                self.seconds = time.monotonic() - self._started

    @property
    def running_seconds(self) -> float:
        """How long it has been copying."""
        if self.seconds or not self._started:
            return self.seconds
        return time.monotonic() - self._started

    async def _run(self, manner: Manner, observe: Observe, stop: asyncio.Event) -> None:
        around = self._surroundings(manner)
        connections = Connections(self.settings, self.stats, observe, once=manner.once)
        if self.settings.pool is not None:
            self._started = time.monotonic()
            await PoolCopy(self.settings, around, self.stats, connect=connections.open).run(stop)
            return
        async with contextlib.AsyncExitStack() as stack:
            sides = await _unless_stopped(connections.open_pair(stack), stop)
            if sides is not None:
                self._started = time.monotonic()
                await self._copy_in_order(around, sides, stop)

    async def _copy_in_order(
        self,
        around: Surroundings,
        sides: tuple[LeanTransport, LeanTransport],
        stop: asyncio.Event,
    ) -> None:
        source, target = sides
        settings, stats = self.settings, self.stats[0]
        copy = OrderedCopy(settings, around, stats, source=source, target=target)
        watch = LagWatch(JetStream(source), copy, stats, filter_subject=settings.filter_subject)
        watching = asyncio.create_task(watch.run(), name=f"lag of {settings.worker}")
        try:
            await copy.run(stop)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    def _surroundings(self, manner: Manner) -> Surroundings:
        around = Surroundings(
            instance=manner.instance,
            once=manner.once,
            restart=manner.restarts(self.settings),
            claim=partial(manner.claims.claim, self.settings),
        )
        if manner.state_dir is None or self.settings.sampling is None:
            return around
        store = StateStore(manner.state_dir)
        store.prepare()
        path = state_path(store, self.settings)
        return replace(
            around,
            keeps_state=True,
            load_state=partial(store.load, path),
            save_state=partial(store.save, path),
        )


def entry_of(settings: StreamSettings) -> Entry:
    """The entry for ``settings``, with nothing counted yet."""
    workers = settings.pool.workers if settings.pool else 1
    return Entry(
        settings,
        tuple(
            StreamStats(
                stream=settings.source_stream or settings.filter_subject,
                site=settings.site,
                worker=settings.worker_name(index),
                dialect=settings.dialect,
                inspect=str(settings.sampling.path) if settings.sampling else "",
            )
            for index in range(workers)
        ),
    )


def state_path(store: StateStore, settings: StreamSettings) -> Path:
    """Where the sampling state of an entry is kept."""
    return store.path_for(
        stream=settings.source_stream, name=settings.worker, dialect=settings.dialect
    )


async def _unless_stopped(work: Coroutine[Any, Any, T], stop: asyncio.Event) -> T | None:
    """The result of ``work``; None when ``stop`` was set first."""
    working = asyncio.ensure_future(work)
    stopped = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({working, stopped}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        for task in (working, stopped):
            task.cancel()
        await asyncio.gather(working, stopped, return_exceptions=True)
