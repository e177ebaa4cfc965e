"""What a client is asked, and what it learns: replies of nodes, how a call went.  Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any

from msgspec import Struct, field

from choria_core.ddl.document import ActionDdl, Ddl
from choria_core.discovery.request import DiscoveryRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How many of the found nodes are called.

    Attributes:
        count: so many; 0 where ``percent`` says it.
        percent: of those found, at least one node.
        method: ``first`` or ``random``; empty for the configured one.
        seed: of ``random``: the same nodes at every call; None for any.
    """

    count: int = 0
    percent: int = 0
    method: str = ""
    seed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRequest:
    """An action, its arguments, and who shall do it.

    Attributes:
        agent, action: what is called.
        arguments: values by the names of the inputs.
        ddl: description of the agent: its timeout, and whether it is a service; None to look
            for it among the installed and configured ones.
        nodes: identities; None to discover them.
        discovery: how to, and the filter that the request carries; the agent is added.
        limit: of the nodes; None for all of them.
        timeout_seconds: how long replies are waited for, from the first request, and anew for
            each batch; None for the discovery timeout and the agent's together.
        batch_size: so many nodes at a time; 0 for all at once.
        batch_sleep_seconds: from one batch to the next.
        workers: connections that receive replies.
        broadcast: ask with one message that the filter of ``discovery`` narrows, in place of
            one for each node; others that match it answer too, and count as unexpected.
    """

    agent: str
    action: str
    arguments: Mapping[str, Any] = attribute(default_factory=dict)
    ddl: Ddl | None = None
    nodes: Sequence[str] | None = None
    discovery: DiscoveryRequest = attribute(default_factory=DiscoveryRequest)
    limit: Limit | None = None
    timeout_seconds: float | None = None
    batch_size: int = 0
    batch_sleep_seconds: float = 1.0
    workers: int = 1
    broadcast: bool = False


class PingReply(Struct, frozen=True, gc=False):
    """A node answered.

    Attributes:
        sender: its identity.
        seconds: from the request to its answer.
    """

    sender: str
    seconds: float


class NodeReply(Struct, frozen=True, gc=False, kw_only=True):
    """What one node said to a call.

    Attributes:
        sender: its identity.
        action: empty in replies of Ruby nodes.
        statuscode: a :class:`~choria_core.protocol.rpc_body.StatusCode`, or another number.
        statusmsg: for people; written by the node, so escape it on terminals.
        data: what the action gave.
        time_ns: when the node said it, unix nanoseconds; version 1 tells whole seconds.
    """

    sender: str
    action: str = ""
    statuscode: int = 0
    statusmsg: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    time_ns: int = 0

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
        unexpected_responses: nodes that answered and were not asked, or answered again.
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
