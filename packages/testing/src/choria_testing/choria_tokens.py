"""Tokens of clients and servers, good and bad ones, made without the code under test.

    issuer = new_key()
    token = make_token(issuer, client_claims("alice", alice))

A chain of trust is an organisation, a maker of tokens, and what it makes::

    maker = new_key()
    made = make_token(maker, chained(client_claims("bob", bob), organisation, maker))
"""

import base64
import json
from collections.abc import Mapping
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

NOW: Final = 1_800_000_000
"""When everything made here is valid, unless told otherwise; unix seconds."""

TOKEN_ID: Final = "3Ouil3dnhnL4PjItMThYoVIV7PV"  # noqa: S105 - an id that was made NOW
MAKER_ID: Final = "3Ouil4A0NH9lDh9HD9ghfMZWAJm"

HEADER: Final = {"alg": "EdDSA", "typ": "JWT"}


def new_key() -> Ed25519PrivateKey:
    """A fresh key."""
    return Ed25519PrivateKey.generate()


def public_hex(key: Ed25519PrivateKey) -> str:
    """The public half as tokens have it."""
    return key.public_key().public_bytes_raw().hex()


def client_claims(caller: str, owner: Ed25519PrivateKey, **other: Any) -> dict[str, Any]:
    """What the Go tool writes for a client that may call; ``other`` is added or replaces."""
    permissions = {"fleet_management": True}
    named = {"callerid": caller, "permissions": permissions, "purpose": "choria_client_id"}
    return {**_standard(owner), **named, **other}


def server_claims(identity: str, owner: Ed25519PrivateKey, **other: Any) -> dict[str, Any]:
    """What the Go tool writes for a node; ``other`` is added or replaces."""
    named = {"identity": identity, "collectives": ["choria"], "purpose": "choria_server"}
    return {**_standard(owner), **named, **other}


def chained(
    claims: Mapping[str, Any],
    organisation: Ed25519PrivateKey,
    maker: Ed25519PrivateKey,
    **other: Any,
) -> dict[str, Any]:
    """The same claims with a chain from ``organisation`` to ``maker``, who is to sign them."""
    root_signature = organisation.sign(f"{MAKER_ID}.{public_hex(maker)}".encode()).hex()
    link = maker.sign(f"{claims['jti']}.{root_signature}".encode()).hex()
    chain = {
        "iss": f"C-{MAKER_ID}.{public_hex(maker)}",
        "tcs": f"{root_signature}.{link}",
        "issexp": claims["exp"],
    }
    return {**claims, **chain, **other}


def make_token(
    signer: Ed25519PrivateKey, claims: Mapping[str, Any], header: Mapping[str, Any] = HEADER
) -> bytes:
    """The token with these claims."""
    signed = unsigned_token(claims, header)
    return signed + b"." + encoded(signer.sign(signed))


def unsigned_token(claims: Mapping[str, Any], header: Mapping[str, Any] = HEADER) -> bytes:
    """The part of a token that is signed."""
    return encoded(json.dumps(header).encode()) + b"." + encoded(json.dumps(claims).encode())


def encoded(data: bytes) -> bytes:
    """``data`` as tokens have it."""
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _standard(owner: Ed25519PrivateKey) -> dict[str, Any]:
    return {
        "ou": "choria",
        "public_key": public_hex(owner),
        "iss": "Choria Tokens Package",
        "exp": NOW + 3600,
        "nbf": NOW,
        "iat": NOW,
        "jti": TOKEN_ID,
    }
