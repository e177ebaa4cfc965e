"""What a pool left behind where an ordered copy is to go on.

A pool's newest copy says little: messages before it may have been in the hands of
another worker.  What the whole pool has settled is known to its consumer.
"""

from choria_core.nats.jetstream import JetStream, StreamInfo
from choria_replicator.ordered.resume import PoolTrace
from choria_replicator.pool_naming import group_of, is_of_pool, message_id_prefix
from choria_replicator.target.tail import Tail


async def find_pool_trace(
    jetstream: JetStream, source: StreamInfo, tail: Tail | None
) -> PoolTrace | None:
    """The pool that wrote ``tail``; None where none did."""
    if tail is None or not is_of_pool(tail):
        return None
    async for consumer in jetstream.consumers(source.name):
        group = group_of(consumer)
        prefix = message_id_prefix(group=group, stream=source.name, created=source.created)
        if group and tail.message_id.startswith(prefix.decode()):
            floor = consumer.ack_floor.stream_seq
            return PoolTrace(consumer.name, group, floor, consumer.num_ack_pending)
    return PoolTrace()
