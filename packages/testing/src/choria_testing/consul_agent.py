"""A real Consul agent on this machine, with an empty store.

    async with ConsulAgent(require_peer("consul")) as agent:
        store = consul.aio.Consul(host="127.0.0.1", port=agent.port)

What makes locks last longer than they are told: Consul ends a session that nobody
renews after twice its time to live; it allows none below ten seconds, unless
``settings`` say ``session_ttl_min = "1s"``; and after such an end, not after a
release, it keeps the key from everybody for the session's lock delay, 15 s unless
the session says otherwise.  An agent that keeps its data counts a session's time
anew from its start.
"""

import uuid
from pathlib import Path
from typing import Final

from choria_testing.json_api import ask_json
from choria_testing.real_server import HOST, RealServer

ONE_SERVER: Final = ("-server", "-bootstrap-expect", "1")
QUICK_ELECTION: Final = "performance { raft_multiplier = 1 }"
"""A server alone elects itself as quickly as it can."""


class ConsulAgent(RealServer):
    """An agent that is its own only server.

    Attributes:
        token: what clients have to show; None, since there are no access rules.
        keeps_data: whether its store outlasts a stop or a kill.  An agent in Consul's
            development mode, the quicker one, starts empty each time.
    """

    port_kinds = ("http", "server", "serf_lan")

    def __init__(self, program: Path, *, keeps_data: bool = False, settings: str = "") -> None:
        """Prepare an agent; ``settings`` are more of Consul's own, in its syntax (HCL)."""
        super().__init__(program)
        self.token: str | None = None
        self.keeps_data = keeps_data
        self._settings = settings
        self._node = f"node-{uuid.uuid4().hex[:12]}"

    def arguments(self, ports: dict[str, int]) -> list[str]:
        """The arguments of ``consul``."""
        kind = (
            [*ONE_SERVER, "-data-dir", str(self.folder / "data")] if self.keeps_data else ["-dev"]
        )
        where = ["-node", self._node, "-bind", HOST, "-client", HOST]
        offered = [f"-{name.replace('_', '-')}-port={port}" for name, port in ports.items()]
        absent = [f"-{name}-port=-1" for name in ("dns", "grpc", "grpc-tls", "serf-wan")]
        settings = ["disable_update_check = true", QUICK_ELECTION, self._settings]
        told = [word for text in settings if text for word in ("-hcl", text)]
        return ["agent", *kind, *where, *offered, *absent, *told]

    def is_ready(self) -> bool:
        """Whether it has a leader, and a node that sessions can be bound to."""
        if not ask_json(f"{self.http_url}/v1/status/leader"):
            return False
        checks = ask_json(f"{self.http_url}/v1/health/node/{self._node}")
        assert isinstance(checks, list)
        return any(check["CheckID"] == "serfHealth" for check in checks)
