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
        dialect: which configuration dialect the entry is written in.
        inspect: the field sampled by; empty where nothing is sampled.
        received_messages, received_bytes: read from the source, redelivered
            and replayed ones not counted twice.
        copied_messages, copied_bytes: confirmed by the target; bytes of bodies.
        skipped_messages, skipped_bytes: sampled away.
        too_old_messages: skipped because of their age.
        keyless_messages: let through because they hold no sampling value.
        forced_messages: let through in spite of the limiter.
        failed_messages: publishes that the target refused or never confirmed.
        ack_failures: acknowledgements that the source did not take.
        handler_errors: messages whose handling failed.
        meta_parse_failures: messages whose metadata made no sense.
        consumers_created: consumers made on the source, the first included.
        resyncs: times the copy went back to the target's tail.
        dropped_headers: headers whose effect the target does not allow.
        reconnects_source, reconnects_target: connections made again.
        processing_seconds_sum, processing_count: time from read to confirmed.
        read_sequence: last source sequence read.
        frontier_sequence: source sequence up to which all is settled.
        source_last_sequence: newest sequence the source is known to hold.
        lag_messages: source messages not yet settled.
        lag_seconds: age of the oldest of them, by the source's clock.
        limiter_items: values tracked by the limiter.
        limiter_passed: decisions of the limiter to copy a value.
        unconfirmed_messages: published and not yet confirmed.
        state: what the copy is doing.
        last_error: the newest error in words; empty when there was none.
    """

    stream: str
    site: str
    worker: str
    dialect: Dialect = "streams"
    inspect: str = ""

    received_messages: int = 0
    received_bytes: int = 0
    copied_messages: int = 0
    copied_bytes: int = 0
    skipped_messages: int = 0
    skipped_bytes: int = 0
    too_old_messages: int = 0
    keyless_messages: int = 0
    forced_messages: int = 0
    failed_messages: int = 0
    ack_failures: int = 0
    handler_errors: int = 0
    meta_parse_failures: int = 0
    consumers_created: int = 0
    resyncs: int = 0
    dropped_headers: int = 0
    reconnects_source: int = 0
    reconnects_target: int = 0
    processing_seconds_sum: float = 0.0
    processing_count: int = 0
    read_sequence: int = 0
    frontier_sequence: int = 0
    source_last_sequence: int = 0
    lag_messages: int = 0
    lag_seconds: float = 0.0
    limiter_items: int = 0
    limiter_passed: int = 0
    unconfirmed_messages: int = 0
    state: State = "starting"
    last_error: str = ""
