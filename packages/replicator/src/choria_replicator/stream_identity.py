"""Whether two looks at a stream saw the same one, whatever URLs led there.

Names of servers tell little: one broker has several, a cluster has several
brokers, a leafnode may pass requests on to another one's JetStream, and one
broker keeps streams of the same name for different accounts.  What a stream
says of itself tells more, and its leader says the same wherever it was asked:

* when it was created, to the nanosecond.  No two streams of a name share that,
  unless one was restored from a backup of the other;
* where it is: JetStream domain, cluster, and the servers that hold it.  A
  restored one is elsewhere.
"""

from collections.abc import Set as AbstractSet

from choria_core.nats.jetstream import StreamInfo


def is_same_stream(one: StreamInfo, other: StreamInfo) -> bool:
    """Whether both describe one and the same stream."""
    return (
        (one.name, one.created, one.domain) == (other.name, other.created, other.domain)
        and one.cluster.get("name", "") == other.cluster.get("name", "")
        and _meet(_holders(one), _holders(other))
    )


def _holders(info: StreamInfo) -> AbstractSet[str]:
    """Names of the servers that keep it; old ones that stand alone do not say."""
    replicas = info.cluster.get("replicas") or ()
    names = [info.cluster.get("leader"), *(replica.get("name") for replica in replicas)]
    return {name for name in names if name}


def _meet(one: AbstractSet[str], other: AbstractSet[str]) -> bool:
    return not one or not other or bool(one & other)
