"""Protocol version 2: JWTs, ed25519 signatures, documents as base64 in documents.  Pure.

Source: go-choria, protocol/v2 and its JSON schemas; recordings of the Go programs.
"""

from hashlib import sha256
from typing import Final

from msgspec import UNSET, Struct, UnsetType, json

from choria_core.errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from choria_core.protocol.filter_document import FilterDocument, filter_document
from choria_core.protocol.json_documents import decode_document, encode_document
from choria_core.protocol.messages import (
    MATCH_ALL,
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

VERSION: Final = Version.V2

INSECURE: Final = SecureRequest(b"", b"insecure", b"")
"""Signature and credential where nobody signs."""


class _FederationDocument(Struct, frozen=True, gc=False, omit_defaults=True):
    request: str = ""
    reply: str = ""
    targets: tuple[str, ...] = ()


class _HeadersDocument(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    reply: str = ""
    sender: str
    trace: tuple[Hop, ...] = ()
    federation: _FederationDocument | UnsetType = UNSET


class TransportDocument(
    Struct, frozen=True, gc=False, tag_field="protocol", tag="io.choria.protocol.v2.transport"
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
            sender=outside.sender,
            reply_to=outside.reply,
            seen_by=outside.trace,
            federation=_federation(outside.federation) if outside.federation else None,
        )
        return Transport(VERSION, check_headers(headers, RemoteProtocolError), self.data)


class _OutgoingTransport(
    Struct, frozen=True, gc=False, tag_field="protocol", tag="io.choria.protocol.v2.transport"
):
    """A transport as written: ``data`` becomes base64 on its way out."""

    data: bytes
    headers: _HeadersDocument


class _SecureRequestDocument(
    Struct,
    frozen=True,
    gc=False,
    omit_defaults=True,
    tag_field="protocol",
    tag="io.choria.protocol.v2.secure_request",
):
    request: bytes
    signature: bytes
    caller: str
    signer: str = ""


class _SecureReplyDocument(
    Struct,
    frozen=True,
    gc=False,
    omit_defaults=True,
    tag_field="protocol",
    tag="io.choria.protocol.v2.secure_reply",
):
    reply: bytes
    hash: bytes
    signature: bytes = b""
    sender: str = ""


class _RequestDocument(
    Struct, frozen=True, gc=False, tag_field="protocol", tag="io.choria.protocol.v2.request"
):
    message: bytes
    id: str
    sender: str
    caller: str
    collective: str
    agent: str
    ttl: int
    time: int
    filter: FilterDocument | UnsetType = UNSET


class _ReplyDocument(
    Struct, frozen=True, gc=False, tag_field="protocol", tag="io.choria.protocol.v2.reply"
):
    message: bytes
    request: str
    sender: str
    agent: str
    time: int


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
        reply=headers.reply_to,
        sender=headers.sender,
        trace=headers.seen_by,
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
    if not found.request or not found.signature:
        raise RemoteProtocolError("a secure request without request or signature")
    return SecureRequest(
        found.request, found.signature, _credential(found.caller), _credential(found.signer)
    )


def encode_secure_request(secure: SecureRequest) -> bytes:
    """Write a secure request.

    Raises:
        LocalProtocolError: a part is missing, or a token is not text.
    """
    if not secure.signed or not secure.signature:
        raise LocalProtocolError("a secure request without request or signature")
    return encode_document(
        _SecureRequestDocument(
            secure.signed, secure.signature, _token(secure.credential), _token(secure.signer)
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
    request = Request(
        request_id=found.id,
        sender=found.sender,
        caller=found.caller,
        collective=found.collective,
        agent=found.agent,
        ttl_seconds=found.ttl,
        time_ns=found.time,
        payload=found.message,
        filter=found.filter.filter() if found.filter else MATCH_ALL,
    )
    return _checked_request(request, RemoteProtocolError)


def encode_request(request: Request) -> bytes:
    """Write a request document: the bytes to sign.

    Raises:
        LocalProtocolError: it breaks a rule.
    """
    _checked_request(request, LocalProtocolError)
    return encode_document(
        _RequestDocument(
            message=request.payload,
            id=request.request_id,
            sender=request.sender,
            caller=request.caller,
            collective=request.collective,
            agent=request.agent,
            ttl=request.ttl_seconds,
            time=request.time_ns,
            filter=filter_document(request.filter),
        )
    )


def decode_secure_reply(document: bytes) -> SecureReply:
    """Open a secure reply and check its hash.

    Raises:
        RemoteProtocolError: it is none, or its hash is another's.
    """
    found = decode_document(_secure_documents, document)
    if not isinstance(found, _SecureReplyDocument):
        raise RemoteProtocolError("a secure request where a secure reply is due")
    if found.hash != sha256(found.reply).digest():
        raise RemoteProtocolError("the hash of a reply is another's")
    return SecureReply(found.reply, found.signature, _credential(found.sender))


def encode_secure_reply(secure: SecureReply) -> bytes:
    """Write a secure reply with its hash.

    Raises:
        LocalProtocolError: the token is not text.
    """
    digest = sha256(secure.signed).digest()
    return encode_document(
        _SecureReplyDocument(secure.signed, digest, secure.signature, _token(secure.credential))
    )


def decode_reply(document: bytes) -> Reply:
    """Open a reply document.

    Raises:
        RemoteProtocolError: it is none, or breaks a rule.
    """
    found = decode_document(_documents, document)
    if not isinstance(found, _ReplyDocument):
        raise RemoteProtocolError("a request where a reply is due")
    reply = Reply(
        request_id=found.request,
        sender=found.sender,
        agent=found.agent,
        time_ns=found.time,
        payload=found.message,
    )
    return _checked_reply(reply, RemoteProtocolError)


def encode_reply(reply: Reply) -> bytes:
    """Write a reply document.

    Raises:
        LocalProtocolError: it breaks a rule.
    """
    _checked_reply(reply, LocalProtocolError)
    return encode_document(
        _ReplyDocument(
            message=reply.payload,
            request=reply.request_id,
            sender=reply.sender,
            agent=reply.agent,
            time=reply.time_ns,
        )
    )


def _checked_request(request: Request, blame: type[ProtocolError]) -> Request:
    require(is_request_id(request.request_id, fixed=False), "request id", request.request_id, blame)
    require(is_caller(request.caller, kind_needed=False), "caller", request.caller, blame)
    return check_request(request, blame)


def _checked_reply(reply: Reply, blame: type[ProtocolError]) -> Reply:
    require(is_request_id(reply.request_id, fixed=False), "request id", reply.request_id, blame)
    return check_reply(reply, blame)


def _federation(document: _FederationDocument) -> Federation:
    return Federation(
        request_id=document.request, reply_to=document.reply, targets=document.targets
    )


def _federation_document(federation: Federation) -> _FederationDocument:
    return _FederationDocument(
        request=federation.request_id, reply=federation.reply_to, targets=federation.targets
    )


def _credential(token: str) -> bytes:
    if not token.isascii():
        raise RemoteProtocolError("a token is not ASCII")
    return token.encode()


def _token(credential: bytes) -> str:
    try:
        return credential.decode("ascii")
    except UnicodeDecodeError:
        raise LocalProtocolError("a token is not ASCII") from None
