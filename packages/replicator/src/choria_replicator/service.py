"""All entries of one process, their metrics, their health and their end."""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import structlog
from prometheus_client import CollectorRegistry

from choria_core.nats.connection_observer import ConnectionObserver
from choria_core.telemetry.metrics import new_registry
from choria_core.telemetry.monitor import Check, Health, Monitor
from choria_replicator.entry import Entry, Manner, entries_of
from choria_replicator.metrics import StreamMetrics
from choria_replicator.settings.model import ReplicatorSettings


def instance_name() -> str:
    """Names this process among all that may run the same entry, for people too."""
    return f"{socket.gethostname()}:{os.getpid()}:{os.urandom(4).hex()}"


@dataclass(frozen=True, slots=True)
class Replicator:
    """A process's worth of copies.  Build one with :func:`replicator_of`.

    Attributes:
        settings: of all entries.
        manner: how they run.
        entries: one for each stream of the settings.
        registry: where their metrics are.
    """

    settings: ReplicatorSettings
    manner: Manner
    entries: tuple[Entry, ...]
    registry: CollectorRegistry

    async def run(self, stop: asyncio.Event) -> None:
        """Copy until every entry is done, stopped or in trouble beyond help.

        Trouble of one entry leaves the others running; it is kept in the entry
        and raised at the end.

        Raises:
            ExceptionGroup: of the ChoriaErrors that ended entries.
            ConfigError: a port of the monitor is taken, before anything is copied.
        """
        observer = ConnectionObserver(self.registry)
        async with self._monitors(), asyncio.TaskGroup() as group:
            for entry in self.entries:
                group.create_task(
                    self._one(entry, observer, stop), name=f"copy {entry.settings.worker}"
                )
        errors = [entry.error for entry in self.entries if entry.error is not None]
        if errors:
            raise ExceptionGroup("entries failed", errors)

    async def _one(self, entry: Entry, observer: ConnectionObserver, stop: asyncio.Event) -> None:
        await entry.run(self.manner, observer.listener, stop)
        if entry.error is not None and len(self.entries) > 1:
            structlog.get_logger("replicator").error(
                "an entry ended, the others go on",
                entry=entry.name,
                cause=str(entry.error),
            )

    def health(self) -> Health:
        """Well while every entry copies, has ended well, or has only begun to connect."""
        return Health(
            tuple(
                Check(
                    stats.name,
                    not stats.trouble,
                    f"{stats.state}: {stats.trouble}" if stats.trouble else stats.state,
                )
                for entry in self.entries
                for stats in entry.stats
            )
        )

    def variables(self) -> Mapping[str, object]:
        """Every counter by worker, for ``/debug/vars``."""
        return {
            stats.name: {name: getattr(stats, name) for name in stats.__slots__}
            for entry in self.entries
            for stats in entry.stats
        }

    @contextlib.asynccontextmanager
    async def _monitors(self) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as stack:
            for port in self.settings.monitor_ports:
                monitor = Monitor(
                    self.registry, port=port, health=self.health, variables=self.variables
                )
                await stack.enter_async_context(monitor)
            yield


def replicator_of(settings: ReplicatorSettings, manner: Manner) -> Replicator:
    """The replicator for ``settings``, with a registry of its own."""
    entries = entries_of(settings.streams)
    registry = new_registry()
    StreamMetrics(lambda: [one for entry in entries for one in entry.stats], registry=registry)
    return Replicator(settings, manner, entries, registry)


def summary_of(replicator: Replicator) -> dict[str, object]:
    """What was done, in JSON types: the answer of ``--json``."""
    return {
        "site": replicator.settings.site,
        "instance": replicator.manner.instance,
        "entries": [_entry_summary(entry) for entry in replicator.entries],
    }


def _entry_summary(entry: Entry) -> dict[str, object]:
    total = {
        name: entry.total(name)
        for name in (
            "received_messages",
            "received_bytes",
            "copied_messages",
            "copied_bytes",
            "skipped_messages",
            "keyless_messages",
            "failed_messages",
            "dropped_headers",
            "resyncs",
            "lag_messages",
        )
    }
    seconds = entry.running_seconds
    return {
        "entry": entry.settings.worker,
        "stream": entry.stats[0].stream,
        "source": str(entry.settings.source),
        "target": str(entry.settings.target),
        "state": entry.state,
        **total,
        "lag_seconds": round(max(stats.lag_seconds for stats in entry.stats), 3),
        "frontier_sequence": max(stats.frontier_sequence for stats in entry.stats),
        "seconds": round(seconds, 3),
        "read_per_second": round(total["received_messages"] / seconds, 1) if seconds else 0.0,
        "error": str(entry.error) if entry.error is not None else None,
        "last_error": entry.last_error or None,
    }
