"""What core itself contributes to the ``choria`` program."""

from collections.abc import Iterable

from choria_core.hookspecs import (
    AgentPlugin,
    AuthorizerPlugin,
    Command,
    DataSourcePlugin,
    hookimpl,
)


@hookimpl
def choria_commands() -> Iterable[Command]:
    """The commands of core."""
    return [
        Command("audit", "choria_core.commands.audit:audit", "Read the audit logs of nodes."),
        Command("broker", "choria_core.commands.broker:app", "Run a NATS server."),
        Command("discover", "choria_core.commands.find:find", "Find nodes.", hidden=True),
        Command("facts", "choria_core.commands.facts:facts", "Count the values of a fact."),
        Command("find", "choria_core.commands.find:find", "Find nodes."),
        Command("inventory", "choria_core.commands.inventory:inventory", "Show a node."),
        Command("jwt", "choria_core.commands.jwt:app", "Make and show keys and tokens."),
        Command("ping", "choria_core.commands.ping:ping", "See which nodes answer."),
        Command(
            "plugin", "choria_core.commands.plugin:app", "Show what is plugged in, or begin one."
        ),
        Command("req", "choria_core.commands.rpc:rpc", "Call agents of nodes.", hidden=True),
        Command("request", "choria_core.commands.rpc:rpc", "Call agents of nodes.", hidden=True),
        Command("rpc", "choria_core.commands.rpc:rpc", "Call agents of nodes."),
        Command("server", "choria_core.commands.server:app", "Be a node of a Choria network."),
        Command("tool", "choria_core.commands.tool:app", "Look at how this machine is set up."),
    ]


@hookimpl
def choria_agents() -> Iterable[AgentPlugin]:
    """The agents that every server of the network has."""
    return [
        AgentPlugin("choria_util", "choria_core.agents.choria_util:ChoriaUtil"),
        AgentPlugin("discovery", "choria_core.agents.discovery:Discovery"),
        AgentPlugin("rpcutil", "choria_core.agents.rpcutil:RpcUtil"),
    ]


@hookimpl
def choria_data_sources() -> Iterable[DataSourcePlugin]:
    """What the server knows of itself."""
    return [
        DataSourcePlugin("choria", "choria_core.agents.builtin_data:ChoriaData"),
        DataSourcePlugin("config_item", "choria_core.agents.builtin_data:ConfigItemData"),
    ]


@hookimpl
def choria_authorizers() -> Iterable[AuthorizerPlugin]:
    """Policies in files."""
    return [
        AuthorizerPlugin("action_policy", "choria_core.authorization.action_policy:from_config")
    ]
