"""Gather what decides where an ordered copy goes on."""

from collections.abc import Sequence
from dataclasses import dataclass

from choria_core.nats.jetstream import ConsumerInfo, JetStream, StreamInfo
from choria_core.timestamps import parse_rfc3339_ms
from choria_replicator.message.subject_map import covers
from choria_replicator.ordered.after_pool import find_pool_trace
from choria_replicator.ordered.resume import Evidence, Position, decide
from choria_replicator.sampling.limiter_state import LimiterState
from choria_replicator.settings.model import StreamSettings
from choria_replicator.source.source_consumer import START, settled_by
from choria_replicator.source.start_point import StartPoint, parse_start_point, resolve
from choria_replicator.survey import source_now_ms
from choria_replicator.target.tail import Tail
from choria_replicator.target.target_stream import read_tail


@dataclass(frozen=True, slots=True)
class Books:
    """What we know ourselves, apart from the target.

    Attributes:
        frontier: last settled source sequence; 0 if unknown.
        limiter: sampling state; None without one.
        expected_writer: who must have written the tail; None when anyone may.
        target_seen: the target's last sequence when we last looked; None before.
        own_floor: what the entry's own consumers had settled; 0 if unknown.
    """

    frontier: int = 0
    limiter: LimiterState | None = None
    expected_writer: tuple[str, str] | None = None
    target_seen: int | None = None
    own_floor: int = 0


async def find_position(
    source_jetstream: JetStream,
    target_jetstream: JetStream,
    settings: StreamSettings,
    *,
    source: StreamInfo,
    target: StreamInfo,
    books: Books,
) -> Position:
    """Gather what :func:`~choria_replicator.ordered.resume.decide` needs, and decide."""
    tail = await read_tail(target_jetstream, target)
    pool = await find_pool_trace(source_jetstream, source, tail)
    return decide(
        Evidence(
            source_stream=source.name,
            source_created_ms=_created_ms(source),
            source_first_sequence=source.state.first_seq,
            source_last_sequence=source.state.last_seq,
            source_timestamp_at_tail_ms=await _timestamp_at(source_jetstream, source, tail),
            source_keeps_read=source.retention == "limits",
            target_stream=target.name,
            target_last_sequence=target.state.last_seq,
            tail=tail,
            frontier=books.frontier,
            limiter=books.limiter,
            sampled=settings.sampling is not None,
            expected_writer=books.expected_writer,
            target_seen=books.target_seen,
            pool=pool,
            own_floor=books.own_floor,
            reads_part=_reads_part(source, settings.filter_subject),
        )
    )


def _reads_part(source: StreamInfo, filter_subject: str) -> bool:
    """Whether the source may hold messages that the filter leaves out."""
    told = not any(source.config.get(key) for key in ("mirror", "sources", "subject_transform"))
    is_whole = told and all(covers(filter_subject, one) for one in source.subjects)
    return bool(filter_subject) and not is_whole


def _created_ms(source: StreamInfo) -> int:
    """When the source was created; 0 for a mirror, whose messages may be older than it is."""
    return 0 if source.config.get("mirror") else parse_rfc3339_ms(source.created)


async def _timestamp_at(jetstream: JetStream, source: StreamInfo, tail: Tail | None) -> int | None:
    if tail is None or tail.provenance is None or tail.provenance.sequence < 1:
        return None
    message = await jetstream.message(source.name, tail.provenance.sequence)
    return None if message is None else parse_rfc3339_ms(message.time)


def resolve_start(
    settings: StreamSettings, source: StreamInfo, consumers: Sequence[ConsumerInfo]
) -> StartPoint:
    """The configured start, as an earlier run resolved it where there was one."""
    for consumer in consumers:
        kept = parse_start_point(consumer.metadata.get(START, ""), settings.start)
        if kept is not None:
            return kept
    return resolve(
        settings.start, now_ms=source_now_ms(source), last_sequence=source.state.last_seq
    )


def stored_books(
    source: StreamInfo,
    consumers: Sequence[ConsumerInfo],
    original_floor: int,
    limiter: LimiterState | None,
) -> Books:
    """What earlier runs left behind: consumers of the entry and of the original, sampling state."""
    if limiter is not None and limiter.stream_created not in ("", source.created):
        limiter = None  # of a stream that is gone
    own_floor = max(map(settled_by, consumers), default=0)
    settled = [original_floor, own_floor]
    if limiter is not None:
        settled.append(limiter.sequence or 0)
    return Books(frontier=max(settled), limiter=limiter, own_floor=own_floor)
