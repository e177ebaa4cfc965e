"""Lines of an audit log in JSON, as the Choria programs write them.  Pure.

{"timestamp":"2026-01-02T03:04:05.123456+0000","request_id":"…","request_time":1700000000,
"caller":"choria=x","sender":"…","agent":"rpcutil","action":"ping","data":{}}

Source: the recorded audit log of the Go server.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec import Raw, Struct, json

from choria_core.audit.entry import AuditEntry
from choria_core.errors import RemoteProtocolError
from choria_core.protocol.json_documents import decode_document, encode_document

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_SECOND_US: Final = 1_000_000
_NOTHING: Final = Raw(b"{}")


class _Tail(Struct, frozen=True, gc=False):
    request_id: str
    request_time: int
    caller: str
    sender: str
    agent: str
    action: str
    data: Raw


class _Line(Struct, frozen=True, gc=False):
    timestamp: str
    request_id: str
    request_time: int
    caller: str
    sender: str
    agent: str
    action: str
    data: Raw = _NOTHING


_lines: Final = json.Decoder(_Line)


def json_line(entry: AuditEntry) -> bytes:
    """The line of an entry, with its end."""
    return json_head(entry.time_ns) + json_tail(entry)


def json_head(time_ns: int) -> bytes:
    """The beginning of a line: its time."""
    seconds, microseconds = divmod(time_ns // 1000, _SECOND_US)
    moment = datetime.fromtimestamp(seconds, UTC)
    return f'{{"timestamp":"{moment:%Y-%m-%dT%H:%M:%S}.{microseconds:06d}+0000",'.encode()


def json_tail(entry: AuditEntry) -> bytes:
    """The rest of it, which does not depend on the time."""
    document = encode_document(
        _Tail(
            request_id=entry.request_id,
            request_time=entry.request_time,
            caller=entry.caller,
            sender=entry.sender,
            agent=entry.agent,
            action=entry.action,
            data=entry.data,
        )
    )
    # A stranger's JSON may have line breaks between its parts; within texts they are escaped.
    return document[1:].replace(b"\n", b" ").replace(b"\r", b" ") + b"\n"


def read_json_line(line: bytes) -> AuditEntry:
    """The entry of a line.

    Raises:
        RemoteProtocolError: it is none.
    """
    found = decode_document(_lines, line)
    return AuditEntry(
        time_ns=_nanoseconds(found.timestamp),
        request_id=found.request_id,
        request_time=found.request_time,
        caller=found.caller,
        sender=found.sender,
        agent=found.agent,
        action=found.action,
        data=found.data,
    )


def _nanoseconds(timestamp: str) -> int:
    """Unix time; raises RemoteProtocolError."""
    try:
        moment = datetime.fromisoformat(timestamp)
        since = moment.astimezone(UTC) - _EPOCH if moment.tzinfo else None
    except (ValueError, OverflowError):
        since = None
    if since is None or since < timedelta():
        raise RemoteProtocolError(f"no time with a zone since 1970: {timestamp[:40]!r}")
    return since // _MICROSECOND * 1000
