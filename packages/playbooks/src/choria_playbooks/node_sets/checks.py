"""What must be true before a book does anything: nodes answer, and agents are the right ones."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from choria_core.client.ddl_library import DdlLibrary
from choria_core.client.records import CallRequest
from choria_core.errors import ChoriaError, ConfigError, NodesError
from choria_core.playbook.workbench import Workbench
from choria_playbooks.node_sets.version_range import VersionRange, parse_range

RPCUTIL: Final = "rpcutil"

_MOST_SHOWN: Final = 20
_SHOWN_CHARS: Final = 40


async def test_connectivity(bench: Workbench, names: Sequence[str]) -> None:
    """Ping all nodes through their agent ``rpcutil``.

    Args:
        bench: has the client.
        names: of nodes; doubles are asked once.

    Raises:
        NodesError: some say that they failed, or do not answer.
        ConnectError, AuthenticationError: no broker lets us in.
        DisconnectedError, PermissionsError: nobody answered, for this reason.
    """
    asked = list(dict.fromkeys(names))
    _, failures = await _ask(bench, "ping", asked)
    problems = [f"{name}: {why}" for name, why in failures.items()]
    _refuse(problems, f"{len(problems)} of {len(asked)} nodes fail the connectivity test")


def check_local_agents(bench: Workbench, uses: Mapping[str, str]) -> None:
    """Hold the descriptions of agents on this machine to what a book uses; nobody is asked.

    Args:
        bench: knows the plugins, and the configuration that names folders.
        uses: ranges of versions, by agent.

    Raises:
        ConfigError: some have no description here, or one of another version.
        InvalidConfigError: the configuration cannot be read.
    """
    if not uses:
        return
    library = DdlLibrary(bench.config.library_folders, bench.plugins)
    problems = list(_local_problems(library, uses))
    if problems:
        raise ConfigError("; ".join(problems))


async def check_remote_agents(
    bench: Workbench, uses: Mapping[str, str], wanted: Mapping[str, Sequence[str]]
) -> None:
    """Ask nodes for the versions of their agents, all of them once.

    Args:
        bench: has the client.
        uses: ranges of versions, by agent.
        wanted: the nodes that must have an agent, by agent; where there are none, nobody is asked.

    Raises:
        ConfigError: ``uses`` does not have an agent that is wanted, or has what is no range.
        NodesError: some do not answer, lack an agent, or have another version.
        ConnectError, AuthenticationError: no broker lets us in.
        DisconnectedError, PermissionsError: nobody answered, for this reason.
    """
    ranges = {agent: _range_of(agent, uses) for agent in wanted}
    asked = list(dict.fromkeys(name for names in wanted.values() for name in names))
    inventories, failures = await _ask(bench, "agent_inventory", asked)
    problems = [f"{name}: no inventory of its agents: {why}" for name, why in failures.items()]
    for agent, names in wanted.items():
        for name in dict.fromkeys(names):
            problem = name in inventories and _problem(inventories[name], agent, ranges[agent])
            if problem:
                problems.append(f"{name}: {problem}")
    _refuse(problems, "nodes lack agents that the book uses")


async def _ask(
    bench: Workbench, action: str, names: Sequence[str]
) -> tuple[dict[str, Mapping[str, Any]], dict[str, str]]:
    """What nodes answer, and why others do not, by node; nobody is asked where there are none."""
    if not names:
        return {}, {}
    client = await bench.client()
    request = CallRequest(agent=RPCUTIL, action=action, nodes=names)
    replies = {reply.sender: reply for reply in (await client.call(request).result()).replies}
    answers: dict[str, Mapping[str, Any]] = {}
    failures: dict[str, str] = {}
    for name in names:
        reply = replies.get(name)
        if reply is None:
            failures[name] = "no answer"
        elif reply.is_ok:
            answers[name] = reply.data
        else:
            failures[name] = reply.statusmsg or f"status {reply.statuscode}"
    return answers, failures


def _local_problems(library: DdlLibrary, uses: Mapping[str, str]) -> Iterator[str]:
    for agent in uses:
        try:
            version = library.find(agent).metadata.version
            wanted = _range_of(agent, uses)
        except ChoriaError as error:
            yield str(error)
            continue
        if version not in wanted:
            yield (
                f"agent {agent}: its description here is of version {version or 'none'!a}, "
                f"and the book uses {wanted.text}"
            )


def _range_of(agent: str, uses: Mapping[str, str]) -> VersionRange:
    if agent not in uses:
        raise ConfigError(f"agent {agent} is used by a node set; name its versions in uses")
    try:
        return parse_range(uses[agent])
    except ConfigError as error:
        raise ConfigError(f"uses.{agent}: {error}") from None


def _problem(inventory: Mapping[str, Any], agent: str, wanted: VersionRange) -> str:
    """What is wrong with an agent of a node; empty for nothing."""
    found = inventory.get("agents")
    for described in found if isinstance(found, list) else ():
        if isinstance(described, Mapping) and described.get("agent") == agent:
            version = str(described.get("version", ""))
            if version in wanted:
                return ""
            return f"agent {agent} is {version[:_SHOWN_CHARS]!a}, wanted is {wanted.text}"
    return f"no agent {agent}"


def _refuse(problems: Sequence[str], what: str) -> None:
    """Raise where there are problems; of very many, the first are told."""
    if not problems:
        return
    more = len(problems) - _MOST_SHOWN
    rest = f"; and {more} more" if more > 0 else ""
    raise NodesError(f"{what}: {'; '.join(problems[:_MOST_SHOWN])}{rest}")
