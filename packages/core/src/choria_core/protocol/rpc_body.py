"""MCollective RPC: the payloads of every agent but discovery.  Pure.

``data`` stays raw JSON until the agent or the client knows what to read it as.

Source: go-choria, providers/agent/mcorpc; the Ruby programs leave keys out.
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, Final, TypeVar

from msgspec import Raw, Struct, json

from choria_core.errors import RemoteProtocolError
from choria_core.protocol.json_documents import decode_document, encode_document

_Fields = TypeVar("_Fields")

_NOTHING: Final = Raw(b"{}")
_NIL_FORMS: Final = (b"null", b'"{}"')
"""How the Go programs write data that is not there."""


class StatusCode(IntEnum):
    """Outcome of an action on one node."""

    OK = 0
    ABORTED = 1
    UNKNOWN_ACTION = 2
    MISSING_DATA = 3
    INVALID_DATA = 4
    UNKNOWN_ERROR = 5


class RpcRequest(Struct, frozen=True, gc=False):
    """An action with its arguments; ``data`` is a JSON object."""

    agent: str
    action: str
    data: Raw = _NOTHING


class RpcReply(Struct, frozen=True, gc=False, kw_only=True):
    """What an action gave.

    Attributes:
        action: empty in replies of Ruby nodes.
        statuscode: a :class:`StatusCode`, or a number nobody knows.
        statusmsg: for people; written by the node, so escape it on terminals.
        data: a JSON object.
    """

    action: str = ""
    statuscode: int
    statusmsg: str
    data: Raw = _NOTHING


_requests: Final = json.Decoder(RpcRequest)
_replies: Final = json.Decoder(RpcReply)
_objects: Final = json.Decoder(dict[str, Any])


def decode_rpc_request(payload: bytes) -> RpcRequest:
    """Read a request's payload.

    Raises:
        RemoteProtocolError: it is no RPC request; a node answers with
            ``INVALID_DATA``.
    """
    found = decode_document(_requests, _text(payload))
    return RpcRequest(found.agent, found.action, _object(found.data))


def encode_rpc_request(request: RpcRequest) -> bytes:
    """Write a request's payload.

    Raises:
        LocalProtocolError: it holds what JSON cannot.
    """
    return encode_document(request)


def decode_rpc_reply(payload: bytes) -> RpcReply:
    """Read a reply's payload.

    Raises:
        RemoteProtocolError: it is no RPC reply.
    """
    found = decode_document(_replies, _text(payload))
    return RpcReply(
        action=found.action,
        statuscode=found.statuscode,
        statusmsg=found.statusmsg,
        data=_object(found.data),
    )


def encode_rpc_reply(reply: RpcReply) -> bytes:
    """Write a reply's payload.

    Raises:
        LocalProtocolError: it holds what JSON cannot.
    """
    return encode_document(reply)


def pack_fields(fields: Struct | Mapping[str, object]) -> Raw:
    """Arguments or results as ``data``.

    Raises:
        LocalProtocolError: they hold what JSON cannot.
    """
    return Raw(encode_document(fields if isinstance(fields, Struct) else dict(fields)))


def unpack_fields(data: Raw) -> dict[str, Any]:
    """``data`` as plain values.

    Raises:
        RemoteProtocolError: it is no JSON object.
    """
    return decode_document(_objects, data)


def unpack_typed_fields(decoder: json.Decoder[_Fields], data: Raw) -> _Fields:
    """``data`` by the types of ``decoder``.

    Raises:
        RemoteProtocolError: it is something else.
    """
    return decode_document(decoder, data)


def _object(data: Raw) -> Raw:
    text = bytes(data)
    if text[:1] == b"{":
        return data
    if text in _NIL_FORMS:
        return _NOTHING
    raise RemoteProtocolError("data is not a JSON object")


def _text(payload: bytes) -> str:
    """The payload, all of it UTF-8: parts that stay raw would not be looked at."""
    try:
        return payload.decode()
    except UnicodeDecodeError:
        raise RemoteProtocolError("an RPC payload that is not UTF-8") from None
