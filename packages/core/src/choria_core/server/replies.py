"""Replies of a node, from the payload of an agent to what the network carries.  Pure."""

from dataclasses import dataclass, field

from choria_core.errors import RemoteProtocolError
from choria_core.node.opening import OpenedRequest
from choria_core.protocol.codec import Sign, codec_of, reply_headers, seal_reply
from choria_core.protocol.messages import Reply
from choria_core.protocol.rpc_body import (
    RpcReply,
    StatusCode,
    decode_rpc_reply,
    encode_rpc_reply,
)


@dataclass(frozen=True, slots=True)
class ReplySealer:
    """Writes the replies of one node.

    Attributes:
        identity: of the node.
        sign: None where replies are not signed.
        credential: the node's token, where they are.
    """

    identity: str
    sign: Sign | None = field(default=None, repr=False)
    credential: bytes = field(default=b"", repr=False)

    def seal(self, opened: OpenedRequest, payload: bytes, *, broker: str, now_ns: int) -> bytes:
        """The transport that answers a request, in the request's version.

        Args:
            opened: the request.
            payload: the agent's.
            broker: URL of the broker that the reply leaves by.
            now_ns: unix time.

        Raises:
            LocalProtocolError: the payload cannot be carried.
        """
        request, transport = opened.request, opened.transport
        codec = codec_of(transport.version)
        reply = Reply(
            request_id=request.request_id,
            sender=self.identity,
            agent=request.agent,
            time_ns=now_ns,
            payload=payload,
        )
        secure = seal_reply(codec, reply, sign=self.sign, credential=self.credential)
        hop = (broker, self.identity, broker)
        return codec.encode_transport(
            secure, reply_headers(transport, sender=self.identity, hop=hop)
        )


def too_large(payload: bytes, *, size_bytes: int, limit_bytes: int) -> bytes | None:
    """What to send in place of a reply that the broker would not take.

    Args:
        payload: the agent's.
        size_bytes: of the whole message.
        limit_bytes: of the broker.

    Returns:
        A payload that says so; None where the agent's is no RPC reply.
    """
    try:
        meant = decode_rpc_reply(payload)
    except RemoteProtocolError:
        return None
    problem = f"the reply has {size_bytes} bytes, the broker takes {limit_bytes}"
    return encode_rpc_reply(
        RpcReply(action=meant.action, statuscode=StatusCode.UNKNOWN_ERROR, statusmsg=problem)
    )
