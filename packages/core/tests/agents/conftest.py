"""A node that stands still, with the facts and classes of a recorded one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
import yaml

from choria_core import hooks
from choria_core.agents.data_source import data_functions, load_data_sources
from choria_core.agents.loading import LoadedAgent, load_agents
from choria_core.agents.node import ConnectionFacts, NetworkFacts
from choria_core.ddl.document import Metadata
from choria_core.errors import PluginError
from choria_core.filters.node_view import DataFunction
from choria_core.node.gate import RequestCounts
from choria_core.plugins import Plugins
from choria_testing import vectors


@dataclass
class StillNode:
    """A node without a network."""

    plugins: Plugins
    loaded: Mapping[str, LoadedAgent]
    identity: str = "node1.example"
    collectives: Sequence[str] = ("mcollective", "uk")
    main_collective: str = "mcollective"
    version: str = "0.1.0"
    config_file: str = "/etc/choria/server.conf"
    started: float = 1_795_425_806.0
    counts: RequestCounts = field(default_factory=RequestCounts)
    events: int = 1
    options: Mapping[str, object] = field(
        default_factory=lambda: {"collectives": ["mcollective", "uk"]}
    )

    def agents(self) -> Sequence[Metadata]:
        return [self.loaded[name].metadata for name in sorted(self.loaded)]

    def classes(self) -> Sequence[str]:
        return vectors.path("classes-node1.txt").read_text().splitlines()

    def facts(self) -> Mapping[str, object]:
        facts: dict[str, Any] = yaml.safe_load(vectors.path("facts-node1.yaml").read_text())
        return facts

    def data_functions(self) -> Mapping[str, DataFunction]:
        return data_functions(load_data_sources(self.plugins, report=fail), self)

    def config_item(self, key: str) -> object:
        return self.options[key]

    def connection(self) -> ConnectionFacts:
        return ConnectionFacts(
            name=self.identity,
            connected_server="nats://127.0.0.1:4222",
            servers=("nats://127.0.0.1:4222",),
        )

    def network(self) -> NetworkFacts:
        return NetworkFacts(is_signed=False, brokers=("127.0.0.1:4222",))


def fail(error: PluginError) -> None:
    raise error


@pytest.fixture
def plugins() -> Plugins:
    """Core's own contributions."""
    plugins = Plugins()
    plugins.register(hooks, "core")
    return plugins


@pytest.fixture
def node(plugins: Plugins) -> StillNode:
    """A node with core's own agents."""
    return StillNode(plugins, load_agents(plugins, report=fail))
