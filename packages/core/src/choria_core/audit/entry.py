"""What an audit log tells of one request.  Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from msgspec import Raw, json

from choria_core.errors import RemoteProtocolError
from choria_core.protocol.json_documents import decode_document, encode_document
from choria_core.protocol.messages import NANOSECONDS, Request
from choria_core.protocol.rpc_body import RpcRequest

MASK: Final = "***"
"""Stands for the value of a sensitive input."""

_fields: Final = json.Decoder(dict[str, Raw])
_MASKED: Final = Raw(b'"***"')


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """A request that was allowed, just before its action runs.

    Attributes:
        time_ns: unix time of the entry.
        request_id: of the request.
        request_time: unix time of the request, in seconds, by the caller's clock.
        caller: who asked, as ``choria=name``.
        sender: identity of the program that the request came from.
        agent, action: what was asked for.
        data: the arguments, a JSON object as it came; sensitive inputs are masked.
    """

    time_ns: int
    request_id: str
    request_time: int
    caller: str
    sender: str
    agent: str
    action: str
    data: Raw


def entry_of(
    request: Request, call: RpcRequest, *, sensitive: Collection[str] = (), time_ns: int
) -> AuditEntry:
    """The entry of a request.

    Args:
        request: the document.
        call: its payload.
        sensitive: inputs that are masked.
        time_ns: unix time.
    """
    return AuditEntry(
        time_ns=time_ns,
        request_id=request.request_id,
        request_time=request.time_ns // NANOSECONDS,
        caller=request.caller,
        sender=request.sender,
        agent=call.agent,
        action=call.action,
        data=masked(call.data, sensitive) if sensitive else call.data,
    )


def masked(data: Raw, names: Collection[str]) -> Raw:
    """A JSON object whose values of ``names`` are masked, the others untouched.

    What cannot be read is masked as a whole.
    """
    try:
        fields = decode_document(_fields, data)
    except RemoteProtocolError:
        return _MASKED
    hidden = [name for name in names if name in fields]
    if not hidden:
        return data
    return Raw(encode_document({**fields, **dict.fromkeys(hidden, MASK)}))
