"""Tell a NATS Streaming cluster from JetStream.

The original's ``topics:`` entries name NATS Streaming clusters.  Those that were
moved to JetStream keep the id as a label; a cluster that still answers to it is
another product with another protocol, and copying past it would find nothing.
"""

from choria_core.errors import NoRespondersError, RequestTimeoutError, WorkError
from choria_core.nats.transport import Transport


async def refuse_streaming_cluster(transport: Transport, cluster_id: str) -> None:
    """Make sure that no NATS Streaming server answers to ``cluster_id``.

    Raises:
        WorkError: one does.

    Source: the NATS Streaming protocol, "Connect": clients find a cluster by a
    request on ``_STAN.discover.<cluster id>``; an empty one is refused with an
    answer and changes nothing.
    """
    if not cluster_id or any(c in cluster_id for c in " .*>"):
        return
    try:
        await transport.request(f"_STAN.discover.{cluster_id}", timeout_seconds=2.0)
    except (NoRespondersError, RequestTimeoutError):
        return
    raise WorkError(
        f"{cluster_id} at {transport.server.url} is a NATS Streaming cluster: this release copies "
        "JetStream streams only; move the channel to a stream first"
    )
