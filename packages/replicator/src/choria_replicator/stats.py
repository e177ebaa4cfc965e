"""What one stream's copy counts while it runs.  Pure.

Plain numbers, added to on the hot path; the metrics, the live view and the
summary read them when they are asked.
"""

from dataclasses import dataclass
from typing import Literal

State = Literal["starting", "copying", "idle", "resyncing", "failed", "stopped"]
Dialect = Literal["topics", "streams"]


@dataclass(slots=True, kw_only=True)
class StreamStats:
    """Counters and gauges of one worker of one entry.

    Attributes:
        stream, site, worker: labels: source stream, replicator, entry.
        name: of the worker for people, unlike any other's of the process.
        dialect: which configuration dialect the entry is written in.
        inspect: the field sampled by; empty where nothing is sampled.
        received_messages, received_bytes: read from the source and settled, each
            once: copied or sampled away; bytes of bodies.
        copied_messages, copied_bytes: of these, stored by the target.
        skipped_messages, skipped_bytes: of these, sampled away.
        keyless_messages: let through because they hold no sampling value.
        failed_messages: not taken by the target, as refused, unfit for it or, in a
            pool, not answered; each time counts.
        ack_failures: acknowledgements lost because the source was away.
        consumers_created: consumers made on the source, the first included.
        resyncs: times the copy went back to the target's tail.
        dropped_headers: headers whose effect the target does not allow.
        reconnects_source, reconnects_target: connections made again.
        connection_errors: connections lost, and attempts that failed.
        connections_closed: connections given up for good.
        processing_seconds_sum, processing_count: time from read to confirmed.
        read_sequence: last source sequence read.
        frontier_sequence: source sequence up to which all is settled.
        source_last_sequence: newest sequence the source is known to hold.
        lag_messages: source messages not yet settled.
        lag_seconds: age of the oldest of them, by the source's clock.
        limiter_items: values tracked by the limiter.
        unconfirmed_messages: published and not yet confirmed.
        state: what the copy is doing; idle where nothing came and nothing waits.
        source_down, target_down: why there is no connection to that side, in
            words; empty while there is one, and before the first attempt failed.
        last_error: the newest error in words; empty when there was none.
    """

    stream: str
    site: str
    worker: str
    dialect: Dialect = "streams"
    inspect: str = ""
    name: str = ""

    received_messages: int = 0
    received_bytes: int = 0
    copied_messages: int = 0
    copied_bytes: int = 0
    skipped_messages: int = 0
    skipped_bytes: int = 0
    keyless_messages: int = 0
    failed_messages: int = 0
    ack_failures: int = 0
    consumers_created: int = 0
    resyncs: int = 0
    dropped_headers: int = 0
    reconnects_source: int = 0
    reconnects_target: int = 0
    connection_errors: int = 0
    connections_closed: int = 0
    processing_seconds_sum: float = 0.0
    processing_count: int = 0
    read_sequence: int = 0
    frontier_sequence: int = 0
    source_last_sequence: int = 0
    lag_messages: int = 0
    lag_seconds: float = 0.0
    limiter_items: int = 0
    unconfirmed_messages: int = 0
    state: State = "starting"
    source_down: str = ""
    target_down: str = ""
    last_error: str = ""

    @property
    def trouble(self) -> str:
        """Why nothing is copied now, in words; empty while all is well."""
        if self.state == "stopped":
            return ""
        if self.state == "failed":
            return self.last_error
        down = "; ".join(filter(None, (self.source_down, self.target_down)))
        return down or (self.last_error if self.state == "resyncing" else "")

    def rest(self, *, is_busy: bool) -> None:
        """Tell a copy that has nothing to do from one at work."""
        if self.state in ("copying", "idle"):
            self.state = "copying" if is_busy else "idle"
