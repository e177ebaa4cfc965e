"""The agent ``discovery``: says that the node is there."""

from choria_core.agents.agent import AgentRequest, RawAgent
from choria_core.protocol.discovery_body import PONG, is_ping


class Discovery(RawAgent):
    """Answers a ping with a pong; the filter decided whom the ping was for."""

    name = "discovery"
    description = "Tells clients which nodes are there"
    author = "The Choria toolkit in Python"
    license = "Apache-2.0"
    version = "1.0.0"
    url = "https://choria.io"
    timeout_seconds = 2

    def answer(self, request: AgentRequest, payload: bytes) -> bytes | None:
        """``pong``, or nothing for what is no ping."""
        del request
        return PONG if is_ping(payload) else None
