"""Sources of data about a node, for ``rpcutil get_data`` and for compound filters.

class Updates(DataSource):
    name = "updates"
    description = "Packages that wait to be updated"

    def read(self, node: Node, query: str) -> Mapping[str, object]:
        return {"count": len(self._waiting())}

choria find -S 'updates().count > 10'
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import ClassVar

from choria_core.agents.node import Node
from choria_core.errors import PluginError
from choria_core.filters.node_view import DataFunction
from choria_core.hookspecs import DataSourcePlugin
from choria_core.plugins import Offered, Plugins
from choria_core.telemetry.logs import get_logger


class DataSource:
    """Base of data sources; one instance serves all nodes and threads of a process.

    Attributes:
        name: as expressions call it.
        takes_query: whether it must be given a text, as in ``file("/etc/motd").size``.
    """

    name: ClassVar[str] = ""
    description: ClassVar[str] = ""
    takes_query: ClassVar[bool] = False

    def read(self, node: Node, query: str) -> Mapping[str, object]:
        """What it knows of ``node``, fit for JSON; at once, for requests wait for it.

        Raises:
            Exception: of any kind; the source then counts as having nothing.
        """
        raise NotImplementedError


def load_data_sources(
    plugins: Plugins, *, report: Callable[[PluginError], None]
) -> dict[str, DataSource]:
    """All data sources by name; broken ones are left out and told to ``report``."""
    sources: dict[str, DataSource] = {}
    for name, offered in plugins.data_sources().items():
        try:
            sources[name] = _load(offered)
        except PluginError as error:
            report(error)
    return sources


def data_functions(sources: Mapping[str, DataSource], node: Node) -> dict[str, DataFunction]:
    """The sources as filters call them for one node."""
    return {
        name: DataFunction(partial(_answer, source, node), source.takes_query)
        for name, source in sources.items()
    }


def _answer(source: DataSource, node: Node, query: str) -> Mapping[str, object] | None:
    try:
        return source.read(node, query)
    except (Exception, SystemExit):  # noqa: BLE001 -- whatever a foreign source raises
        get_logger("choria.data").exception("data_source_failed", source=source.name)
        return None


def _load(offered: Offered[DataSourcePlugin]) -> DataSource:
    """Raises PluginError."""
    source, name = offered.load(), offered.offer.name
    if not (isinstance(source, type) and issubclass(source, DataSource)):
        problem = f"{offered.offer.target} is no class made from DataSource"
        raise PluginError(offered.plugin, problem)
    if source.name != name:
        raise PluginError(offered.plugin, f"data source {name} calls itself {source.name!r}")
    try:
        return source()
    except (Exception, SystemExit) as error:
        problem = f"data source {name} cannot be made: {error}"
        raise PluginError(offered.plugin, problem) from error
