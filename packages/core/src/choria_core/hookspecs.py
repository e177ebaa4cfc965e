"""What a plugin may contribute.  This module is the whole plugin contract.

A plugin is a module with functions marked :data:`hookimpl`, named by an entry
point of its distribution:

    [project.entry-points."choria.plugins"]
    example = "choria_plugin_example.hooks"

Every ``choria`` process imports every such module, so it imports nothing but
this one and builds nothing at import.  A hook may take fewer arguments than
its specification here, never others.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    import typer

PROJECT = "choria"
ENTRY_POINT_GROUP = "choria.plugins"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@dataclass(frozen=True, slots=True)
class Command:
    """A subcommand of ``choria``.

    Attributes:
        name: what the user types, unique among all plugins.
        target: ``package.module:attribute``, imported when the command is used
            and not before: a function becomes a single command, a ``Typer`` a
            group.  The thing itself is taken too.
        help: one line for ``choria --help``.
        panel: heading to be listed under; empty for the common one.
        hidden: leave it out of ``choria --help``.
    """

    name: str
    target: "str | Callable[..., None] | typer.Typer"
    help: str
    panel: str = ""
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """Something else that a plugin contributes by name.

    Attributes:
        name: unique among all plugins; small letters, digits and ``_``.
        target: ``package.module:attribute``, imported when it is needed and not before.
            The thing itself is taken too.
    """

    name: str
    target: object


class AgentPlugin(Part):
    """An agent: a class made from :class:`choria_core.agents.agent.Agent`."""


class DescriptionPlugin(Part):
    """The description of an agent that nodes elsewhere have, for those who call it.

    Its target is called with the name of the agent, and gives a
    :class:`choria_core.ddl.document.Ddl`.
    """


class DataSourcePlugin(Part):
    """A data source: a class made from :class:`choria_core.agents.data_source.DataSource`."""


class AuthorizerPlugin(Part):
    """An authorizer: its target makes one.

    It is called with a :class:`choria_core.network_config.server_config.ServerConfig` and
    gives a :class:`choria_core.authorization.authorizer.Authorizer`, or raises ConfigError.
    """


class AuditorPlugin(Part):
    """An auditor: its target makes one.

    It is called with a :class:`choria_core.network_config.server_config.ServerConfig` and
    gives a :class:`choria_core.audit.auditor.Auditor`, or raises ConfigError.
    """


class RegistrationPlugin(Part):
    """A kind of registration.

    Its target is a class as :class:`choria_core.registration.registration.Registration`.
    """


class DiscoveryMethodPlugin(Part):
    """A discovery method: its target is an ``async`` function.

    It is called with a :class:`choria_core.discovery.request.DiscoveryRequest` and a
    :class:`choria_core.network_config.client_config.ClientConfig`, and gives a list of the
    identities that it found.
    """


class DataStorePlugin(Part):
    """A kind of data store: a class as :class:`choria_core.playbook.data_store.DataStore`."""


class NodeSetPlugin(Part):
    """A kind of node set: a class as :class:`choria_core.playbook.node_set.NodeSet`."""


class TaskPlugin(Part):
    """A kind of task: a class as :class:`choria_core.playbook.task.Task`."""


@hookspec
def choria_commands() -> Iterable[Command]:  # type: ignore[empty-body]  # a specification
    """Contribute subcommands to the ``choria`` program.

    Called once per process, before arguments are parsed.

    A command parses its options, calls one function of its package and prints.
    It catches nothing and returns nothing: a ``ChoriaError`` that leaves it
    becomes one line and an exit code.

    Returns:
        The commands.  Of two plugins that offer one name the first by name has
        it, core before all; the other's command is left out and reported.
    """


@hookspec
def choria_agents() -> Iterable[AgentPlugin]:  # type: ignore[empty-body]  # a specification
    """Contribute agents, which every server of this machine will offer.

    Called once per process, by servers and by clients, who need the description
    of an agent to call it.  An agent is imported when a server starts, or when its
    description is wanted; it serves all nodes of the process.

    Returns:
        The agents.  Two plugins that offer one name: as with commands.
    """


@hookspec
def choria_descriptions() -> Iterable[DescriptionPlugin]:  # type: ignore[empty-body]  # a specification
    """Contribute descriptions of agents that no server of this machine shall offer.

    Called once per process, by clients.  An agent that is installed describes itself.

    Returns:
        The descriptions.  Two plugins that offer one name: as with commands.
    """


@hookspec
def choria_data_sources() -> Iterable[DataSourcePlugin]:  # type: ignore[empty-body]  # a specification
    """Contribute what ``rpcutil get_data`` answers, and what expressions may call.

    Called once per process.

    Returns:
        The data sources.  Two plugins that offer one name: as with commands.
    """


@hookspec
def choria_authorizers() -> Iterable[AuthorizerPlugin]:  # type: ignore[empty-body]  # a specification
    """Contribute authorizers, of which ``rpcauthprovider`` chooses one by name.

    Called once per process, by servers.

    Returns:
        The authorizers.  Two plugins that offer one name: as with commands.
    """


@hookspec
def choria_auditors() -> Iterable[AuditorPlugin]:  # type: ignore[empty-body]  # a specification
    """Contribute auditors, of which ``rpcauditprovider`` chooses one by name.

    Called once per process, by servers.

    Returns:
        The auditors.  Two plugins that offer one name: as with commands.
    """


@hookspec
def choria_registrations() -> Iterable[RegistrationPlugin]:  # type: ignore[empty-body]  # a specification
    """Contribute kinds of registration, of which ``registration`` chooses some by name.

    Called once per process, by servers and by emulated nodes.

    Returns:
        The kinds.  Two plugins that offer one name: as with commands.
    """


@hookspec
def choria_discovery_methods() -> Iterable[DiscoveryMethodPlugin]:  # type: ignore[empty-body]  # a specification
    """Contribute ways to find nodes, of which ``--dm`` chooses one by name.

    Called once per process, by clients.

    Returns:
        The methods.  Two plugins that offer one name: as with commands.
    """


@hookspec
def choria_data_stores() -> Iterable[DataStorePlugin]:  # type: ignore[empty-body]  # a specification
    """Contribute kinds of data stores, which playbooks choose by ``type``.

    Called once per process, by whatever reads playbooks.

    Returns:
        The kinds.  Two plugins that offer one name: as with commands.
    """


@hookspec
def choria_node_sets() -> Iterable[NodeSetPlugin]:  # type: ignore[empty-body]  # a specification
    """Contribute kinds of node sets, which playbooks choose by ``type``.

    Called once per process, by whatever reads playbooks.

    Returns:
        The kinds.  Two plugins that offer one name: as with commands.
    """


@hookspec
def choria_tasks() -> Iterable[TaskPlugin]:  # type: ignore[empty-body]  # a specification
    """Contribute kinds of tasks, which playbooks name as the key of a task.

    Called once per process, by whatever reads playbooks.

    Returns:
        The kinds.  Two plugins that offer one name: as with commands.
    """
