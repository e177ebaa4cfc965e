"""The status file of a server: what it says, and whether that is well.  Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from msgspec import DecodeError, Struct, json

from choria_core.errors import RemoteProtocolError
from choria_core.timestamps import parse_rfc3339_ms

NEVER: Final = "0001-01-01T00:00:00Z"
"""Stands for a time that there is none of."""


class StatusCounts(Struct, frozen=True, kw_only=True):
    """The part ``stats``; see :class:`choria_core.node.gate.RequestCounts`."""

    total: int = 0
    valid: int = 0
    invalid: int = 0
    passed: int = 0
    filtered: int = 0
    replies: int = 0
    ttlexpired: int = 0
    events: int = 0


class Status(Struct, frozen=True, kw_only=True):
    """A status file.

    Attributes:
        uptime: seconds.
        connected_server: URL of the broker; empty while there is none.
        last_message: unix time of the last request, in seconds; 0 before the first.
        provisioning_mode: always false, as this server cannot be provisioned.
        certificate_expires, token_expires: RFC 3339; :data:`NEVER` where there is none.
    """

    identity: str
    uptime: int
    connected_server: str = ""
    last_message: int = 0
    provisioning_mode: bool = False
    stats: StatusCounts = StatusCounts()
    certificate_expires: str = NEVER
    token_expires: str = NEVER


_statuses: Final = json.Decoder(Status)


def encode_status(status: Status) -> bytes:
    """The content of the file."""
    return json.encode(status)


def decode_status(document: bytes) -> Status:
    """Read one, the original program's too.

    Raises:
        RemoteProtocolError: it is none.
    """
    try:
        return _statuses.decode(document)
    except (DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise RemoteProtocolError(f"not a status file: {error}") from None


def expiry_text(expires: float | None) -> str:
    """A unix time as the file has it."""
    if expires is None:
        return NEVER
    try:
        return f"{datetime.fromtimestamp(int(expires), tz=UTC):%Y-%m-%dT%H:%M:%SZ}"
    except (OverflowError, ValueError, OSError):
        return NEVER


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What is well; times are seconds, 0 switches a check off.

    Attributes:
        connected: whether there must be a connection.
        message_age: of the last request.
        file_age: of the file.
        certificate_left, token_left: until they expire.
        provisioning: whether it must be in provisioning mode; None for no matter.
    """

    connected: bool = True
    message_age: float = 3_600.0
    file_age: float = 1_800.0
    certificate_left: float = 86_400.0
    token_left: float = 86_400.0
    provisioning: bool | None = None


def problems(status: Status, limits: Limits, *, written: float, now: float) -> Iterator[str]:
    """Everything that is not well, the gravest first.

    Args:
        status: the file.
        limits: what is well.
        written: unix time of the file.
        now: unix time.

    Raises:
        RemoteProtocolError: a time in the file is none.
    """
    if limits.file_age and now - written > limits.file_age:
        yield f"the file is {_span(now - written)} old, more than {_span(limits.file_age)}"
    yield from _expiry("certificate", status.certificate_expires, limits.certificate_left, now)
    yield from _expiry("token", status.token_expires, limits.token_left, now)
    if limits.connected and not status.connected_server:
        yield "the server is not connected"
    yield from _silence(status, limits.message_age, now)
    if limits.provisioning is not None and limits.provisioning is not status.provisioning_mode:
        yield f"the server is {'not ' if limits.provisioning else ''}in provisioning mode"


def _expiry(what: str, expires: str, least: float, now: float) -> Iterator[str]:
    if not least or expires == NEVER:
        return
    left = parse_rfc3339_ms(expires) / 1000 - now
    if left < least:
        ends = f"expires in {_span(left)}" if left > 0 else f"expired {_span(-left)} ago"
        yield f"the {what} {ends}, at {expires}"


def _silence(status: Status, longest: float, now: float) -> Iterator[str]:
    if not longest or (status.last_message == 0 and status.uptime < longest):
        return  # a server that has just started may not have heard of anyone yet
    if status.last_message == 0:
        yield f"no request has come in the {_span(status.uptime)} since the server's start"
    elif now - status.last_message > longest:
        yield f"the last request came {_span(now - status.last_message)} ago"


def _span(seconds: float) -> str:
    """A duration for people."""
    whole = int(seconds)
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if whole >= 2 * length:
            return f"{whole // length} {unit}"
    return f"{whole} s"
