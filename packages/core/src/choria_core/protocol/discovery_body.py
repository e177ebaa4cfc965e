"""The payloads of the discovery agent, which are no JSON.  Pure."""

from typing import Final

PING: Final = b"cGluZw=="
"""What clients send; a bare ``ping`` would be taken for base64."""

PONG: Final = b"pong"
"""What nodes answer."""

_PING_WORD: Final = b"ping"


def is_ping(payload: bytes) -> bool:
    """Whether a request's payload, base64 undone, asks for a sign of life."""
    return _PING_WORD in payload
