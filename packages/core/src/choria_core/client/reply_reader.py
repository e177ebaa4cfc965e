"""Replies as they come from the network, read as quickly as can be.  Pure.

Most replies are as they should be, and are read by the few fields that matter, each layer
in one pass.  What that does not take is read again by the codec, which knows every rule and
tells what is wrong.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import Any, Final, Literal, Protocol

from msgspec import DecodeError, Struct, ValidationError, json

from choria_core.client.records import NodeReply
from choria_core.errors import RemoteProtocolError
from choria_core.protocol.codec import codec_of, decode_transport
from choria_core.protocol.messages import NANOSECONDS, Version
from choria_core.protocol.names import IDENTITY, MAX_NAME_CHARS, is_agent
from choria_core.protocol.record_rules import MAX_TIME_SECONDS
from choria_core.protocol.rpc_body import decode_rpc_reply, unpack_fields
from choria_core.security.token_trust import TokenTrust

_UNREADABLE: Final = (ValidationError, DecodeError, UnicodeDecodeError, RecursionError)


class ReplyReader(Protocol):
    """Reads the replies to one request; what cannot be read raises RemoteProtocolError."""

    def sender(self, body: bytes) -> str:
        """Who sent a reply that has no other content."""

    def senders(self, bodies: Sequence[bytes]) -> list[str]:
        """The same of many."""

    def reply(self, body: bytes) -> NodeReply:
        """An RPC reply."""

    def replies(self, bodies: Sequence[bytes]) -> list[NodeReply]:
        """The same of many."""

    def blamed(self, body: bytes) -> str:
        """Whose an RPC reply is that cannot be read; empty where that is not sure."""


class _SenderV1(Struct, frozen=True, gc=False, rename={"sender": "mc_sender"}):
    sender: str


class _OutsideV1(Struct, frozen=True, gc=False, tag_field="protocol", tag="choria:transport:1"):
    headers: _SenderV1


class _TransportV1(Struct, frozen=True, gc=False):
    protocol: Literal["choria:transport:1"]
    data: bytes
    headers: _SenderV1


class _SecureV1(Struct, frozen=True, gc=False):
    protocol: Literal["choria:secure:reply:1"]
    message: str
    hash: bytes


class _EnvelopeV1(Struct, frozen=True, gc=False):
    requestid: str
    senderid: str
    agent: str
    time: int


class _ReplyV1(Struct, frozen=True, gc=False):
    protocol: Literal["choria:reply:1"]
    message: str
    envelope: _EnvelopeV1


class _SenderV2(Struct, frozen=True, gc=False):
    sender: str


class _OutsideV2(
    Struct, frozen=True, gc=False, tag_field="protocol", tag="io.choria.protocol.v2.transport"
):
    headers: _SenderV2


class _Body(Struct, frozen=True):
    statuscode: int
    statusmsg: str
    data: dict[str, Any]
    action: str = ""


# A union, as a lone type would do without its ``protocol``.
_outsides: Final[json.Decoder[_OutsideV1 | _OutsideV2]] = json.Decoder(_OutsideV1 | _OutsideV2)
_OUTSIDES: Final = {Version.V1: _OutsideV1, Version.V2: _OutsideV2}
_is_name: Final = re.compile(f"(?!.{{{MAX_NAME_CHARS + 1}}}){IDENTITY}", re.DOTALL).fullmatch
_transports: Final = json.Decoder(_TransportV1)
_secures: Final = json.Decoder(_SecureV1)
_replies: Final = json.Decoder(_ReplyV1)
_bodies: Final = json.Decoder(_Body)


class SignedReplies:
    """Reads replies by all rules, those of version 2 by their tokens too.

    Args:
        version: of the network; replies of another are refused.
        request_id: of what was asked.
        trust: None where nodes need not sign.
        now: tells unix seconds, for tokens.
    """

    def __init__(
        self,
        version: Version,
        request_id: str,
        *,
        trust: TokenTrust | None,
        now: Callable[[], float],
    ) -> None:
        self._version = version
        self._codec = codec_of(version)
        self._request_id = request_id
        self._trust = trust
        self._now = now

    def sender(self, body: bytes) -> str:
        """Who sent a reply, if that is sure."""
        return self._open(body)[0]

    def senders(self, bodies: Sequence[bytes]) -> list[str]:
        """The same of many."""
        return [self.sender(body) for body in bodies]

    def reply(self, body: bytes) -> NodeReply:
        """An RPC reply."""
        sender, payload, time_ns = self._open(body)
        found = decode_rpc_reply(payload)
        return NodeReply(
            sender=sender,
            action=found.action,
            statuscode=found.statuscode,
            statusmsg=found.statusmsg,
            data=unpack_fields(found.data),
            time_ns=time_ns,
        )

    def replies(self, bodies: Sequence[bytes]) -> list[NodeReply]:
        """The same of many."""
        return [self.reply(body) for body in bodies]

    def blamed(self, body: bytes) -> str:
        """Whose a reply is that cannot be read, if it is to this request.

        Where nodes sign, that is who did. Where they need not, the outside of the message is
        believed: it proves nothing, but neither does what is inside.
        """
        try:
            if self._trust is not None:
                return self._open(body)[0]
            transport = decode_transport(body, only=self._version)
        except RemoteProtocolError:
            return ""
        try:
            secure = self._codec.decode_secure_reply(transport.document())
            reply = self._codec.decode_reply(secure.signed)
        except RemoteProtocolError:
            return transport.headers.sender
        return reply.sender if reply.request_id == self._request_id else ""

    def _open(self, body: bytes) -> tuple[str, bytes, int]:
        """Sender, payload and time.

        Raises:
            RemoteProtocolError: it is no reply to this request.
            RefusedError: nobody vouches for the sender.
        """
        transport = decode_transport(body, only=self._version)
        secure = self._codec.decode_secure_reply(transport.document())
        reply = self._codec.decode_reply(secure.signed)
        if reply.request_id != self._request_id:
            raise RemoteProtocolError("a reply to another request")
        if self._trust is not None:
            self._trust.verify_node(
                identity=reply.sender,
                signed=secure.signed,
                signature=secure.signature,
                credential=secure.credential,
                now=self._now(),
            )
        return reply.sender, reply.payload, reply.time_ns


class QuickReplies:
    """Reads replies of networks where nodes do not sign.

    Args:
        version: of the network; replies of another are refused.
        request_id: of what was asked.
        known: names of nodes, of which it is known that they are allowed.
    """

    def __init__(self, version: Version, request_id: str, *, known: Iterable[str] = ()) -> None:
        self._version = version
        self._request_id = request_id
        self._known = frozenset(known)
        self._thorough = SignedReplies(version, request_id, trust=None, now=_no_time)

    def sender(self, body: bytes) -> str:
        """Who sent a reply, as its outside says: to open it would cost several times as much.

        Raises:
            RemoteProtocolError: it is none.
        """
        return decode_transport(body, only=self._version).headers.sender

    def senders(self, bodies: Sequence[bytes]) -> list[str]:
        """The same of many, in a fraction of the time.

        Raises:
            RemoteProtocolError: one of them is none.
        """
        expected = _OUTSIDES[self._version]
        try:
            outsides = list(map(_outsides.decode, bodies))
        except _UNREADABLE:
            return [self.sender(body) for body in bodies]
        names = [one.headers.sender for one in outsides if type(one) is expected]
        if len(names) < len(bodies) or not all(map(_is_name, names)):
            return [self.sender(body) for body in bodies]
        return names

    def reply(self, body: bytes) -> NodeReply:
        """An RPC reply.

        Raises:
            RemoteProtocolError: it is none, or to another request, or its hash is wrong.
        """
        found = self._quickly([body]) if self._version is Version.V1 else None
        return self._thorough.reply(body) if found is None else found[0]

    def replies(self, bodies: Sequence[bytes]) -> list[NodeReply]:
        """The same of many, layer by layer.

        Raises:
            RemoteProtocolError: one of them is none.
        """
        found = self._quickly(bodies) if self._version is Version.V1 else None
        return [self.reply(body) for body in bodies] if found is None else found

    def blamed(self, body: bytes) -> str:
        """Whose a reply is that cannot be read, as its outside says."""
        return self._thorough.blamed(body)

    def _quickly(self, bodies: Sequence[bytes]) -> list[NodeReply] | None:
        """The replies, or None where something is not as it should be."""
        try:
            replies = _open_v1(bodies)
            said = [_bodies.decode(reply.message) for reply in replies]
        except _UNREADABLE:
            return None
        envelopes = [reply.envelope for reply in replies]
        if not self._allows(envelopes):
            return None
        return [
            NodeReply(
                sender=envelope.senderid,
                action=body.action,
                statuscode=body.statuscode,
                statusmsg=body.statusmsg,
                data=body.data,
                time_ns=envelope.time * NANOSECONDS,
            )
            for envelope, body in zip(envelopes, said, strict=True)
        ]

    def _allows(self, envelopes: list[_EnvelopeV1]) -> bool:
        """Whether replies are to this request, and keep the rules for names and times."""
        if not all(envelope.requestid == self._request_id for envelope in envelopes):
            return False
        if not all(0 <= envelope.time <= MAX_TIME_SECONDS for envelope in envelopes):
            return False
        if not all(map(is_agent, {envelope.agent for envelope in envelopes})):
            return False
        senders = [envelope.senderid for envelope in envelopes]
        return self._known.issuperset(senders) or all(map(_is_name, senders))


def _no_time() -> float:
    """The clock of readers that look at no token."""
    return 0.0


def _open_v1(bodies: Iterable[bytes]) -> list[_ReplyV1]:
    """Reply documents of version 1, whose hashes are right.

    Raises:
        Any of ``_UNREADABLE``: one is not as it should be.
    """
    secures = [_secures.decode(transport.data) for transport in map(_transports.decode, bodies)]
    documents = [secure.message.encode() for secure in secures]
    digests = [sha256(document).digest() for document in documents]
    if digests != [secure.hash for secure in secures]:
        raise ValidationError("the hash of a reply is another's")
    return list(map(_replies.decode, documents))
