"""Agents and data sources of plugins are loaded, and broken ones left out with a reason."""

import types
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from choria_core import hooks
from choria_core.agents.agent import Agent, RawAgent
from choria_core.agents.data_source import DataSource, data_functions, load_data_sources
from choria_core.agents.loading import load_agents
from choria_core.agents.node import Node
from choria_core.errors import PluginError
from choria_core.hookspecs import AgentPlugin, DataSourcePlugin, hookimpl
from choria_core.plugins import Plugins, PluginState


class Greeter(RawAgent):
    """A good one."""

    name = "greeter"
    description = "Greets"
    author = "J. Doe"
    license = "MIT"
    version = "1.0"
    url = "https://example.net"


class Sulky(Greeter):
    """Cannot be made."""

    name = "sulky"

    def __init__(self) -> None:
        raise RuntimeError("not today")


class Uptime(DataSource):
    """A good one."""

    name = "uptime"

    def read(self, node: Node, query: str) -> Mapping[str, object]:
        return {"since": node.started}


class Leaky(Uptime):
    """Fails when it is asked."""

    name = "leaky"

    def read(self, node: Node, query: str) -> Mapping[str, object]:
        raise OSError(query)


def with_agents(*offers: object) -> Plugins:
    """Plugins of which one offers these agents."""

    @hookimpl
    def choria_agents() -> Iterable[object]:
        return offers

    module = types.ModuleType("mine")
    module.choria_agents = choria_agents  # type: ignore[attr-defined]
    plugins = Plugins()
    plugins.register(hooks, "core")
    plugins.register(module, "mine")
    return plugins


@pytest.mark.parametrize(
    ("offer", "said"),
    [
        (AgentPlugin("greeter", "no_such_module:Greeter"), "cannot load its agent greeter"),
        (AgentPlugin("greeter", "choria_core.errors:Greeter"), "choria_core.errors has no Greeter"),
        (AgentPlugin("greeter", "choria_core.errors:ChoriaError"), "is no class made from Agent"),
        (AgentPlugin("other", Greeter), "agent other calls itself 'greeter' in its class"),
        (AgentPlugin("sulky", Sulky), "agent sulky cannot be made: not today"),
        (AgentPlugin("agent", Agent), "agent agent calls itself ''"),
    ],
)
def test_a_broken_agent_is_left_out_with_a_reason(offer: AgentPlugin, said: str) -> None:
    problems: list[PluginError] = []

    agents = load_agents(with_agents(offer), report=problems.append)

    assert set(agents) == {"choria_util", "discovery", "rpcutil"}
    [problem] = problems
    assert said in str(problem)
    assert problem.plugin == "mine"


def test_agents_of_plugins_stand_beside_those_of_core() -> None:
    problems: list[PluginError] = []

    agents = load_agents(with_agents(AgentPlugin("greeter", Greeter)), report=problems.append)

    assert not problems
    assert agents["greeter"].metadata.description == "Greets"
    assert agents["greeter"].metadata.timeout == 10


def test_core_keeps_its_names_and_the_other_is_told() -> None:
    plugins = with_agents(AgentPlugin("rpcutil", Greeter))

    assert plugins.agents()["rpcutil"].plugin == "core"
    assert [str(problem) for problem in plugins.problems()] == [
        "plugin mine: its agent rpcutil is left out: plugin core offers one of that name"
    ]


@pytest.mark.parametrize(
    ("offer", "said"),
    [
        (Greeter, "it must give AgentPlugin records, not type"),
        (AgentPlugin("Greeter", Greeter), "'Greeter' is no name for an agent"),
        (AgentPlugin("greeter", "nothing"), "target 'nothing' of greeter is not module:attribute"),
    ],
)
def test_a_hook_that_gives_something_else_fails_its_plugin(offer: object, said: str) -> None:
    plugins = with_agents(offer)

    assert "greeter" not in plugins.agents()
    assert said in str(plugins.problems()[0])
    assert plugins.infos()[1].state is PluginState.FAILED


def test_the_hooks_of_a_plugin_are_listed() -> None:
    [core, mine] = with_agents().infos()

    assert mine.hooks == ("choria_agents",)
    assert {"choria_agents", "choria_authorizers", "choria_data_sources"} <= set(core.hooks)


def test_data_sources_of_plugins_answer_or_have_nothing(node: Any) -> None:
    @hookimpl
    def choria_data_sources() -> Iterable[DataSourcePlugin]:
        return [
            DataSourcePlugin("uptime", Uptime),
            DataSourcePlugin("leaky", Leaky),
            DataSourcePlugin("other", Uptime),
            DataSourcePlugin("agent", Agent),
        ]

    module = types.ModuleType("mine")
    module.choria_data_sources = choria_data_sources  # type: ignore[attr-defined]
    node.plugins.register(module, "mine")
    problems: list[str] = []

    sources = load_data_sources(
        node.plugins, report=lambda problem: problems.append(problem.problem)
    )

    functions = data_functions(sources, node)
    assert sorted(functions) == ["choria", "config_item", "leaky", "uptime"]
    assert functions["uptime"].run("") == {"since": node.started}
    assert functions["leaky"].run("") is None
    assert functions["config_item"].run("collectives") == {
        "present": True,
        "value": ["mcollective", "uk"],
    }
    assert functions["config_item"].run("no.such") == {"present": False, "value": None}
    assert [problem.partition(":")[0] for problem in problems] == [
        "data source other calls itself 'uptime'",
        "<class 'choria_core.agents.agent.Agent'> is no class made from DataSource",
    ]
