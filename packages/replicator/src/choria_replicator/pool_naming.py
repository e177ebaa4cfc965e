"""By what the things of a pool are known: its consumer, and its copies.  Pure."""

import re
from hashlib import sha256
from typing import Final

from choria_core.nats.jetstream import ConsumerInfo
from choria_replicator.target.tail import Tail

_DESCRIPTION: Final = "Choria Stream Replicator pool "
_MESSAGE_ID: Final = re.compile(r"([0-9a-f]{24})\.([0-9]+)")


def pool_consumer_name(group: str) -> str:
    """Name of a group's consumer; the hash keeps apart what the letters cannot say."""
    letters = "".join(c if (c.isascii() and c.isalnum()) or c in "-_" else "_" for c in group)
    return f"choria_sr_pool_{letters[:40]}_{sha256(group.encode()).hexdigest()[:8]}"


def describe_group(group: str) -> str:
    """The description of a group's consumer, from which :func:`group_of` reads it back."""
    return f"{_DESCRIPTION}{group}"


def group_of(consumer: ConsumerInfo) -> str:
    """The group that a consumer belongs to; empty where it is no pool's."""
    description = str(consumer.config.get("description", ""))
    group = description.removeprefix(_DESCRIPTION)
    return group if group and pool_consumer_name(group) == consumer.name else ""


def message_id_prefix(*, group: str, stream: str, created: str) -> bytes:
    """What the ids of one stream's copies begin with; the source sequence follows.

    The time at which the stream was created tells it from a successor of its
    name, and from a stream of the same name at another site.  The names of
    replicator and entry are left out: processes of one group may differ in them.
    """
    return b"%b." % sha256(f"{group}\n{stream}\n{created}".encode()).hexdigest()[:24].encode()


def is_of_pool(tail: Tail) -> bool:
    """Whether a pool wrote the target's last message, which then says nothing of those before."""
    found = _MESSAGE_ID.fullmatch(tail.message_id)
    return (
        found is not None
        and tail.provenance is not None
        and int(found[2]) == tail.provenance.sequence
    )
