"""Descriptions of agents: those that plugins have, and those in folders of the configuration.

    library = DdlLibrary(config.library_folders, plugins)
    library.find("puppet").action("runonce")

A folder has them in ``choria/agent`` and ``mcollective/agent``, at any depth, as files that
are called as the agent with ``.json`` behind.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from choria_core.agents.loading import load_agent
from choria_core.ddl.document import Ddl, decode_ddl
from choria_core.errors import ConfigError, PluginError, UsageError
from choria_core.plugins import Plugins
from choria_core.protocol.names import is_agent

LARGEST_BYTES: Final = 4 << 20

_SUBFOLDERS: Final = ("choria/agent", "mcollective/agent")


class DdlLibrary:
    """Finds descriptions, and remembers them.

    Args:
        folders: of the configuration, ``libdir``.
        plugins: whose agents describe themselves, and that describe others; None for none.
    """

    def __init__(self, folders: Iterable[Path], plugins: Plugins | None = None) -> None:
        self._folders = tuple(
            folder.expanduser() / below for folder in folders for below in _SUBFOLDERS
        )
        self._plugins = plugins
        self._found: dict[str, Ddl] = {}

    def find(self, agent: str) -> Ddl:
        """The description of ``agent``; an installed agent's own comes first.

        Raises:
            UsageError: nobody describes such an agent.
            ConfigError: its file is none.
            PluginError: the installed agent, or what a plugin says of it, is broken.
        """
        found = self._found.get(agent)
        if found is None:
            found = self._found[agent] = self._look_up(agent)
        return found

    def names(self) -> list[str]:
        """All agents that are described, in the order of the alphabet."""
        offered: set[str] = set()
        if self._plugins is not None:
            offered = {*self._plugins.agents(), *self._plugins.descriptions()}
        return sorted(offered | {path.stem for path in self._files()})

    def _look_up(self, agent: str) -> Ddl:
        if not is_agent(agent):
            raise UsageError(f"{agent[:80]!a} is no name of an agent: use letters, digits, _ and -")
        offered = None if self._plugins is None else _offered_ddl(self._plugins, agent)
        if offered is not None:
            return offered
        path = next((path for path in self._files() if path.stem == agent), None)
        if path is None:
            folders = ", ".join(map(str, self._folders))
            where = (
                f"and no {agent}.json describes one in {folders}"
                if folders
                else f"and libdir is not set: set it to a folder with choria/agent/{agent}.json"
            )
            raise UsageError(f"no installed plugin has an agent {agent}, {where}")
        return _read(path, agent)

    def _files(self) -> Iterator[Path]:
        for folder in self._folders:
            yield from sorted(path for path in folder.rglob("*.json") if path.is_file())


def _offered_ddl(plugins: Plugins, agent: str) -> Ddl | None:
    """What a plugin says of an agent; None where none does."""
    installed = plugins.agents().get(agent)
    if installed is not None:
        return load_agent(installed).ddl
    described = plugins.descriptions().get(agent)
    if described is None:
        return None
    target = described.load()
    try:
        ddl = target(agent) if callable(target) else target
    except Exception as error:  # whatever a foreign function raises
        problem = f"its description of {agent} cannot be had: {type(error).__name__}: {error}"
        raise PluginError(described.plugin, problem) from error
    if not isinstance(ddl, Ddl) or ddl.metadata.name != agent:
        raise PluginError(described.plugin, f"its description of {agent} is none")
    return ddl


def _read(path: Path, agent: str) -> Ddl:
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise ConfigError(f"{path} is too large for a description of an agent")
        ddl = decode_ddl(path.read_bytes(), source=str(path))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    if ddl.metadata.name != agent:
        raise ConfigError(f"{path} describes the agent {ddl.metadata.name!a}, not {agent}")
    return ddl
