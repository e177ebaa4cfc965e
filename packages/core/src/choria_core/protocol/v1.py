"""Protocol version 1: X.509 certificates, RSA signatures, documents as text in documents.  Pure.

The outermost step alone is base64; inside, each document is a string in the next.

Source: go-choria, protocol/v1 and its JSON schemas; recordings of the Go programs.
"""

from hashlib import sha256
from typing import Final

from msgspec import UNSET, Struct, UnsetType, json

from choria_core.errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from choria_core.protocol.base64_text import decode_base64, encode_base64
from choria_core.protocol.filter_document import FilterDocument, filter_document
from choria_core.protocol.json_documents import decode_document, encode_document
from choria_core.protocol.messages import (
    NANOSECONDS,
    Federation,
    Headers,
    Hop,
    Reply,
    Request,
    SecureReply,
    SecureRequest,
    Transport,
    Version,
)
from choria_core.protocol.names import is_caller, is_request_id, require
from choria_core.protocol.record_rules import check_headers, check_reply, check_request

VERSION: Final = Version.V1

INSECURE: Final = SecureRequest(b"", decode_base64("insecure"), b"insecure")
"""Signature and credential where nobody signs: the word itself, which happens to be base64."""

UNSIGNED_REGISTRATION: Final = SecureRequest(
    b"", b"insecure registration", b"insecure registration"
)
"""Signature and credential of a registration by a node without a certificate."""


class _FederationDocument(
    Struct, frozen=True, gc=False, omit_defaults=True, rename={"reply_to": "reply-to"}
):
    req: str = ""
    reply_to: str = ""
    target: tuple[str, ...] = ()


class _HeadersDocument(
    Struct,
    frozen=True,
    gc=False,
    kw_only=True,
    omit_defaults=True,
    rename={"reply_to": "reply-to", "seen_by": "seen-by"},
):
    reply_to: str = ""
    mc_sender: str
    seen_by: tuple[Hop, ...] = ()
    federation: _FederationDocument | UnsetType = UNSET


class TransportDocument(
    Struct, frozen=True, gc=False, tag_field="protocol", tag="choria:transport:1"
):
    """A transport as read: ``data`` stays as it is until someone wants it."""

    data: str
    headers: _HeadersDocument

    def transport(self) -> Transport:
        """What it says.

        Raises:
            RemoteProtocolError: a name or a subject is not allowed.
        """
        outside = self.headers
        headers = Headers(
            sender=outside.mc_sender,
            reply_to=outside.reply_to,
            seen_by=outside.seen_by,
            federation=_federation(outside.federation) if outside.federation else None,
        )
        return Transport(VERSION, check_headers(headers, RemoteProtocolError), self.data)


class _OutgoingTransport(
    Struct, frozen=True, gc=False, tag_field="protocol", tag="choria:transport:1"
):
    """A transport as written: ``data`` becomes base64 on its way out."""

    data: bytes
    headers: _HeadersDocument


class _SecureRequestDocument(
    Struct, frozen=True, gc=False, tag_field="protocol", tag="choria:secure:request:1"
):
    message: str
    signature: str
    pubcert: str


class _SecureReplyDocument(
    Struct, frozen=True, gc=False, tag_field="protocol", tag="choria:secure:reply:1"
):
    message: str
    hash: str


class _RequestEnvelope(Struct, frozen=True, gc=False):
    requestid: str
    senderid: str
    callerid: str
    collective: str
    agent: str
    ttl: int
    time: int
    filter: FilterDocument


class _RequestDocument(Struct, frozen=True, gc=False, tag_field="protocol", tag="choria:request:1"):
    message: str
    envelope: _RequestEnvelope


class _ReplyEnvelope(Struct, frozen=True, gc=False):
    requestid: str
    senderid: str
    agent: str
    time: int


class _ReplyDocument(Struct, frozen=True, gc=False, tag_field="protocol", tag="choria:reply:1"):
    message: str
    envelope: _ReplyEnvelope


# Unions, as a lone type would do without its ``protocol``.
_secure_documents: Final[json.Decoder[_SecureRequestDocument | _SecureReplyDocument]] = (
    json.Decoder(_SecureRequestDocument | _SecureReplyDocument)
)
_documents: Final[json.Decoder[_RequestDocument | _ReplyDocument]] = json.Decoder(
    _RequestDocument | _ReplyDocument
)


def encode_transport(document: bytes, headers: Headers) -> bytes:
    """Close a secure request or secure reply into a transport, ready to be published.

    Raises:
        LocalProtocolError: a header breaks the rules.
    """
    check_headers(headers, LocalProtocolError)
    federation = headers.federation
    outside = _HeadersDocument(
        reply_to=headers.reply_to,
        mc_sender=headers.sender,
        seen_by=headers.seen_by,
        federation=_federation_document(federation) if federation else UNSET,
    )
    return encode_document(_OutgoingTransport(document, outside))


def decode_secure_request(document: bytes) -> SecureRequest:
    """Open a secure request; whether its signature is good is another's question.

    Raises:
        RemoteProtocolError: it is none.
    """
    found = decode_document(_secure_documents, document)
    if not isinstance(found, _SecureRequestDocument):
        raise RemoteProtocolError("a secure reply where a secure request is due")
    if not found.message or not found.signature or not found.pubcert:
        raise RemoteProtocolError("a secure request without message, signature or certificate")
    return SecureRequest(
        found.message.encode(), decode_base64(found.signature), found.pubcert.encode()
    )


def encode_secure_request(secure: SecureRequest) -> bytes:
    """Write a secure request.

    Raises:
        LocalProtocolError: a part is missing or not text, or it has a signer.
    """
    if secure.signer:
        raise LocalProtocolError("version 1 knows no delegated signers")
    if not secure.signed or not secure.signature or not secure.credential:
        raise LocalProtocolError("a secure request without message, signature or certificate")
    return encode_document(
        _SecureRequestDocument(
            _text(secure.signed), encode_base64(secure.signature), _text(secure.credential)
        )
    )


def decode_request(document: bytes) -> Request:
    """Open a request document.

    Raises:
        RemoteProtocolError: it is none, or breaks a rule.
    """
    found = decode_document(_documents, document)
    if not isinstance(found, _RequestDocument):
        raise RemoteProtocolError("a reply where a request is due")
    envelope = found.envelope
    request = Request(
        request_id=envelope.requestid,
        sender=envelope.senderid,
        caller=envelope.callerid,
        collective=envelope.collective,
        agent=envelope.agent,
        ttl_seconds=envelope.ttl,
        time_ns=envelope.time * NANOSECONDS,
        payload=found.message.encode(),
        filter=envelope.filter.filter(),
    )
    return _checked_request(request, RemoteProtocolError)


def encode_request(request: Request) -> bytes:
    """Write a request document: the bytes to sign.

    Raises:
        LocalProtocolError: it breaks a rule.
    """
    _checked_request(request, LocalProtocolError)
    envelope = _RequestEnvelope(
        requestid=request.request_id,
        senderid=request.sender,
        callerid=request.caller,
        collective=request.collective,
        agent=request.agent,
        ttl=request.ttl_seconds,
        time=request.time_ns // NANOSECONDS,
        filter=filter_document(request.filter),
    )
    return encode_document(_RequestDocument(_text(request.payload), envelope))


def decode_secure_reply(document: bytes) -> SecureReply:
    """Open a secure reply and check its hash.

    Raises:
        RemoteProtocolError: it is none, or its hash is another's.
    """
    found = decode_document(_secure_documents, document)
    if not isinstance(found, _SecureReplyDocument):
        raise RemoteProtocolError("a secure request where a secure reply is due")
    message = found.message.encode()
    digest = sha256(message).digest()
    # Comparing texts is quicker, but base64 can be written in several ways.
    if found.hash != encode_base64(digest) and decode_base64(found.hash) != digest:
        raise RemoteProtocolError("the hash of a reply is another's")
    return SecureReply(message)


def encode_secure_reply(secure: SecureReply) -> bytes:
    """Write a secure reply with its hash.

    Raises:
        LocalProtocolError: it is signed, or not text.
    """
    if secure.signature or secure.credential:
        raise LocalProtocolError("version 1 knows no signed replies")
    digest = encode_base64(sha256(secure.signed).digest())
    return encode_document(_SecureReplyDocument(_text(secure.signed), digest))


def decode_reply(document: bytes) -> Reply:
    """Open a reply document.

    Raises:
        RemoteProtocolError: it is none, or breaks a rule.
    """
    found = decode_document(_documents, document)
    if not isinstance(found, _ReplyDocument):
        raise RemoteProtocolError("a request where a reply is due")
    envelope = found.envelope
    reply = Reply(
        request_id=envelope.requestid,
        sender=envelope.senderid,
        agent=envelope.agent,
        time_ns=envelope.time * NANOSECONDS,
        payload=found.message.encode(),
    )
    return _checked_reply(reply, RemoteProtocolError)


def encode_reply(reply: Reply) -> bytes:
    """Write a reply document.

    Raises:
        LocalProtocolError: it breaks a rule.
    """
    _checked_reply(reply, LocalProtocolError)
    envelope = _ReplyEnvelope(
        requestid=reply.request_id,
        senderid=reply.sender,
        agent=reply.agent,
        time=reply.time_ns // NANOSECONDS,
    )
    return encode_document(_ReplyDocument(_text(reply.payload), envelope))


def _checked_request(request: Request, blame: type[ProtocolError]) -> Request:
    require(is_request_id(request.request_id, fixed=True), "request id", request.request_id, blame)
    require(is_caller(request.caller, kind_needed=True), "caller", request.caller, blame)
    return check_request(request, blame)


def _checked_reply(reply: Reply, blame: type[ProtocolError]) -> Reply:
    require(is_request_id(reply.request_id, fixed=True), "request id", reply.request_id, blame)
    return check_reply(reply, blame)


def _federation(document: _FederationDocument) -> Federation:
    return Federation(request_id=document.req, reply_to=document.reply_to, targets=document.target)


def _federation_document(federation: Federation) -> _FederationDocument:
    return _FederationDocument(
        req=federation.request_id, reply_to=federation.reply_to, target=federation.targets
    )


def _text(document: bytes) -> str:
    """Bytes as the text that version 1 nests."""
    try:
        return document.decode()
    except UnicodeDecodeError:
        raise LocalProtocolError("version 1 carries text alone, this is not UTF-8") from None
