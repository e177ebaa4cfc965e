"""One emulated node as filters and agents see it; made when somebody looks."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from choria_core.agents.data_source import data_functions
from choria_core.agents.node import ConnectionFacts, NetworkFacts
from choria_core.ddl.document import Metadata
from choria_core.filters.node_view import DataFunction, NodeView
from choria_core.node.gate import RequestCounts
from choria_core.server.served_node import VERSION

if TYPE_CHECKING:
    from choria_emulator.node.emulated_node import EmulatedNode
    from choria_emulator.node.traits import Traits

CONFIG_FILE: Final = "/etc/choria/server.conf"
"""Where nodes say that their configuration is; there is no such file for each of them."""

PING_INTERVAL_SECONDS: Final = 120.0


class Face:
    """One node, as :class:`choria_core.agents.node.Node` wants it.

    It notices whether somebody saw what is this node's own: an answer that was made without
    is every other node's answer as well.

    Attributes:
        is_seen: whether that happened.
    """

    __slots__ = ("_node", "_traits", "is_seen")

    def __init__(self, node: "EmulatedNode", traits: "Traits") -> None:
        self._node = node
        self._traits = traits
        self.is_seen = False

    def view(self) -> NodeView:
        """The node as filters see it."""
        traits, node = self._traits, self._node
        return NodeView(
            node.identity,
            traits.agent_names,
            node.classes() if traits.classes is None else traits.classes,
            node.facts(),
            data_functions(traits.sources, self),
        )

    @property
    def identity(self) -> str:
        """Its name."""
        self.is_seen = True
        return self._node.identity

    @property
    def collectives(self) -> Sequence[str]:
        """All that it is in."""
        return self._traits.collectives

    @property
    def main_collective(self) -> str:
        """The first of them."""
        return self._traits.collectives[0]

    @property
    def version(self) -> str:
        """Of the program."""
        return VERSION

    @property
    def config_file(self) -> str:
        """Where a real node would have it."""
        return CONFIG_FILE

    @property
    def started(self) -> float:
        """Unix time of its first connection."""
        self.is_seen = True
        return self._node.started

    @property
    def counts(self) -> RequestCounts:
        """What it has counted."""
        self.is_seen = True
        return self._node.counts()

    @property
    def events(self) -> int:
        """How many lifecycle events it has published."""
        self.is_seen = True
        return self._node.events

    def agents(self) -> Sequence[Metadata]:
        """Its agents, by name."""
        return self._traits.metadata

    def classes(self) -> Sequence[str]:
        """Its classes."""
        if self._traits.classes is not None:
            return self._traits.classes
        self.is_seen = True
        return self._node.classes()

    def facts(self) -> Mapping[str, object]:
        """Its facts."""
        self.is_seen = True
        return self._node.facts()

    def data_functions(self) -> Mapping[str, DataFunction]:
        """Its data sources."""
        return data_functions(self._traits.sources, self)

    def config_item(self, key: str) -> object:
        """A value of its configuration; raises KeyError."""
        if key == "identity":
            return self.identity
        return self._traits.config_item(key)

    def connection(self) -> ConnectionFacts:
        """Its connection."""
        self.is_seen = True
        node = self._node
        return ConnectionFacts(
            name=node.identity,
            connected_server=node.broker.url,
            servers=(node.broker.url,),
            has_tls=self._traits.has_tls,
            ping_interval_seconds=PING_INTERVAL_SECONDS,
            in_messages=node.requests,
            out_messages=node.replies + node.events,
            in_bytes=node.in_bytes,
            out_bytes=node.out_bytes,
            reconnects=max(0, node.connections - 1),
        )

    def network(self) -> NetworkFacts:
        """Its network."""
        return self._traits.network
