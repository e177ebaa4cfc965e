"""Base64 as the Go and Ruby programs read it: padded, line breaks ignored.  Pure."""

from binascii import b2a_base64

from msgspec import ValidationError, convert

from choria_core.errors import RemoteProtocolError


def decode_base64(text: str) -> bytes:
    """The bytes that ``text`` stands for.

    Ruby's encoder breaks its lines; msgspec's decoder is several times faster
    than the standard library's but takes no breaks, so they are removed when met.

    Raises:
        RemoteProtocolError: it is not base64.
    """
    try:
        return convert(text, bytes)
    except ValidationError:
        pass
    try:
        return convert(text.replace("\n", "").replace("\r", ""), bytes)
    except ValidationError:
        raise RemoteProtocolError("not base64") from None


def encode_base64(data: bytes) -> str:
    """``data`` as one line of text."""
    return b2a_base64(data, newline=False).decode("ascii")


def request_payload(payload: bytes) -> bytes:
    """What a request's payload means to its agent.

    Payloads that happen to be base64 are decoded, whatever they were meant to
    be: the text ``ping`` means three other bytes, so clients send ``cGluZw==``.
    JSON is never base64.

    Source: go-choria, server/processor.go.
    """
    if payload[:1] in (b"{", b"[", b'"'):
        return payload
    try:
        return decode_base64(payload.decode("ascii"))
    except (RemoteProtocolError, UnicodeDecodeError):
        return payload
