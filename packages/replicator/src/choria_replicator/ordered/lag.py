"""How far a copy trails its source, in messages and in seconds.

Both count what is not *settled*: neither on the target nor sampled away.  A
sampled stream that is fully read has no lag, however little of it was copied.
Seconds are the age of the oldest unsettled message by the source's clock, so a
clock of ours that is wrong does no harm.

The watch needs the source alone: it begins when that is connected, and goes on
while the target is away.
"""

import asyncio
import contextlib
from typing import Final

from choria_core.errors import ChoriaError
from choria_core.nats.jetstream import JetStream, StreamInfo
from choria_core.nats.transport import Transport
from choria_replicator.ordered.backlog import Backlog
from choria_replicator.ordered.ordered_copy import OrderedCopy
from choria_replicator.settings.model import StreamSettings
from choria_replicator.source.source_consumer import entry_consumers, original_floor, settled_by
from choria_replicator.stats import StreamStats
from choria_replicator.survey import source_stream

LOOK_SECONDS: Final = 1.0
ASK_EVERY: Final = 5
"""Looks between two questions to the source while all goes well."""


class LagWatch:
    """Keeps the lag in ``stats`` true, also while the copy stands still.

    Attributes:
        copy: to be set once there is one.
    """

    def __init__(self, settings: StreamSettings, stats: StreamStats) -> None:
        self.copy: OrderedCopy | None = None
        self._settings = settings
        self._stats = stats
        self._backlog = Backlog(settings, stats)
        self._received = 0
        self._looks = 0
        self._watching: asyncio.Task[None] | None = None

    def start(self, source: Transport) -> None:
        """Look once a second from now on; ``source`` is connected."""
        self._watching = asyncio.create_task(
            self._run(JetStream(source)), name=f"lag of {self._settings.worker}"
        )

    async def stop(self) -> None:
        """Look for the last time.  Harmless before :meth:`start`."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        self._look(is_last=True)

    async def _run(self, jetstream: JetStream) -> None:
        while True:
            if self._looks % ASK_EVERY == 0 or not self._is_flowing:
                with contextlib.suppress(ChoriaError):  # the copy says what is wrong
                    await self._ask(jetstream)
            self._look()
            self._looks += 1
            await asyncio.sleep(LOOK_SECONDS)

    @property
    def _is_at_work(self) -> bool:
        return self._stats.state in ("copying", "idle")

    @property
    def _is_flowing(self) -> bool:
        return self._is_at_work and self.copy is not None and self.copy.is_flowing

    def _look(self, *, is_last: bool = False) -> None:
        """Work out the lag from what is known here."""
        incarnation = self.copy.incarnation if self.copy else None
        stats = self._stats
        if incarnation is not None and self._is_at_work and (is_last or self._is_flowing):
            waiting = incarnation.pending_messages + incarnation.unsettled_messages
            self._backlog.tell(waiting, incarnation.oldest_unsettled_ms)
            stats.unconfirmed_messages = incarnation.unconfirmed_messages
        else:
            self._backlog.age()
        received, self._received = self._received, stats.received_messages
        stats.rest(is_busy=stats.lag_messages > 0 or stats.received_messages > received)

    async def _ask(self, jetstream: JetStream) -> None:
        """Ask the source what it holds behind the frontier."""
        known = self.copy.consumer if self.copy else None
        if known is None:
            stream = await source_stream(jetstream, self._settings)
        else:
            stream = await jetstream.stream_info(known.stream_name)
        found = await jetstream.find_consumer(stream.name, known.name) if known else None
        if found is not None:
            settled = self._stats.frontier_sequence
            await self._backlog.ask(jetstream, stream, found, settled=settled)
        else:
            await self._ask_without_copy(jetstream, stream)
        incarnation = self.copy.incarnation if self.copy else None
        if found is not None and incarnation is not None and incarnation.is_settled:
            incarnation.told_pending(found.num_pending)

    async def _ask_without_copy(self, jetstream: JetStream, stream: StreamInfo) -> None:
        """Go by what earlier runs have left on the source, the original's included."""
        site, worker = self._settings.site, self._settings.worker
        left = await entry_consumers(jetstream, stream.name, site=site, worker=worker)
        newest = max(left, key=settled_by, default=None)
        settled = self._stats.frontier_sequence
        if newest is None:
            settled = max(settled, await original_floor(jetstream, stream.name, worker=worker))
        await self._backlog.ask(jetstream, stream, newest, settled=settled)
