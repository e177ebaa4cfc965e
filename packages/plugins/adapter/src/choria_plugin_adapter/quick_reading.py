"""The ordinary messages of protocol version 1, opened with less ado than core's codec.  Pure.

Core's codec makes a record of everything that a message says, for those who act on it.  An
adapter wants the payload and three fields.  Here a document is read in one pass, its base64
included, and what is not wanted is looked at only as far as the codec would refuse it.

Whatever is not quite ordinary gives None: the codec then reads it, or says what is wrong.  So
nothing is taken here that the codec would not take, and what comes out is the same.
"""

from functools import lru_cache
from hashlib import sha256
from typing import Final, NamedTuple

from msgspec import UNSET, Raw, Struct, UnsetType, json

from choria_core.protocol.messages import Hop
from choria_core.protocol.names import is_agent, is_caller, is_identity, is_request_id, is_subject
from choria_core.protocol.record_rules import (
    MAX_TIME_SECONDS,
    MAX_TTL_SECONDS,
    MIN_TTL_SECONDS,
)

_is_identity: Final = lru_cache(maxsize=4_096)(is_identity)  # nodes come again and again
_is_caller: Final = lru_cache(maxsize=4_096)(is_caller)


class Opened(NamedTuple):
    """What an adapter wants of a message."""

    request_id: str
    sender: str
    seconds: int
    data: str


class _Headers(Struct, gc=False, rename={"reply_to": "reply-to", "seen_by": "seen-by"}):
    mc_sender: str
    reply_to: str = ""
    seen_by: tuple[Hop, ...] = ()
    federation: Raw | UnsetType = UNSET


class _Transport(Struct, gc=False, tag_field="protocol", tag="choria:transport:1"):
    data: bytes
    headers: _Headers


class _SecureRequest(Struct, gc=False, tag_field="protocol", tag="choria:secure:request:1"):
    message: str
    signature: bytes
    pubcert: str


class _SecureReply(Struct, gc=False, tag_field="protocol", tag="choria:secure:reply:1"):
    message: str
    hash: bytes


class _Filter(Struct, gc=False, kw_only=True):
    fact: tuple[Raw, ...]
    cf_class: tuple[Raw, ...]
    agent: tuple[Raw, ...] = ()
    identity: tuple[Raw, ...]
    compound: tuple[Raw, ...]


class _RequestEnvelope(Struct, gc=False):
    requestid: str
    senderid: str
    callerid: str
    collective: str
    agent: str
    ttl: int
    time: int
    filter: _Filter


class _Request(Struct, gc=False, tag_field="protocol", tag="choria:request:1"):
    message: str
    envelope: _RequestEnvelope


class _ReplyEnvelope(Struct, gc=False):
    requestid: str
    senderid: str
    agent: str
    time: int


class _Reply(Struct, gc=False, tag_field="protocol", tag="choria:reply:1"):
    message: str
    envelope: _ReplyEnvelope


class _Other(Struct, tag_field="protocol", tag="another"):
    """Makes a union of a lone type, which would do without its ``protocol``."""


_transports: Final = json.Decoder(_Transport | _Other)
_secure_requests: Final = json.Decoder(_SecureRequest | _Other)
_secure_replies: Final = json.Decoder(_SecureReply | _Other)
_requests: Final = json.Decoder(_Request | _Other)
_replies: Final = json.Decoder(_Reply | _Other)


def open_request(body: bytes) -> Opened | None:
    """What a request says, or None where the codec must look at it."""
    try:
        secure = _secure_requests.decode(_document(body))
        if isinstance(secure, _Other) or not secure.signature or not secure.pubcert:
            return None
        request = _requests.decode(secure.message)
    except (ValueError, RecursionError):  # also what msgspec and UTF-8 raise
        return None
    if isinstance(request, _Other) or not request.message:
        return None
    envelope = request.envelope
    filtered = envelope.filter
    if (
        not is_request_id(envelope.requestid, fixed=True)
        or not _is_caller(envelope.callerid, kind_needed=True)
        or not _is_identity(envelope.senderid)
        or not _is_identity(envelope.collective)
        or not is_agent(envelope.agent)
        or not MIN_TTL_SECONDS <= envelope.ttl <= MAX_TTL_SECONDS
        or not 0 <= envelope.time <= MAX_TIME_SECONDS
        or filtered.fact
        or filtered.cf_class
        or filtered.agent
        or filtered.identity
        or filtered.compound
    ):
        return None
    return Opened(envelope.requestid, envelope.senderid, envelope.time, request.message)


def open_reply(body: bytes) -> Opened | None:
    """What a reply says, likewise."""
    try:
        secure = _secure_replies.decode(_document(body))
        if isinstance(secure, _Other) or secure.hash != sha256(secure.message.encode()).digest():
            return None
        reply = _replies.decode(secure.message)
    except (ValueError, RecursionError):
        return None
    if isinstance(reply, _Other):
        return None
    envelope = reply.envelope
    if (
        not is_request_id(envelope.requestid, fixed=True)
        or not _is_identity(envelope.senderid)
        or not is_agent(envelope.agent)
        or not 0 <= envelope.time <= MAX_TIME_SECONDS
    ):
        return None
    return Opened(envelope.requestid, envelope.senderid, envelope.time, reply.message)


def _document(body: bytes) -> bytes:
    """The document inside a transport; empty where the codec must look at it."""
    transport = _transports.decode(body)
    if isinstance(transport, _Other):
        return b""
    headers = transport.headers
    if headers.federation is not UNSET or not _is_identity(headers.mc_sender):
        return b""
    if headers.reply_to and not is_subject(headers.reply_to):
        return b""
    document: bytes = transport.data
    return document
