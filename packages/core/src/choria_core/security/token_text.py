"""JSON web tokens, signed with ed25519 and nothing else.  Pure.

Only one spelling of a token is accepted, but for line breaks at its end, with
which some files come.

Source: RFC 7515, RFC 8037; go-choria writes the header as :data:`HEADER` has it.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from choria_core.errors import Refusal, RefusedError

ALGORITHM: Final = "EdDSA"
HEADER: Final = b'{"alg":"EdDSA","typ":"JWT"}'
MAX_TOKEN_BYTES: Final = 65_536


class _Header(msgspec.Struct):
    alg: str
    crit: Any = None


@dataclass(frozen=True, slots=True)
class TokenParts:
    """A token taken apart, unverified.

    Attributes:
        signed: header and claims as the signature covers them.
        claims: a JSON document.
        signature: raw.
    """

    signed: bytes
    claims: bytes
    signature: bytes


def split_token(token: bytes) -> TokenParts:
    """Take ``token`` apart without verifying it.

    Raises:
        RefusedError: it is no token, or of another algorithm.
    """
    signed, _, signature = token.rstrip(b"\r\n").rpartition(b".")
    header, dot, claims = signed.partition(b".")
    if len(token) > MAX_TOKEN_BYTES or not dot:
        raise RefusedError(Refusal.MALFORMED, "not a JSON web token")
    _check_header(_decoded(header))
    return TokenParts(signed, _decoded(claims), _decoded(signature))


def sign_token(claims: bytes, sign: Callable[[bytes], bytes]) -> str:
    """The token with these claims (a JSON document)."""
    signed = _encoded(HEADER) + b"." + _encoded(claims)
    return (signed + b"." + _encoded(sign(signed))).decode("ascii")


def _check_header(text: bytes) -> None:
    try:
        header = msgspec.json.decode(text, type=_Header)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise RefusedError(Refusal.MALFORMED, "the token's header is no JSON") from error
    if header.alg != ALGORITHM:
        problem = f"the token is signed with {header.alg[:20]!a}, not {ALGORITHM}"
        raise RefusedError(Refusal.WRONG_KEY, problem)
    if header.crit is not None:
        raise RefusedError(Refusal.MALFORMED, "the token wants extensions that we do not have")


def _decoded(part: bytes) -> bytes:
    try:
        data = urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    except ValueError as error:
        raise RefusedError(Refusal.MALFORMED, "a part of the token is not base64") from error
    if _encoded(data) != part:
        raise RefusedError(Refusal.MALFORMED, "a part of the token is not base64url")
    return data


def _encoded(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")
