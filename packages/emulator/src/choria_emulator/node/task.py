"""One request as the nodes of one group take it: what they all share of the work."""

import inspect
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from choria_core.agents.agent import RawAgent
from choria_core.agents.host import NOT_AUTHORIZED, AgentHost
from choria_core.agents.loading import LoadedAgent
from choria_core.ddl.document import ActionDdl
from choria_core.errors import RemoteProtocolError
from choria_core.filters.node_view import NodeView
from choria_core.node.opening import OpenedRequest
from choria_core.protocol.messages import NANOSECONDS, Filter, Version
from choria_core.protocol.rpc_body import (
    RpcReply,
    RpcRequest,
    StatusCode,
    decode_rpc_request,
    encode_rpc_reply,
)
from choria_core.server.replies import ReplySealer, too_large
from choria_emulator.node.broker import Broker
from choria_emulator.node.face import Face
from choria_emulator.node.openings import Opening
from choria_emulator.node.seen import Seen
from choria_emulator.node.stencil import ReplyStencil

if TYPE_CHECKING:
    from choria_emulator.node.emulated_node import EmulatedNode

EMULATED_FAILURE: Final = "this failure is emulated"

_DENIED: Final = NOT_AUTHORIZED.encode()
_COPIES: Final = 4  # of a payload that a stencil has, twice in base64
_ROOM_BYTES: Final = 256  # that other names may be longer


class Task:
    """A request for the nodes of one group.

    Args:
        body: the message that it came in.
        opening: of the request.
        seen: who has taken it; None where there is no room to remember that.
        agents: of the group.
        collectives: that the group is in.
        view: one of its nodes as filters see it.

    Attributes:
        is_refused: whether it is none, or of a collective that the group is not in.
        call: the action and its arguments; None for agents without actions.
        action: the description of the action; None where the agent does not have it.
        wanted: whether the filter means the group's nodes; None where that differs.
        is_quick: whether the answer is made at once, without waiting.
    """

    __slots__ = (
        "_failures",
        "_payload",
        "_stencils",
        "action",
        "body",
        "call",
        "is_denied",
        "is_quick",
        "is_refused",
        "is_uniform",
        "opening",
        "seen",
        "wanted",
    )

    def __init__(
        self,
        body: bytes,
        opening: Opening,
        seen: Seen | None,
        agents: Mapping[str, LoadedAgent],
        *,
        collectives: Sequence[str],
        view: NodeView,
    ) -> None:
        self.body = body
        self.opening = opening
        self.seen = seen
        self.call: RpcRequest | None = None
        self.action: ActionDdl | None = None
        self.wanted: bool | None = False
        self.is_refused = True
        self.is_quick = True
        self.is_uniform = True
        self.is_denied = False
        self._payload: tuple[int, bytes | None] | None = None
        self._stencils: dict[Broker, tuple[int, ReplyStencil | None]] = {}
        self._failures: dict[Broker, tuple[int, ReplyStencil]] = {}
        if opening.opened is None:
            return
        request = opening.opened.request
        self.is_refused = request.collective not in collectives
        if _is_of_agents_alone(request.filter):
            self.wanted = opening.opened.wanted.matches(view)
        else:
            self.wanted = None
        agent = agents.get(request.agent)
        if agent is None:
            return
        if isinstance(agent.instance, RawAgent):
            self.is_quick = not inspect.iscoroutinefunction(agent.instance.answer)
            return
        try:
            self.call = decode_rpc_request(opening.opened.payload)
        except RemoteProtocolError:
            return
        action = agent.actions.get(self.call.action)
        self.is_quick = action is None or action.is_quick
        if action is not None and self.call.agent == agent.name:
            self.action = action.ddl

    @property
    def size_bytes(self) -> int:
        """What it holds, roughly."""
        _, payload = self._payload or (0, None)
        copies = 1 + _COPIES * len(self._stencils)
        return len(self.body) + copies * len(payload or b"")

    @property
    def opened(self) -> OpenedRequest:
        """The request, which was opened."""
        assert self.opening.opened is not None
        return self.opening.opened

    def stencil(
        self, node: "EmulatedNode", host: AgentHost, face: Face, *, now_ns: int
    ) -> ReplyStencil | None:
        """What writes the reply of ``node`` and of others; None where nobody answers.

        Call it only while :attr:`is_uniform`, and look at that afterwards.
        """
        payload = self._common_payload(host, face, now_ns)
        if payload is None or not self.is_uniform:
            return None
        return self._cut(node, payload, now_ns)

    def cached(self, broker: Broker, *, now_ns: int) -> ReplyStencil | None:
        """The stencil for replies by ``broker``, where it is there already."""
        found = self._stencils.get(broker)
        if found is None or found[0] != now_ns // NANOSECONDS:
            return None
        return found[1]

    def failure(self, node: "EmulatedNode", *, now_ns: int) -> ReplyStencil | bytes | None:
        """What says that the action failed, which nobody ran; None where none was asked for."""
        if self.call is None:
            return None
        payload = encode_rpc_reply(
            RpcReply(
                action=self.call.action,
                statuscode=StatusCode.ABORTED,
                statusmsg=EMULATED_FAILURE,
            )
        )
        if self.opened.transport.version is not Version.V1:
            return payload
        second = now_ns // NANOSECONDS
        found = self._failures.get(node.broker)
        if found is None or found[0] != second:
            found = self._failures[node.broker] = (second, self._stencil(node, payload, now_ns))
        return found[1]

    def _common_payload(self, host: AgentHost, face: Face, now_ns: int) -> bytes | None:
        """What this node answers, which all others do too unless it depended on the node."""
        second = now_ns // NANOSECONDS
        if self._payload is None or self._payload[0] != second:
            payload = answer_at_once(host, self.opened)
            self.is_uniform = not face.is_seen
            self.is_denied = is_denied(payload)
            self._payload = (second, payload)
        return self._payload[1]

    def _cut(self, node: "EmulatedNode", payload: bytes, now_ns: int) -> ReplyStencil | None:
        broker = node.broker
        stencil: ReplyStencil | None = self._stencil(node, payload, now_ns)
        assert stencil is not None
        size, limit = stencil.size(node.name) + _ROOM_BYTES, broker.max_payload_bytes
        if size > limit:
            instead = too_large(payload, size_bytes=size, limit_bytes=limit)
            stencil = None if instead is None else self._stencil(node, instead, now_ns)
        self._stencils[broker] = (now_ns // NANOSECONDS, stencil)
        return stencil

    def _stencil(self, node: "EmulatedNode", payload: bytes, now_ns: int) -> ReplyStencil:
        mark = sha256(payload).hexdigest()  # which no caller can have the payload contain
        return ReplyStencil(self.opened, payload, broker=node.broker.url, now_ns=now_ns, mark=mark)


def answer_at_once(host: AgentHost, opened: OpenedRequest) -> bytes | None:
    """The answer of an agent that waits for nothing."""
    work = host.answer(opened)
    try:
        work.send(None)
    except StopIteration as done:
        payload: bytes | None = done.value
        return payload
    work.close()
    return None


def sealed(node: "EmulatedNode", opened: OpenedRequest, payload: bytes, *, now_ns: int) -> bytes:
    """The reply of one node, whatever the version of the request.

    Raises:
        LocalProtocolError: it cannot be written.
    """
    broker = node.broker
    sealer = ReplySealer(node.identity)
    body = sealer.seal(opened, payload, broker=broker.url, now_ns=now_ns)
    limit = broker.max_payload_bytes
    if len(body) > limit:
        instead = too_large(payload, size_bytes=len(body), limit_bytes=limit) or b""
        body = sealer.seal(opened, instead, broker=broker.url, now_ns=now_ns)
    return body


def is_denied(payload: bytes | None) -> bool:
    """Whether an answer says that its caller may not."""
    return payload is not None and _DENIED in payload


def _is_of_agents_alone(wanted: Filter) -> bool:
    """Whether a filter means all nodes of a group or none."""
    return not (wanted.identity or wanted.cf_class or wanted.fact or wanted.compound)
