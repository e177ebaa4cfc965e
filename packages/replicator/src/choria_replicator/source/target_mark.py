"""Which target the consumer of an ordered copy is read for.

The consumers of two copies of one name cannot be told apart, and the one that
starts later removes the other's: on an interest stream, with all that the other
had not settled.  So each says in its metadata what target it is read for.

A target is known again by either of:

* when its stream was created, unless domain and cluster say that it is elsewhere.
  It may be reached by another URL, or by a server that was named anew;
* where it is asked for: a stream of that name that was wiped and made anew at the
  same servers, for the same user, takes the place of the one before.
"""

import ipaddress
import socket
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote

from choria_core.nats.endpoint import Credentials, Endpoint
from choria_core.nats.jetstream import ConsumerInfo, StreamInfo

TARGET: Final = "choria_sr_target"
_PARTS: Final = 5


@dataclass(frozen=True, slots=True)
class TargetMark:
    """A target stream, as it is known again at the next start.

    Attributes:
        stream: its name.
        created: when it was, as the server words it; empty while it is missing.
        cluster: JetStream domain and cluster; either may be empty.
        user: as whom it is asked; empty for nobody.
        addresses: of its servers, in order, and the id of the one that was asked.
    """

    stream: str
    created: str
    cluster: tuple[str, str]
    user: str
    addresses: tuple[str, ...]

    def __str__(self) -> str:
        """For people."""
        return f"stream {self.stream} at {','.join(self.addresses[:-1])}"

    def format(self) -> str:
        """As metadata."""
        cluster = "/".join(quote(part, safe="") for part in self.cluster)
        addresses = ",".join(self.addresses)
        return f"{self.stream} {self.created} {cluster} {quote(self.user)} {addresses}"

    def is_same(self, other: "TargetMark") -> bool:
        """Whether both are one target, whatever became of its stream."""
        if self.stream != other.stream:
            return False
        if self.created and self.created == other.created:
            pairs = zip(self.cluster, other.cluster, strict=True)
            return all(one == another or not one or not another for one, another in pairs)
        return self.user == other.user and not set(self.addresses).isdisjoint(other.addresses)


def mark_of(endpoint: Endpoint, server_id: str, stream: StreamInfo) -> TargetMark:
    """The mark of a target stream that was asked for at ``endpoint``."""
    addresses = [f"{_host(server.host)}:{server.port}" for server in endpoint.servers]
    return TargetMark(
        stream.name,
        stream.created,
        (stream.domain, str(stream.cluster.get("name") or "")),
        _user(endpoint.credentials),
        (*addresses, server_id),
    )


def target_of(consumer: ConsumerInfo) -> TargetMark | None:
    """What a consumer is read for; None where it does not say, or unreadably."""
    parts = consumer.metadata.get(TARGET, "").split(" ")
    if len(parts) != _PARTS or parts[2].count("/") != 1:
        return None
    stream, created, cluster, user, addresses = parts
    domain, _, name = cluster.partition("/")
    places = tuple(addresses.split(","))
    return TargetMark(stream, created, (unquote(domain), unquote(name)), unquote(user), places)


def reads_for(consumer: ConsumerInfo, mark: TargetMark) -> bool:
    """Whether a consumer may be one of the copies to that target."""
    theirs = target_of(consumer)
    return theirs is None or theirs.is_same(mark)


def _host(host: str) -> str:
    """A loopback address means another machine on each."""
    try:
        is_loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = host.lower() == "localhost"
    return f"{socket.gethostname()}/{host.lower()}" if is_loopback else host.lower()


def _user(credentials: Credentials) -> str:
    """Who we are there, without any secret."""
    kinds = (("token", credentials.token), ("nkey", credentials.nkey_seed))
    kind = next((name for name, secret in kinds if secret), "")
    return credentials.user or credentials.file or kind
