"""How far a copy trails its source, in messages and in seconds.

Both count what is not *settled*: neither on the target nor sampled away.  A
sampled stream that is fully read has no lag, however little of it was copied.
Seconds are the age of the oldest unsettled message by the source's clock, so a
clock of ours that is wrong does no harm.
"""

import asyncio
import contextlib
import time
from typing import Final

from choria_core.errors import ChoriaError
from choria_core.nats.jetstream import JetStream
from choria_core.timestamps import parse_rfc3339_ms
from choria_replicator.ordered.ordered_copy import OrderedCopy
from choria_replicator.stats import StreamStats

LOOK_SECONDS: Final = 1.0
ASK_EVERY: Final = 5
"""Looks between two questions to the source while all goes well."""


class LagWatch:
    """Keeps the lag in ``stats`` true, also while the copy stands still."""

    def __init__(
        self, jetstream: JetStream, copy: OrderedCopy, stats: StreamStats, *, filter_subject: str
    ) -> None:
        self._jetstream = jetstream
        self._copy = copy
        self._stats = stats
        self._filter = filter_subject or ">"
        self._clock_offset_ms = 0
        self._oldest_ms = 0
        self._looks = 0

    async def run(self) -> None:
        """Look once a second, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self._looks += 1
            if self._looks % ASK_EVERY == 0 or not self._is_flowing:
                with contextlib.suppress(ChoriaError):
                    await self._ask()
            self._look()

    @property
    def _is_flowing(self) -> bool:
        return self._stats.state == "copying" and self._copy.is_flowing

    def _look(self) -> None:
        """Work out the lag from what is known here."""
        incarnation = self._copy.incarnation
        stats = self._stats
        if incarnation is not None and self._is_flowing:
            stats.lag_messages = incarnation.pending_messages + incarnation.unsettled_messages
            stats.unconfirmed_messages = incarnation.unconfirmed_messages
            self._oldest_ms = incarnation.oldest_unsettled_ms or self._oldest_ms
        if not stats.lag_messages:
            self._oldest_ms = 0
            stats.lag_seconds = 0.0
        elif self._oldest_ms:
            now_ms = time.time() * 1000 + self._clock_offset_ms
            stats.lag_seconds = max(0.0, (now_ms - self._oldest_ms) / 1000)

    async def _ask(self) -> None:
        """Ask the source what it holds behind the frontier."""
        consumer = self._copy.consumer
        if consumer is None:
            return
        stream = await self._jetstream.stream_info(consumer.stream_name)
        self._stats.source_last_sequence = stream.state.last_seq
        if stream.ts:
            self._clock_offset_ms = parse_rfc3339_ms(stream.ts) - round(time.time() * 1000)
        found = await self._jetstream.find_consumer(consumer.stream_name, consumer.name)
        if found is None:
            return
        self._stats.lag_messages = found.num_pending + found.num_ack_pending
        incarnation = self._copy.incarnation
        if incarnation is not None and incarnation.is_settled:
            incarnation.told_pending(found.num_pending)
        if self._stats.lag_messages:
            behind = self._stats.frontier_sequence + 1
            oldest = await self._jetstream.message_from(stream.name, behind, self._filter)
            self._oldest_ms = parse_rfc3339_ms(oldest.time) if oldest is not None else 0
