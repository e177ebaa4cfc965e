"""What all emulated nodes of one group have in common."""

from collections.abc import Callable, Mapping, Sequence

from choria_core.agents.data_source import DataSource
from choria_core.agents.loading import LoadedAgent
from choria_core.agents.node import NetworkFacts


class Traits:
    """What all nodes of one group have in common.

    Args:
        agents: by name.
        collectives: the main one first.
        classes: of every node; None where each has its own.
        sources: of data, by name.
        network: how they find and trust the network.
        config_item: value of a key of their configuration, or KeyError.
        has_tls: whether connections are encrypted.
    """

    def __init__(
        self,
        *,
        agents: Mapping[str, LoadedAgent],
        collectives: Sequence[str],
        classes: Sequence[str] | None,
        sources: Mapping[str, DataSource],
        network: NetworkFacts,
        config_item: Callable[[str], object],
        has_tls: bool,
    ) -> None:
        self.agents = agents
        self.agent_names = tuple(sorted(agents))
        self.metadata = tuple(agents[name].metadata for name in self.agent_names)
        self.collectives = tuple(collectives)
        self.classes = classes
        self.sources = sources
        self.network = network
        self.config_item = config_item
        self.has_tls = has_tls
