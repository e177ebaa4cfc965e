"""One entry of the settings at work: its connections, its copy, its lag, its end."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from choria_core.errors import AuthenticationError, ChoriaError, ConfigError
from choria_core.nats.lean_transport import LeanTransport
from choria_replicator.claims import Claims
from choria_replicator.connections import Connections, Observe, Side
from choria_replicator.ordered.lag import LagWatch
from choria_replicator.ordered.ordered_copy import OrderedCopy, Surroundings
from choria_replicator.pool.pool_copy import Connect, PoolCopy
from choria_replicator.sampling.state_store import StateStore
from choria_replicator.settings.model import StreamSettings
from choria_replicator.stats import State, StreamStats

T = TypeVar("T")

_BY_URGENCY: Final[Sequence[State]] = (
    "failed",
    "resyncing",
    "starting",
    "copying",
    "idle",
    "stopped",
)


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
        seconds: how long it copied, from when both sides were connected.
    """

    settings: StreamSettings
    stats: tuple[StreamStats, ...]
    error: ChoriaError | None = None
    seconds: float = 0.0
    _name: str = ""
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
    def name(self) -> str:
        """For people, unlike any other's of the process."""
        return self._name or self.settings.worker

    @property
    def state(self) -> State:
        """Of its workers the one that needs attention most."""
        return min((stats.state for stats in self.stats), key=_BY_URGENCY.index)

    @property
    def trouble(self) -> str:
        """Why it copies nothing now, in words; empty while all is well."""
        return next((stats.trouble for stats in self.stats if stats.trouble), "")

    @property
    def last_error(self) -> str:
        """The newest error in words, of the first worker that had any; empty without."""
        return next((stats.last_error for stats in self.stats if stats.last_error), "")

    @property
    def has_started(self) -> bool:
        """Both sides were connected once."""
        return bool(self._started)

    @property
    def has_begun(self) -> bool:
        """It copied, or waited for a cluster; being refused is no beginning."""
        refused = isinstance(self.error, AuthenticationError | ConfigError)
        return self.has_started or (self.state != "starting" and not refused)

    def total(self, counter: str) -> int:
        """A counter of :class:`StreamStats` over its workers."""
        return sum(getattr(stats, counter) for stats in self.stats)

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
            connect = self._starting_with(connections)
            await PoolCopy(self.settings, around, self.stats, connect=connect).run(stop)
            return
        settings, stats = self.settings, self.stats[0]
        watch = LagWatch(settings, stats)
        async with contextlib.AsyncExitStack() as stack:

            def watch_from(source: LeanTransport) -> None:
                watch.start(source)
                stack.push_async_callback(watch.stop)

            sides = await _unless_stopped(connections.open_pair(stack, watch_from), stop)
            if sides is None:
                return
            self._started = time.monotonic()
            source, target = sides
            watch.copy = OrderedCopy(settings, around, stats, source=source, target=target)
            await watch.copy.run(stop)

    def _starting_with(self, connections: Connections) -> Connect:
        """Opens connections, and notes when all of them stand."""
        missing = 2 * len(self.stats)

        async def connect(side: Side, worker: str) -> LeanTransport:
            nonlocal missing
            transport = await connections.open(side, worker)
            missing -= 1
            if not missing:
                self._started = time.monotonic()
            return transport

        return connect

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


def entries_of(streams: Sequence[StreamSettings]) -> tuple[Entry, ...]:
    """The entries of a process, with nothing counted yet.

    Several under one name are told apart by their streams.
    """
    sharing = Counter(one.worker for one in streams)
    return tuple(_entry_of(one, is_alone=sharing[one.worker] == 1) for one in streams)


def _entry_of(settings: StreamSettings, *, is_alone: bool) -> Entry:
    workers = settings.pool.workers if settings.pool else 1
    stream = settings.source_stream or settings.filter_subject
    suffix = "" if is_alone else f" {stream}"
    return Entry(
        settings,
        tuple(
            StreamStats(
                stream=stream,
                site=settings.site,
                worker=settings.worker_name(index),
                name=settings.worker_name(index) + suffix,
                dialect=settings.dialect,
                inspect=str(settings.sampling.path) if settings.sampling else "",
            )
            for index in range(workers)
        ),
        _name=settings.worker + suffix,
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
