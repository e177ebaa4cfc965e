"""What all nodes are asked at once, and what is to come of it.  Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bench.emulation.names import ASKED_AGENT, COLLECTIVE, SIZE
from choria_core.errors import RemoteProtocolError
from choria_core.protocol import subjects, v1
from choria_core.protocol.codec import decode_transport, seal_request
from choria_core.protocol.discovery_body import PING, PONG
from choria_core.protocol.messages import Filter, Headers, Request
from choria_core.protocol.rpc_body import (
    RpcRequest,
    StatusCode,
    decode_rpc_reply,
    encode_rpc_request,
    pack_fields,
    unpack_fields,
)

SENDER: Final = "asker.example"
CALLER: Final = "choria=asker.mcollective"
LIFETIME_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Question:
    """A request to every node.

    Attributes:
        name: of the figures.
        agent: that is asked.
        payload: for it.
        is_answered_by: whether a payload is what a node should answer.
    """

    name: str
    agent: str
    payload: bytes
    is_answered_by: Callable[[bytes], bool]

    @property
    def subject(self) -> str:
        """Where it is published."""
        return subjects.broadcast(COLLECTIVE, self.agent)

    def body(self, *, request_id: str, time_ns: int) -> bytes:
        """The message, unsigned and of version 1, as a client writes it."""
        request = Request(
            request_id=request_id,
            sender=SENDER,
            caller=CALLER,
            collective=COLLECTIVE,
            agent=self.agent,
            ttl_seconds=LIFETIME_SECONDS,
            time_ns=time_ns,
            payload=self.payload,
            filter=Filter(agent=(self.agent,)),
        )
        headers = Headers(sender=SENDER, reply_to=replies_to(request_id))
        return v1.encode_transport(seal_request(v1, request, sign=None), headers)

    def check(self, body: bytes, *, request_id: str) -> None:
        """Raise RemoteProtocolError unless ``body`` is a good answer to that request."""
        secure = v1.decode_secure_reply(decode_transport(body).document())
        reply = v1.decode_reply(secure.signed)
        if reply.request_id != request_id or not self.is_answered_by(reply.payload):
            raise RemoteProtocolError(f"{reply.sender} gives no good answer to {self.name}")


def replies_to(request_id: str) -> str:
    """Where the replies to one request go."""
    return subjects.replies(COLLECTIVE, CALLER, request_id)


def _is_pong(payload: bytes) -> bool:
    return payload == PONG


def _is_generated(payload: bytes) -> bool:
    reply = decode_rpc_reply(payload)
    text = unpack_fields(reply.data).get("message")
    return reply.statuscode == StatusCode.OK and isinstance(text, str) and len(text) == SIZE


_GENERATE: Final = encode_rpc_request(
    RpcRequest(ASKED_AGENT, "generate", pack_fields({"size": SIZE}))
)

PING_ALL: Final = Question("ping", "discovery", PING, _is_pong)
GENERATE: Final = Question("generate", ASKED_AGENT, _GENERATE, _is_generated)
QUESTIONS: Final = {one.name: one for one in (PING_ALL, GENERATE)}
