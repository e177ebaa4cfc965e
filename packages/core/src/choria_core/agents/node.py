"""What agents may ask of the node that they act for.  Pure.

A process can speak for many nodes, which share their agents; so an agent keeps
nothing of a node, and asks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from choria_core.ddl.document import Metadata
from choria_core.filters.node_view import DataFunction

if TYPE_CHECKING:  # who describes an agent needs none of what opens requests
    from choria_core.node.gate import RequestCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionFacts:
    """The node's connection, at this moment.

    Attributes:
        name: that the broker shows for it.
        connected_server: URL of the broker; empty while there is none.
        servers: URLs of all brokers that were tried or could be.
        has_tls: whether the connection is encrypted.
        reconnects: since the node's start.
    """

    name: str
    connected_server: str = ""
    servers: tuple[str, ...] = ()
    has_tls: bool = False
    connect_timeout_seconds: float = 2.0
    ping_interval_seconds: float = 120.0
    max_outstanding_pings: int = 2
    in_messages: int = 0
    out_messages: int = 0
    in_bytes: int = 0
    out_bytes: int = 0
    reconnects: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkFacts:
    """How the node was told to find and trust its network.

    Attributes:
        is_signed: whether requests must be signed.
        srv_domain, uses_srv: where SRV records are asked for, and whether they are.
        brokers: ``host:port`` of those that the configuration or SRV records name.
    """

    is_signed: bool
    srv_domain: str = ""
    uses_srv: bool = False
    brokers: tuple[str, ...] = ()


class Node(Protocol):
    """A node of the network, as its agents see it."""

    @property
    def identity(self) -> str:
        """Its name."""

    @property
    def collectives(self) -> Sequence[str]:
        """All that it is in, the main one among them."""

    @property
    def main_collective(self) -> str:
        """The collective that it belongs to first of all."""

    @property
    def version(self) -> str:
        """Of the program."""

    @property
    def config_file(self) -> str:
        """The file that it was configured by."""

    @property
    def started(self) -> float:
        """Unix time of its start."""

    @property
    def counts(self) -> "RequestCounts":
        """What it has counted since then."""

    @property
    def events(self) -> int:
        """How many lifecycle events it has published since then."""

    def agents(self) -> Sequence[Metadata]:
        """Its agents, by name."""

    def classes(self) -> Sequence[str]:
        """Its classes, as its configuration management wrote them."""

    def facts(self) -> Mapping[str, object]:
        """Its facts: decoded JSON, not to be changed."""

    def data_functions(self) -> Mapping[str, DataFunction]:
        """Its data sources by name."""

    def config_item(self, key: str) -> object:
        """The value of a key of its configuration, fit for JSON, secrets hidden.

        Raises:
            KeyError: there is no such key.
        """

    def connection(self) -> ConnectionFacts:
        """Its connection."""

    def network(self) -> NetworkFacts:
        """Its network."""
