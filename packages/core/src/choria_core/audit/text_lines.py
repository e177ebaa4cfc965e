"""Lines of an audit log as text, as MCollective's plugin ``logfile`` wrote them.  Pure.

[2026-01-02 03:04:05 UTC] reqid=…: reqtime=1700000000 caller=choria=x@… agent=rpcutil
action=ping data={:msg=>"hello"}

All in one line.  Names with blanks or characters that cannot be printed, which no honest
caller has, are written with escapes.
"""

import re
from datetime import UTC, datetime
from typing import Any, Final

from msgspec import Raw, json

from choria_core.audit.entry import AuditEntry
from choria_core.audit.ruby_text import escaped, inspected, quoted, read_inspected, unescaped
from choria_core.errors import ChoriaError, LocalProtocolError, RemoteProtocolError
from choria_core.protocol.messages import NANOSECONDS
from choria_core.protocol.rpc_body import pack_fields, unpack_fields

_LINE: Final = re.compile(
    r"\[(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC\] reqid=(?P<id>\S*): "
    r"reqtime=(?P<reqtime>-?\d{1,18}) caller=(?P<caller>\S*)@(?P<sender>[^\s@]*) "
    r"agent=(?P<agent>\S*) action=(?P<action>\S*) data=(?P<data>.*)"
)


def text_line(entry: AuditEntry) -> bytes:
    """The line of an entry, with its end."""
    moment = datetime.fromtimestamp(entry.time_ns // NANOSECONDS, UTC)
    sender = _word(entry.sender).replace("@", "\\x40")
    return (
        f"[{moment:%Y-%m-%d %H:%M:%S} UTC] reqid={_word(entry.request_id)}: "
        f"reqtime={entry.request_time} caller={_word(entry.caller)}@{sender} "
        f"agent={_word(entry.agent)} action={_word(entry.action)} "
        f"data={_data_text(entry.data)}\n"
    ).encode()


def read_text_line(line: bytes) -> AuditEntry:
    """The entry of a line; data that no Ruby value is understood in becomes a text.

    Raises:
        RemoteProtocolError: it is none.
    """
    try:
        found = _LINE.fullmatch(line.decode().rstrip("\r\n"))
    except UnicodeDecodeError:
        raise RemoteProtocolError("not UTF-8") from None
    if found is None:
        raise RemoteProtocolError("not an entry in the text format")
    return AuditEntry(
        time_ns=_nanoseconds(found["time"]),
        request_id=unescaped(found["id"]),
        request_time=int(found["reqtime"]),
        caller=unescaped(found["caller"]),
        sender=unescaped(found["sender"]),
        agent=unescaped(found["agent"]),
        action=unescaped(found["action"]),
        data=_data(found["data"]),
    )


def _word(text: str) -> str:
    return escaped(text.replace("\\", "\\\\")).replace(" ", "\\s")


def _data_text(data: Raw) -> str:
    try:
        return inspected(unpack_fields(data), symbols=True)
    except (ChoriaError, RecursionError, ValueError):  # too deep, or numbers beyond all bounds
        return quoted(bytes(data).decode(errors="replace"))


def _data(text: str) -> Raw:
    try:
        value: Any = read_inspected(text)
        if isinstance(value, dict):
            return pack_fields(value)
    except (RemoteProtocolError, LocalProtocolError):
        value = text
    if not isinstance(value, str):
        value = text
    return Raw(json.encode(value))


def _nanoseconds(text: str) -> int:
    """Unix time; raises RemoteProtocolError."""
    try:
        seconds = int(datetime.fromisoformat(f"{text}+00:00").timestamp())
    except ValueError:
        seconds = -1
    if seconds < 0:
        raise RemoteProtocolError(f"no time since 1970: {text!r}")
    return seconds * NANOSECONDS
