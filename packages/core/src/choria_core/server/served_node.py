"""A node as its agents see it, made of a server's configuration."""

from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version

from choria_core.agents.config_items import config_item
from choria_core.agents.data_source import DataSource, data_functions
from choria_core.agents.loading import LoadedAgent
from choria_core.agents.node import ConnectionFacts, NetworkFacts
from choria_core.ddl.document import Metadata
from choria_core.filters.node_view import DataFunction, NodeView
from choria_core.network_config.server_config import ServerConfig
from choria_core.node.gate import RequestCounts
from choria_core.server.figures import Figures
from choria_core.server.status import Status

VERSION = version("choria-core")
"""Of this program."""


class ServedNode:
    """One node; agents, sources, facts and classes may be other nodes' as well.

    Args:
        config: of the node.
        agents, sources: all that the process has.
        facts, classes: what they are just now; the same object while they do not change.
        connection, network: likewise.
        counts: of its gate.
        figures: of its connection.
        started: unix time of its start.
        status: what its status file says.
    """

    __slots__ = (
        "_agents",
        "_classes",
        "_config",
        "_connection",
        "_counts",
        "_data",
        "_facts",
        "_figures",
        "_network",
        "_started",
        "_status",
        "_view",
    )

    def __init__(  # noqa: PLR0913 - it joins that many
        self,
        config: ServerConfig,
        *,
        agents: Mapping[str, LoadedAgent],
        sources: Mapping[str, DataSource],
        facts: Callable[[], Mapping[str, object]],
        classes: Callable[[], Sequence[str]],
        connection: Callable[[], ConnectionFacts],
        network: Callable[[], NetworkFacts],
        counts: RequestCounts,
        figures: Figures,
        started: float,
        status: Callable[[], Status],
    ) -> None:
        self._config = config
        self._agents = agents
        self._data = data_functions(sources, self)
        self._facts = facts
        self._classes = classes
        self._connection = connection
        self._network = network
        self._counts = counts
        self._figures = figures
        self._started = started
        self._status = status
        self._view = NodeView(config.identity, tuple(sorted(agents)), data=self._data)

    def view(self) -> NodeView:
        """The node as filters see it just now."""
        facts, classes, view = self._facts(), self._classes(), self._view
        if facts is not view.facts or classes is not view.classes:
            view = NodeView(view.identity, view.agents, classes, facts, self._data)
            self._view = view
        return view

    @property
    def identity(self) -> str:
        """Its name."""
        return self._config.identity

    @property
    def collectives(self) -> Sequence[str]:
        """All that it is in."""
        return self._config.collectives

    @property
    def main_collective(self) -> str:
        """The first of them."""
        return self._config.main_collective

    @property
    def version(self) -> str:
        """Of the program."""
        return VERSION

    @property
    def config_file(self) -> str:
        """Its configuration, with the whole path, as other machines are told it."""
        return str(self._config.file.absolute())

    @property
    def config(self) -> ServerConfig:
        """Its configuration."""
        return self._config

    @property
    def shares_config(self) -> bool:
        """Nobody else has it."""
        return False

    @property
    def started(self) -> float:
        """Unix time of its start."""
        return self._started

    @property
    def counts(self) -> RequestCounts:
        """What its gate has counted."""
        return self._counts

    @property
    def events(self) -> int:
        """How many lifecycle events it has published."""
        return self._figures.events

    def agents(self) -> Sequence[Metadata]:
        """Its agents, by name."""
        return [self._agents[name].metadata for name in sorted(self._agents)]

    def classes(self) -> Sequence[str]:
        """Its classes."""
        return self._classes()

    def facts(self) -> Mapping[str, object]:
        """Its facts."""
        return self._facts()

    def data_functions(self) -> Mapping[str, DataFunction]:
        """Its data sources."""
        return self._data

    def config_item(self, key: str) -> object:
        """A value of its configuration; raises KeyError."""
        return config_item(self._config.settings, key)

    def connection(self) -> ConnectionFacts:
        """Its connection."""
        return self._connection()

    def status(self) -> Status:
        """What its status file says, or would."""
        return self._status()

    def network(self) -> NetworkFacts:
        """Its network."""
        return self._network()
