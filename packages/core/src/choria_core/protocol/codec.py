"""The protocol version of a message is its own; here it is found and followed.  Pure.

A node reads and answers a request so::

    transport = decode_transport(body)
    codec = codec_of(transport.version)
    secure = codec.decode_secure_request(transport.document())
    request = codec.decode_request(secure.signed)       # once secure is verified
    ...
    document = seal_reply(codec, reply, sign=sign, credential=token)
    body = codec.encode_transport(document, reply_headers(transport, ...))
"""

from collections.abc import Callable
from typing import Final, Protocol

from msgspec import json

from choria_core.errors import RemoteProtocolError
from choria_core.protocol import v1, v2
from choria_core.protocol.json_documents import decode_document
from choria_core.protocol.messages import (
    Headers,
    Hop,
    Reply,
    Request,
    SecureReply,
    SecureRequest,
    Transport,
    Version,
)

Sign = Callable[[bytes], bytes]
"""Takes the bytes of a request or reply document, gives the raw signature."""


class Codec(Protocol):
    """What the modules ``v1`` and ``v2`` both offer; readers blame the peer, writers us."""

    @property
    def VERSION(self) -> Version:  # noqa: N802 - a constant of the modules
        """The version that it reads and writes."""

    @property
    def INSECURE(self) -> SecureRequest:  # noqa: N802
        """Signature and credential where nobody signs."""

    def encode_transport(self, document: bytes, headers: Headers) -> bytes:
        """Close a secure document into a transport."""

    def decode_secure_request(self, document: bytes) -> SecureRequest:
        """Open a secure request, unverified."""

    def encode_secure_request(self, secure: SecureRequest) -> bytes:
        """Write a secure request."""

    def decode_request(self, document: bytes) -> Request:
        """Open a request document."""

    def encode_request(self, request: Request) -> bytes:
        """Write a request document: the bytes to sign."""

    def decode_secure_reply(self, document: bytes) -> SecureReply:
        """Open a secure reply and check its hash."""

    def encode_secure_reply(self, secure: SecureReply) -> bytes:
        """Write a secure reply with its hash."""

    def decode_reply(self, document: bytes) -> Reply:
        """Open a reply document."""

    def encode_reply(self, reply: Reply) -> bytes:
        """Write a reply document."""


_codecs: Final[dict[Version, Codec]] = {Version.V1: v1, Version.V2: v2}
_transports: Final[json.Decoder[v1.TransportDocument | v2.TransportDocument]] = json.Decoder(
    v1.TransportDocument | v2.TransportDocument
)


def codec_of(version: Version) -> Codec:
    """The functions that read and write ``version``."""
    return _codecs[version]


def decode_transport(body: bytes, *, only: Version | None = None) -> Transport:
    """Open the outside of a message.

    Args:
        body: as the network delivered it.
        only: the one version that is accepted; without it either.

    Raises:
        RemoteProtocolError: it is no transport, of another version, or names
            a sender or a subject that is not allowed.
    """
    transport = decode_document(_transports, body).transport()
    if only is not None and transport.version is not only:
        raise RemoteProtocolError(
            f"protocol version {transport.version:d} where {only:d} is spoken"
        )
    return transport


def seal_request(
    codec: Codec, request: Request, *, sign: Sign | None, credential: bytes = b""
) -> bytes:
    """The secure request that holds ``request``; ``sign`` None where nobody signs.

    Raises:
        LocalProtocolError: the request breaks a rule.
    """
    document = codec.encode_request(request)
    if sign is None:
        unsigned = codec.INSECURE
        secure = SecureRequest(document, unsigned.signature, unsigned.credential)
    else:
        secure = SecureRequest(document, sign(document), credential)
    return codec.encode_secure_request(secure)


def seal_reply(
    codec: Codec, reply: Reply, *, sign: Sign | None = None, credential: bytes = b""
) -> bytes:
    """The secure reply that holds ``reply``; ``sign`` in version 2 only.

    Raises:
        LocalProtocolError: the reply breaks a rule.
    """
    document = codec.encode_reply(reply)
    signature = b"" if sign is None else sign(document)
    return codec.encode_secure_reply(SecureReply(document, signature, credential))


def is_insecure(codec: Codec, secure: SecureRequest) -> bool:
    """Whether ``secure`` says of itself that nobody signed it."""
    unsigned = codec.INSECURE
    return secure.signature == unsigned.signature and secure.credential == unsigned.credential


def reply_headers(request: Transport, *, sender: str, hop: Hop | None = None) -> Headers:
    """The headers of ``sender``'s reply to what came as ``request``.

    Replies tell their own way only, and how to cross back between networks.
    """
    return Headers(
        sender=sender,
        seen_by=() if hop is None else (hop,),
        federation=request.headers.federation,
    )
