"""Agents of the installed distributions, imported and described."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from choria_core.agents.action_threads import ActionThreads
from choria_core.agents.agent import Agent
from choria_core.agents.declaration import DeclaredAction, declare
from choria_core.ddl.document import Ddl, Metadata
from choria_core.errors import PluginError
from choria_core.hookspecs import AgentPlugin
from choria_core.plugins import Offered, Plugins


@dataclass(frozen=True, slots=True)
class LoadedAgent:
    """An agent ready to act, for every node of the process.

    Attributes:
        ddl: its description; of a raw agent without actions.
        instance: its class's.
        threads: for actions that are not asynchronous.
    """

    ddl: Ddl
    actions: Mapping[str, DeclaredAction]
    instance: Agent
    threads: ActionThreads

    @property
    def metadata(self) -> Metadata:
        """What it says of itself."""
        return self.ddl.metadata

    @property
    def name(self) -> str:
        """Its name."""
        return self.ddl.metadata.name


def load_agents(
    plugins: Plugins, *, report: Callable[[PluginError], None]
) -> dict[str, LoadedAgent]:
    """All agents by name; broken ones are left out and told to ``report``."""
    agents: dict[str, LoadedAgent] = {}
    for name, offered in plugins.agents().items():
        try:
            agents[name] = load_agent(offered)
        except PluginError as error:
            report(error)
    return agents


def load_agent(offered: Offered[AgentPlugin]) -> LoadedAgent:
    """Import an agent, read its description and make its instance.

    Raises:
        PluginError: any of that fails, or it has another name than was announced.
    """
    agent = offered.load()
    if not (isinstance(agent, type) and issubclass(agent, Agent)):
        raise PluginError(offered.plugin, f"{offered.offer.target} is no class made from Agent")
    if agent.name != offered.offer.name:
        raise PluginError(
            offered.plugin, f"agent {offered.offer.name} calls itself {agent.name!r} in its class"
        )
    declared = declare(agent, plugin=offered.plugin)
    try:
        instance = agent()
    except Exception as error:
        raise PluginError(offered.plugin, f"agent {agent.name} cannot be made: {error}") from error
    return LoadedAgent(declared.ddl, declared.actions, instance, ActionThreads(agent.name))
