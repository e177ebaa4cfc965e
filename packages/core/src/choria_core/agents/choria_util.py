"""The agent ``choria_util``: how a node is connected.

Autonomous agents, which the original calls machines, are not part of this server:
there are none, and asking for one fails as it does where none is known.

Source: the recorded replies of the Go programs; keys and types are theirs.
"""

import os
import platform
from typing import Annotated, Any

from msgspec import Struct

from choria_core.agents.agent import (
    ActionError,
    Agent,
    AgentRequest,
    Input,
    Output,
    action,
    summary,
)
from choria_core.agents.node import ConnectionFacts
from choria_core.protocol.rpc_body import StatusCode

_UNKNOWN = "unknown machine"
_INSTANCE = "^.+-.+-.+-.+-.+$"
_MACHINE = "^[a-zA-Z][a-zA-Z0-9_-]+"


class ConnectionOptions(Struct, frozen=True):
    """How the connection is kept; times are seconds."""

    servers: list[str]
    dont_randomize_servers: bool
    name: str
    pedantic: bool
    secure: bool
    allow_reconnect: bool
    max_reconnect_attempts: int
    reconnect_time_wait: float
    connect_timeout: float
    ping_interval: float
    max_outstanding_pings: int


class ConnectionStats(Struct, frozen=True):
    """What went over the connection."""

    in_msgs: int
    out_msgs: int
    in_bytes: int
    out_bytes: int
    reconnects: int


class Info(Struct, frozen=True):
    """Of ``info``."""

    security: Annotated[str, Output("Kind of security", "Security Provider")]
    connector: Annotated[str, Output("Kind of connection")]
    client_version: Annotated[
        str, Output("Version of the NATS client", "Middleware Client Library Version")
    ]
    client_flavour: Annotated[str, Output("The NATS client", "Middleware Client Flavour")]
    client_options: Annotated[
        ConnectionOptions, Output("How the connection is kept", "Middleware Client Options")
    ]
    client_stats: Annotated[
        ConnectionStats, Output("What went over the connection", "Middleware Client Stats")
    ]
    connected_server: Annotated[str, Output("The broker", "Connected Broker")]
    facter_domain: Annotated[str, Output("Domain that Facter tells")]
    facter_command: Annotated[str, Output("The program Facter", "Facter")]
    srv_domain: Annotated[str, Output("Domain of the SRV records", "SRV Domain")]
    using_srv: Annotated[bool, Output("Whether SRV records are asked for", "SRV Used")]
    middleware_servers: Annotated[list[str], Output("Brokers, configured or found", "Middleware")]
    path: Annotated[str, Output("Where programs are looked for")]
    choria_version: Annotated[str, Output("Version of the program", "Choria Version")]
    secure_protocol: Annotated[bool, Output("Whether requests are signed", "Protocol Secure")]
    connector_tls: Annotated[bool, Output("Whether the connection is encrypted", "Connector TLS")]


class MachineStates(Struct, frozen=True):
    """Of ``machine_states``."""

    machine_ids: Annotated[list[str], Output("Ids of the machines", "Machine IDs")]
    machine_names: Annotated[list[str], Output("Names of the machines")]
    states: Annotated[dict[str, Any], Output("States by id", "Machine States")]


class MachineState(Struct, frozen=True):
    """Of ``machine_state``."""

    name: Annotated[str, Output("Name of the machine")] = _UNKNOWN
    version: Annotated[str, Output("Its version")] = _UNKNOWN
    state: Annotated[str, Output("The state it is in")] = _UNKNOWN
    path: Annotated[str, Output("Folder that it is in")] = ""
    id: Annotated[str, Output("Its id", "ID")] = ""
    start_time: Annotated[int, Output("Unix time of its start", "Started")] = 0
    available_transitions: Annotated[tuple[str, ...], Output("What it can be told to do")] = ()
    scout: Annotated[bool, Output("Whether it is a check of Scout", "Scout Check")] = False
    current_state: Annotated[Any, Output("What the check found", "Scout State")] = None


class MachineTransition(Struct, frozen=True):
    """Of ``machine_transition``."""

    success: Annotated[bool, Output("Whether the machine took it", "Accepted")]


class ChoriaUtil(Agent):
    """Every action of the original agent."""

    name = "choria_util"
    description = "How a server is connected"
    author = "The Choria toolkit in Python"
    license = "Apache-2.0"
    version = "1.0.0"
    url = "https://choria.io"
    timeout_seconds = 10

    @action(
        "The connection, its options and its security",
        aggregate=[
            summary(field)
            for field in (
                "choria_version",
                "client_version",
                "client_flavour",
                "connected_server",
                "srv_domain",
                "using_srv",
                "secure_protocol",
                "connector_tls",
            )
        ],
        quick=True,
    )
    def info(self, request: AgentRequest) -> Info:
        """As the node sees it at this moment."""
        connection, network = request.node.connection(), request.node.network()
        return Info(
            security="choria",
            connector="choria",
            client_version=request.node.version,
            client_flavour=f"choria_core python {platform.python_version()}",
            client_options=_options(connection),
            client_stats=ConnectionStats(
                in_msgs=connection.in_messages,
                out_msgs=connection.out_messages,
                in_bytes=connection.in_bytes,
                out_bytes=connection.out_bytes,
                reconnects=connection.reconnects,
            ),
            connected_server=connection.connected_server,
            facter_domain="",
            facter_command="",
            srv_domain=network.srv_domain,
            using_srv=network.uses_srv,
            middleware_servers=list(network.brokers),
            path=os.environ.get("PATH", ""),
            choria_version=f"choria {request.node.version}",
            secure_protocol=network.is_signed,
            connector_tls=connection.has_tls,
        )

    @action(
        "The machines and their states",
        display="always",
        aggregate=[summary("machine_names")],
        quick=True,
    )
    def machine_states(self) -> MachineStates:
        """None."""
        return MachineStates([], [], {})

    @action(
        "The state of one machine",
        display="ok",
        aggregate=[summary("state"), summary("name"), summary("version")],
        quick=True,
    )
    def machine_state(
        self,
        *,
        instance: Annotated[str, Input("Id of the machine", "Instance ID", 36, _INSTANCE)] = "",
        name: Annotated[str, Input("Its name", "Name", 128, _MACHINE)] = "",
        path: Annotated[str, Input("Its folder", "Path", 512, ".+")] = "",
    ) -> MachineState:
        """Fails: there are none."""
        asked = instance or name or path
        problem = "No running machines" if asked else "No search criteria given"
        raise ActionError(StatusCode.ABORTED, problem, result=MachineState())

    @action("Tell one machine to change its state", quick=True)
    def machine_transition(
        self,
        *,
        transition: Annotated[str, Input("What to do", "Transition", 128, f"{_MACHINE}$")],
        instance: Annotated[str, Input("Id of the machine", "Instance ID", 36, _INSTANCE)] = "",
        version: Annotated[str, Input("Its version", "Version", 20, r"^\d+\.\d+\.\d+$")] = "",
        name: Annotated[str, Input("Its name", "Name", 128, _MACHINE)] = "",
        path: Annotated[str, Input("Its folder", "Path", 512, ".+")] = "",
    ) -> MachineTransition:
        """Fails: there are none."""
        del instance, version, name, path
        problem = f"Could not perform {transition} transition: no running machines"
        raise ActionError(StatusCode.ABORTED, problem, result=MachineTransition(success=False))


def _options(connection: ConnectionFacts) -> ConnectionOptions:
    return ConnectionOptions(
        servers=list(connection.servers),
        dont_randomize_servers=False,
        name=connection.name,
        pedantic=False,
        secure=connection.has_tls,
        allow_reconnect=True,
        max_reconnect_attempts=-1,
        reconnect_time_wait=2,
        connect_timeout=connection.connect_timeout_seconds,
        ping_interval=connection.ping_interval_seconds,
        max_outstanding_pings=connection.max_outstanding_pings,
    )
