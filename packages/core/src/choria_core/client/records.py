"""What a client learns: replies of nodes, and how a call went.  Pure."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from choria_core.ddl.document import ActionDdl


class PingReply(Struct, frozen=True, gc=False):
    """A node answered.

    Attributes:
        sender: its identity.
        seconds: from the request to its answer.
    """

    sender: str
    seconds: float


class NodeReply(Struct, frozen=True, kw_only=True):
    """What one node said to a call.

    Attributes:
        sender: its identity.
        action: empty in replies of Ruby nodes.
        statuscode: a :class:`~choria_core.protocol.rpc_body.StatusCode`, or another number.
        statusmsg: for people; written by the node, so escape it on terminals.
        data: what the action gave.
    """

    sender: str
    action: str = ""
    statuscode: int = 0
    statusmsg: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_ok(self) -> bool:
        """Whether the action did its work."""
        return self.statuscode == 0


class CallStats(Struct, frozen=True, kw_only=True):
    """How a call went.

    Attributes:
        request_id: of its messages.
        agent, action: what was called.
        discovered: identities of the nodes that were asked.
        ok, failed: replies by their status; what could not be read counts as failed.
        no_responses: nodes that were asked and did not answer.
        unexpected_responses: nodes that answered and were not asked.
        discover_ns, publish_ns, request_ns: nanoseconds that each part took.
        start_ns: unix nanoseconds.
    """

    request_id: str
    agent: str
    action: str
    discovered: tuple[str, ...] = ()
    ok: int = 0
    failed: int = 0
    no_responses: tuple[str, ...] = ()
    unexpected_responses: tuple[str, ...] = ()
    discover_ns: int = 0
    publish_ns: int = 0
    request_ns: int = 0
    start_ns: int = 0

    @property
    def responses(self) -> int:
        """Replies of any kind."""
        return self.ok + self.failed


class CallResult(Struct, frozen=True, kw_only=True):
    """A whole call.

    Attributes:
        stats: how it went.
        replies: in order of arrival.
        ddl: of the action; None where nobody describes it.
    """

    stats: CallStats
    replies: tuple[NodeReply, ...]
    ddl: ActionDdl | None = None
