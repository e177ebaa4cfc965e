"""Where a pool begins that an ordered copy of the same entry was there before."""

from dataclasses import dataclass

from choria_core.errors import WorkError
from choria_core.nats.jetstream import JetStream, StreamInfo
from choria_replicator.ordered.position import find_position, stored_books
from choria_replicator.sampling.limiter_state import LimiterState
from choria_replicator.settings.model import StreamSettings
from choria_replicator.source.source_consumer import entry_consumers
from choria_replicator.source.target_mark import mark_of, reads_for
from choria_replicator.target.tail import Tail
from choria_replicator.target.target_stream import read_tail


@dataclass(frozen=True, slots=True)
class Handover:
    """What an ordered copy left behind.

    Attributes:
        settled: source sequence up to which nothing is left to do; 0 for none.
        reason: for the log and ``--check``.
        consumers: its consumers on the source, which nobody needs any more.
    """

    settled: int = 0
    reason: str = ""
    consumers: tuple[str, ...] = ()


async def ordered_before(
    source_js: JetStream,
    target_js: JetStream,
    settings: StreamSettings,
    *,
    source: StreamInfo,
    target: StreamInfo,
    limiter: LimiterState | None,
) -> Handover:
    """Find out what an ordered copy of the entry has settled.

    The target's tail decides, as it does for an ordered copy, where such a one
    wrote it; else what that one's consumers had acknowledged.

    ``limiter`` is the sampling state that it kept; None without one.
    """
    mark = mark_of(settings.target, target_js.transport.server.server_id, target)
    left = await entry_consumers(source_js, source.name, site=settings.site, worker=settings.worker)
    consumers = [consumer for consumer in left if reads_for(consumer, mark)]
    names = tuple(consumer.name for consumer in consumers)
    tail = await read_tail(target_js, target)
    is_ours = tail is not None and _is_written_by(settings, source, tail)
    if not names and not is_ours:
        return Handover()
    books = stored_books(source, consumers, 0, limiter)
    if tail is not None and not is_ours:
        return Handover(books.frontier, "an ordered copy had settled all up to there", names)
    try:
        position = await find_position(
            source_js, target_js, settings, source=source, target=target, books=books
        )
    except WorkError:  # the source was made anew: nothing of this one was copied
        return Handover(0, "", names)
    return Handover(max(position.copy_from - 1, 0), position.reason, names)


def _is_written_by(settings: StreamSettings, source: StreamInfo, tail: Tail) -> bool:
    origin = tail.provenance
    return origin is not None and (origin.stream, origin.site, origin.worker) == (
        source.name,
        settings.site,
        settings.worker,
    )
