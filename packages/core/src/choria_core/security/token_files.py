"""What ``choria jwt keys``, ``client``, ``server`` and ``view`` do to files.

Source: go-choria, cmd/jwt_*.go; the files of either tool suit the other.
"""

import dataclasses
import os
import time
from dataclasses import dataclass
from pathlib import Path

from choria_core.errors import ConfigError, RefusedError, UsageError, WorkError
from choria_core.security.ed25519_signing import Ed25519Signer, PublicKey
from choria_core.security.key_files import (
    load_public_key_text,
    load_seed,
    load_token,
    write_secret,
)
from choria_core.security.ksuid import RANDOM_BYTES
from choria_core.security.token_claims import Claims, StandardClaims, read_claims
from choria_core.security.token_issue import (
    ClientToken,
    Moment,
    ServerToken,
    client_claims,
    issue,
    server_claims,
)
from choria_core.security.token_text import TokenParts, split_token
from choria_core.security.token_trust import check_signature
from choria_core.security.token_view import as_json, describe


@dataclass(frozen=True, slots=True)
class TokenView:
    """What there is to show of a token; a program ends with 1 for an expired one."""

    text: str
    is_expired: bool = False


def make_keys(seed_file: Path, public_file: Path | None = None, *, force: bool = False) -> str:
    """Make a key pair and store its seed; gives the public key in hex.

    Raises:
        UsageError: there is a seed already and ``force`` does not give it up.
        ConfigError: a file cannot be written.
    """
    if seed_file.exists() and not force:
        raise UsageError(f"{seed_file} exists; --force replaces it, and the old key is lost")
    seed = os.urandom(32)
    public = Ed25519Signer(seed).public_hex
    write_secret(seed_file, seed.hex())
    if public_file is not None:
        write_secret(public_file, public)
    return public


def show_public(seed_file: Path) -> str:
    """The public key that goes with a seed, in hex.

    Raises:
        ConfigError: there is no usable seed.
    """
    return load_seed(seed_file).public_hex


def make_client_token(file: Path, token: ClientToken, *, signing_key: Path) -> None:
    """Write a client's token, signed with the seed in ``signing_key``.

    ``token.public_key`` may also name a file with the key.

    Raises:
        UsageError: something needed is missing.
        ConfigError: a file cannot be used.
    """
    issuer = load_seed(signing_key)
    key = load_public_key_text(token.public_key) if token.public_key else ""
    claims = client_claims(dataclasses.replace(token, public_key=key), issuer, _this_moment())
    write_secret(file, issue(claims, issuer))


def make_server_token(file: Path, token: ServerToken, *, signing_key: Path) -> None:
    """Write a node's token, likewise.

    Raises:
        UsageError: something needed is missing.
        ConfigError: a file cannot be used.
    """
    issuer = load_seed(signing_key)
    key = load_public_key_text(token.public_key) if token.public_key else ""
    claims = server_claims(dataclasses.replace(token, public_key=key), _this_moment())
    write_secret(file, issue(claims, issuer))


def view_token(file: Path, public_key: Path | None = None, *, json: bool = False) -> TokenView:
    """Show a token, validated if ``public_key`` names a file with a public key in hex.

    Raises:
        ConfigError: a file cannot be used.
        WorkError: the key does not vouch for the token.
    """
    parts = split_token(load_token(file).encode())
    claims = _claims_of(parts)
    if public_key is not None:
        _validate(file, parts, claims, public_key)
    if json or claims is None:
        return TokenView(_as_json(file, parts.claims) + "\n")
    now = time.time()
    expires = claims.expires
    text = describe(claims, file=str(file), is_validated=public_key is not None, now=now)
    return TokenView(text, is_expired=expires is not None and now >= expires)


def _claims_of(parts: TokenParts) -> Claims | None:
    try:
        return read_claims(parts.claims)
    except RefusedError:
        return None


def _validate(file: Path, parts: TokenParts, claims: Claims | None, public_key: Path) -> None:
    root = PublicKey(bytes.fromhex(load_public_key_text(str(public_key))))
    try:
        check_signature(parts, claims or StandardClaims(), [root])
    except RefusedError as error:
        raise WorkError(f"{file} is not signed by the owner of {public_key}: {error}") from error


def _as_json(file: Path, document: bytes) -> str:
    try:
        return as_json(document)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"token {file}: its claims are no JSON; have it made anew") from error


def _this_moment() -> Moment:
    return Moment(time.time(), os.urandom(RANDOM_BYTES))
