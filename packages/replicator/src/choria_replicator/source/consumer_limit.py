"""A source stream that allows only so many consumers."""

from collections.abc import Collection, Sequence

from choria_core.errors import WorkError
from choria_core.nats.jetstream import JetStream, StreamInfo


def consumer_limit(stream: StreamInfo) -> int:
    """How many consumers a stream allows; 0 for any number."""
    return max(int(stream.config.get("max_consumers") or 0), 0)


async def refuse_full(
    jetstream: JetStream, stream: StreamInfo, *, predecessors: Collection[str]
) -> None:
    """Make sure that there is room for one more consumer.

    ``predecessors`` are those whose place it takes.

    Raises:
        WorkError: there is none.
    """
    if not consumer_limit(stream):
        return
    names = [consumer.name async for consumer in jetstream.consumers(stream.name)]
    makes_room = stream.retention != "interest" and not set(names).isdisjoint(predecessors)
    if len(names) >= consumer_limit(stream) and not makes_room:
        raise no_room(stream, names, predecessors)


def no_room(
    stream: StreamInfo, names: Sequence[str], predecessors: Collection[str] = ()
) -> WorkError:
    """The error that names the limit and who has used it up."""
    text = (
        f"stream {stream.name} allows {consumer_limit(stream)} consumers (max_consumers), and "
        f"has {', '.join(names)}: "
    )
    ours = [name for name in names if name in predecessors]
    if not ours:
        return WorkError(f"{text}remove one that nothing uses, or make the stream with more")
    return WorkError(
        f"{text}an interest stream forgets what its last consumer has not settled, so that "
        f"{ours[0]} must stay until its successor is there. Make the stream with one consumer "
        "more; or, while nobody publishes and nothing is unprocessed, remove that one"
    )
