"""What a source still holds for a copy, whatever the target is doing.

Asked of the source alone: of the consumer that the copy reads by or an earlier
run has left, and where there is none yet, of the stream itself.
"""

import os
import time
from typing import Final

from choria_core.nats.jetstream import NANOSECONDS, ConsumerInfo, JetStream, StreamInfo
from choria_core.timestamps import parse_rfc3339_ms
from choria_replicator.ordered.position import resolve_start
from choria_replicator.settings.model import StartAll, StreamSettings
from choria_replicator.source.consumer_limit import consumer_limit
from choria_replicator.source.source_consumer import settled_by
from choria_replicator.source.start_point import from_sequence
from choria_replicator.stats import StreamStats

_PROBE_SECONDS: Final = 5
"""So long does a probe outlive us that could not be removed."""


class Backlog:
    """Keeps an entry's lag in the counters of its first worker.

    Between two answers of the source the oldest message grows older by the
    source's clock as it was last seen.
    """

    def __init__(self, settings: StreamSettings, stats: StreamStats) -> None:
        self._settings = settings
        self._stats = stats
        self._clock_offset_ms = 0
        self._oldest_ms = 0

    async def ask(
        self,
        jetstream: JetStream,
        stream: StreamInfo,
        consumer: ConsumerInfo | None,
        *,
        settled: int = 0,
    ) -> None:
        """Ask the source what it holds that is not settled.

        Args:
            jetstream: of the source.
            stream: the source stream as it is now.
            consumer: of the copy, as it is now; None where there is none.
            settled: source sequence up to which all is settled, as far as we
                know ourselves; 0 for nothing.

        Raises:
            TransportError: the source cannot answer now.
        """
        self._stats.source_last_sequence = stream.state.last_seq
        if stream.ts:
            self._clock_offset_ms = parse_rfc3339_ms(stream.ts) - round(time.time() * 1000)
        if consumer is None:
            waiting, settled = await self._without_consumer(jetstream, stream, settled)
        else:
            waiting = consumer.num_pending + consumer.num_ack_pending
            settled = max(settled, settled_by(consumer))
        oldest = None
        if waiting:
            subject = self._settings.filter_subject or ">"
            oldest = await jetstream.message_from(stream.name, settled + 1, subject)
        self.tell(waiting, parse_rfc3339_ms(oldest.time) if oldest else 0)

    async def _without_consumer(
        self, jetstream: JetStream, stream: StreamInfo, settled: int
    ) -> tuple[int, int]:
        """How many messages a new reader would find, and the sequence before the first.

        Elsewhere than on a stream with limits a reader of ours could take
        messages away from others: there all that the stream holds counts.  Where
        the stream allows only so many readers, ours takes nobody's place: all behind
        ``settled`` counts, wanted or not.
        """
        is_whole = isinstance(self._settings.start, StartAll) and not settled
        if stream.retention != "limits" or (is_whole and not self._settings.filter_subject):
            return stream.state.messages, settled
        start = resolve_start(self._settings, stream, ())
        if consumer_limit(stream):
            settled = settled or (start.sequence or 1) - 1
            behind = max(stream.state.last_seq - settled, 0)
            return min(behind, stream.state.messages), settled
        probe = await jetstream.create_consumer(
            stream.name,
            {
                "name": f"choria_sr_lag_{os.urandom(6).hex()}",
                "ack_policy": "none",
                "mem_storage": True,
                "num_replicas": 1,
                "inactive_threshold": _PROBE_SECONDS * NANOSECONDS,
                "filter_subject": self._settings.filter_subject,
                **(from_sequence(settled + 1) if settled else start.deliver()),
            },
        )
        await jetstream.delete_consumer(stream.name, probe.name)
        return probe.num_pending, settled_by(probe)

    def tell(self, waiting: int, oldest_ms: int) -> None:
        """Take note of what waits: messages, and source time of the oldest; 0 if unknown."""
        self._stats.lag_messages = waiting
        self._oldest_ms = (oldest_ms or self._oldest_ms) if waiting else 0
        self.age()

    def age(self) -> None:
        """Work out the seconds anew."""
        now_ms = time.time() * 1000 + self._clock_offset_ms
        seconds = (now_ms - self._oldest_ms) / 1000 if self._oldest_ms else 0.0
        self._stats.lag_seconds = max(0.0, seconds)
