"""The agent ``rpcutil``: what a node knows about itself.

Source: the recorded replies of the Go programs; keys and types are theirs.
"""

import os
import platform
import threading
import time
from typing import Annotated, Any

from msgspec import Struct

from choria_core.agents.agent import (
    ActionError,
    Agent,
    AgentRequest,
    Fields,
    Input,
    Output,
    action,
    summary,
)
from choria_core.agents.node import Node
from choria_core.ddl.document import Metadata
from choria_core.filters.json_path import find
from choria_core.filters.limits import FilterError, Meter
from choria_core.filters.path_query import MISSING
from choria_core.protocol.rpc_body import StatusCode

_FACT_LIST = r"^\s*[\w\.\-]+(\s*,\s*[\w\.\-]+)*$"


class Pong(Struct, frozen=True):
    """Of ``ping``."""

    pong: Annotated[int, Output("Unix time of the node", "Timestamp")]


class Inventory(Struct, frozen=True):
    """Of ``inventory``."""

    agents: Annotated[list[str], Output("Names of the agents")]
    classes: Annotated[list[str], Output("Classes of the node")]
    collectives: Annotated[list[str], Output("All collectives", "All Collectives")]
    data_plugins: Annotated[list[str], Output("Names of the data sources")]
    facts: Annotated[dict[str, Any], Output("Facts and their values")]
    machines: Annotated[list[Any], Output("Autonomous agents")]
    main_collective: Annotated[str, Output("The main collective")]
    version: Annotated[str, Output("Version of the program")]
    upgradable: Annotated[bool, Output("Whether the program can be told to upgrade itself")] = False


class AgentInventory(Struct, frozen=True):
    """Of ``agent_inventory``."""

    agents: Annotated[list[dict[str, Any]], Output("What the agents say of themselves")]


class CollectiveInfo(Struct, frozen=True):
    """Of ``collective_info``."""

    main_collective: Annotated[str, Output("The main collective")]
    collectives: Annotated[list[str], Output("All collectives", "All Collectives")]


class CpuTimes(Struct, frozen=True):
    """Whole seconds of processor time: of the children, and of the process."""

    cstime: int
    cutime: int
    stime: int
    utime: int


class DaemonStats(Struct, frozen=True):
    """Of ``daemon_stats``."""

    agents: Annotated[list[str], Output("Names of the agents")]
    configfile: Annotated[str, Output("File that configured the server", "Config File")]
    filtered: Annotated[int, Output("Requests meant for other nodes", "Failed Filter")]
    pid: Annotated[int, Output("Process id", "PID")]
    passed: Annotated[int, Output("Requests meant for this node", "Passed Filter")]
    threads: Annotated[list[str], Output("Threads of the process")]
    replies: Annotated[int, Output("Replies sent")]
    starttime: Annotated[int, Output("Unix time of the server's start", "Start Time")]
    ttlexpired: Annotated[int, Output("Requests that came too late", "TTL Expired")]
    events: Annotated[int, Output("Lifecycle events published")]
    times: Annotated[CpuTimes, Output("Processor time used, in seconds")]
    total: Annotated[int, Output("Requests received", "Total Messages")]
    unvalidated: Annotated[int, Output("Requests refused", "Failed Security")]
    validated: Annotated[int, Output("Requests taken", "Security Validated")]
    version: Annotated[str, Output("Version of the program")]


class Fact(Struct, frozen=True):
    """Of ``get_fact``."""

    fact: Annotated[str, Output("Path of the fact")]
    value: Annotated[Any, Output("Its value; null where the node has none")] = None


class Facts(Struct, frozen=True):
    """Of ``get_facts``."""

    values: Annotated[dict[str, Any], Output("Values of the facts, null for those missing")]


class ConfigItem(Struct, frozen=True):
    """Of ``get_config_item``."""

    item: Annotated[str, Output("The key", "Property")]
    value: Annotated[Any, Output("Its value in use")] = None


class RpcUtil(Agent):
    """Every action of the original agent."""

    name = "rpcutil"
    description = "What a server knows about itself and its node"
    author = "The Choria toolkit in Python"
    license = "Apache-2.0"
    version = "1.0.0"
    url = "https://choria.io"
    timeout_seconds = 2

    @action("Answer with the time", display="always", quick=True)
    def ping(self) -> Pong:
        """The node's time, in whole seconds."""
        return Pong(int(time.time()))

    @action("Facts, classes, agents and more of the node", display="always", quick=True)
    def inventory(self, request: AgentRequest) -> Inventory:
        """Everything that filters can ask for."""
        node = request.node
        return Inventory(
            agents=_agents(node),
            classes=sorted(node.classes()),
            collectives=list(node.collectives),
            data_plugins=sorted(node.data_functions()),
            facts=dict(node.facts()),
            machines=[],
            main_collective=node.main_collective,
            version=node.version,
        )

    @action("The agents with their authors, licences and versions", display="always", quick=True)
    def agent_inventory(self, request: AgentRequest) -> AgentInventory:
        """What each agent's class says."""
        return AgentInventory([_described(metadata) for metadata in request.node.agents()])

    @action(
        "The collectives that the node is in",
        display="always",
        aggregate=[summary("collectives")],
        quick=True,
    )
    def collective_info(self, request: AgentRequest) -> CollectiveInfo:
        """The main one and all."""
        return CollectiveInfo(request.node.main_collective, list(request.node.collectives))

    @action(
        "Counts and resources of the running server",
        display="always",
        aggregate=[summary("version"), summary("agents")],
        quick=True,
    )
    def daemon_stats(self, request: AgentRequest) -> DaemonStats:
        """What the server counted since its start."""
        node, counts, times = request.node, request.node.counts, os.times()
        return DaemonStats(
            agents=_agents(node),
            configfile=node.config_file,
            filtered=counts.filtered,
            pid=os.getpid(),
            passed=counts.passed,
            threads=[_threads()],
            replies=counts.replies,
            starttime=int(node.started),
            ttlexpired=counts.ttl_expired,
            events=node.events,
            times=CpuTimes(
                int(times.children_system),
                int(times.children_user),
                int(times.system),
                int(times.user),
            ),
            total=counts.total,
            unvalidated=counts.invalid,
            validated=counts.valid,
            version=node.version,
        )

    @action("The value of one fact", display="always", aggregate=[summary("value")], quick=True)
    def get_fact(
        self,
        request: AgentRequest,
        *,
        fact: Annotated[str, Input("Path of the fact, as os.name", "Fact", 512, ".+")],
    ) -> Fact:
        """A fact that the node does not have has no value, which is no failure."""
        return Fact(fact, _fact(request.node, fact))

    @action("The values of several facts", display="always", quick=True)
    def get_facts(
        self,
        request: AgentRequest,
        *,
        facts: Annotated[str, Input("Paths between commas", "Facts", 200, _FACT_LIST)],
    ) -> Facts:
        """As ``get_fact``, several at once."""
        paths = [path.strip() for path in facts.split(",")]
        return Facts({path: _fact(request.node, path) for path in paths})

    @action(
        "The value of one key of the server's configuration",
        display="always",
        aggregate=[summary("value")],
        quick=True,
    )
    def get_config_item(
        self,
        request: AgentRequest,
        *,
        item: Annotated[str, Input("The key", "Configuration item", 120, "^.+$")],
    ) -> ConfigItem:
        """Secrets are hidden."""
        try:
            return ConfigItem(item, request.node.config_item(item))
        except KeyError:
            raise ActionError(StatusCode.ABORTED, "Unknown key") from None

    @action("What a data source answers", display="always")
    def get_data(
        self,
        request: AgentRequest,
        *,
        source: Annotated[str, Input("Name of the data source", "Data source", 50, r"^\w+$")],
        query: Annotated[str, Input("What to ask it", "Query", 200, "^.+$")] = "",
    ) -> Fields:
        """The fields are the source's own."""
        found = request.node.data_functions().get(source)
        if found is None:
            raise ActionError(StatusCode.ABORTED, "Unknown data plugin")
        answer = found.run(query)
        if answer is None:
            raise ActionError(StatusCode.ABORTED, f"Data plugin {source} failed")
        return answer


def _agents(node: Node) -> list[str]:
    return [metadata.name for metadata in node.agents()]


def _described(metadata: Metadata) -> dict[str, Any]:
    fields = {
        "agent": metadata.name,
        "license": metadata.license,
        "author": metadata.author,
        "timeout": metadata.timeout,
        "name": metadata.name,
        "version": metadata.version,
        "url": metadata.url,
        "description": metadata.description,
    }
    return fields | ({"service": True} if metadata.service else {})


def _threads() -> str:
    python, count = platform.python_version(), threading.active_count()
    return f"Python {python} with {count} threads on {os.cpu_count()} cores"


def _fact(node: Node, path: str) -> object:
    try:
        value = find(node.facts(), path, Meter())
    except FilterError:
        return None
    return None if value is MISSING else value
