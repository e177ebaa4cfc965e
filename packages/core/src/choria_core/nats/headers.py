r"""The header block of a NATS message.  Pure.

On the wire a block is a version line, perhaps with a status, then one line
per header, then an empty line::

    NATS/1.0\r\nName: value\r\n\r\n
    NATS/1.0 503\r\n\r\n
    NATS/1.0 100 Idle Heartbeat\r\nNats-Last-Consumer: 7\r\n\r\n

Names keep their case and may repeat.  Blanks around a value carry no meaning.

Source: NATS ADR-4 (message headers).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from choria_core.errors import LocalProtocolError, RemoteProtocolError
from choria_core.nats.transport import NO_HEADERS

_VERSION = b"NATS/1.0"
_LINE_END = b"\r\n"
_BLOCK_END = b"\r\n\r\n"
_BLANKS = b" \t"
_NAME = re.compile(rb"[!-9;-~]+")  # visible ASCII without the colon
_STATUS_LINE = re.compile(rb"NATS/1\.0(?:[ \t]+(\d{3})(?:[ \t]+([^\r\n]*))?)?[ \t]*")


@dataclass(frozen=True, slots=True)
class ParsedHeaders:
    """A header block as received.

    Attributes:
        status: NATS inline status (100, 404, 408, 409, 503); 0 on ordinary messages.
        description: the text beside ``status``.
        headers: name to value; of a repeated name the last value.
    """

    status: int = 0
    description: str = ""
    headers: Mapping[str, str] = field(default_factory=lambda: NO_HEADERS)


def parse_headers(block: bytes) -> ParsedHeaders:
    """Read a whole header block.

    Bytes that are not UTF-8 come out as U+FFFD; :func:`iter_header_lines` gives them as sent.

    Raises:
        RemoteProtocolError: this is no header block.
    """
    status, description = _parse_status(block)
    headers = {
        name.decode("utf-8", "replace"): value.decode("utf-8", "replace")
        for name, value in iter_header_lines(block)
    }
    return ParsedHeaders(status, description, headers or NO_HEADERS)


def iter_header_lines(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Every header as (name, value), in order, repeats included.

    Raises:
        RemoteProtocolError: this is no header block.
    """
    if not block.startswith(_VERSION) or not block.endswith(_BLOCK_END):
        raise RemoteProtocolError(f"not a NATS header block: {block[:40]!r}")
    for line in block[: -len(_BLOCK_END)].split(_LINE_END)[1:]:
        name, colon, value = line.partition(b":")
        if not colon or not name.strip(_BLANKS):
            raise RemoteProtocolError(f"header line without a name: {line[:40]!r}")
        yield name.strip(_BLANKS), value.strip(_BLANKS)


def encode_headers(headers: Mapping[str, str]) -> bytes:
    """Write a header block; an empty mapping gives a block without lines.

    Raises:
        LocalProtocolError: a name or value that would break the block, or that
            UTF-8 cannot hold.
    """
    try:
        lines = [(name.encode(), value.encode()) for name, value in headers.items()]
    except UnicodeEncodeError as error:
        raise LocalProtocolError(f"header text {error.object!r} is not Unicode") from None
    return encode_header_lines(lines)


def encode_header_lines(lines: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Write a header block from (name, value) pairs, in order, repeats included.

    Raises:
        LocalProtocolError: a name or value that would break the block.
    """
    parts = [_VERSION]
    for name, value in lines:
        _check_line(name, value)
        parts.append(name + b": " + value)
    return _LINE_END.join(parts) + _BLOCK_END


def _parse_status(block: bytes) -> tuple[int, str]:
    match = _STATUS_LINE.fullmatch(block.partition(_LINE_END)[0])
    if match is None:
        raise RemoteProtocolError(f"not a NATS header block: {block[:40]!r}")
    code, text = match.groups()
    return int(code or 0), (text or b"").rstrip(_BLANKS).decode("utf-8", "replace")


def _check_line(name: bytes, value: bytes) -> None:
    if _NAME.fullmatch(name) is None:
        raise LocalProtocolError(
            f"header name {name!r} is not made of visible ASCII characters without a colon"
        )
    if b"\r" in value or b"\n" in value:
        raise LocalProtocolError(f"value of header {name.decode()} has a line break")
