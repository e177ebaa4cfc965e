"""Tokens made by one whom the organisation's key vouches for.  Pure.

The organisation signs ``<maker's token id>.<maker's public key>``, the maker
signs ``<token id>.<that signature>`` and the token itself; both signatures
travel in the token's ``tcs``, the maker's id and key in its ``iss``.

Source: choria-io/tokens, standard.go, ``IsSignedByIssuer``.
"""

from choria_core.errors import Refusal, RefusedError
from choria_core.security.ed25519_signing import PublicKey, is_public_hex, verify_ed25519
from choria_core.security.ksuid import seconds_of
from choria_core.security.token_claims import CHAIN_ISSUER_PREFIX, StandardClaims


def maker_key(claims: StandardClaims, root: PublicKey) -> PublicKey:
    """The key that must have signed a chained token, vouched for by ``root``.

    Raises:
        RefusedError: the chain is incomplete, or one of its links is broken.
    """
    _check_complete(claims)
    maker_id, _, key_hex = claims.iss.removeprefix(CHAIN_ISSUER_PREFIX).partition(".")
    root_signature, _, maker_signature = claims.tcs.partition(".")
    if not maker_id or not is_public_hex(key_hex):
        raise _broken("the issuer is not written as ID.KEY")
    key = PublicKey(bytes.fromhex(key_hex))
    _check(root, f"{maker_id}.{key_hex.lower()}", root_signature, "the organisation")
    _check(key, f"{claims.jti}.{root_signature}", maker_signature, "the issuer")
    return key


def root_chain_data(jti: str, public_key: str) -> bytes:
    """What the organisation signs in the token of a maker."""
    return f"{jti}.{public_key}".encode()


def _check_complete(claims: StandardClaims) -> None:
    needed = (claims.public_key, claims.tcs, claims.jti, claims.iat, claims.exp, claims.issexp)
    if not all(needed):
        raise _broken("a claim that a chain needs is missing")
    if seconds_of(claims.jti) != claims.iat:
        raise _broken("the token's id is not of the time when it was made")


def _check(key: PublicKey, data: str, signature: str, signer: str) -> None:
    try:
        verify_ed25519(key, data.encode(), bytes.fromhex(signature))
    except (ValueError, RefusedError) as error:
        raise _broken(f"{signer} did not sign it") from error


def _broken(problem: str) -> RefusedError:
    return RefusedError(Refusal.UNTRUSTED, f"the token's chain of trust is broken: {problem}")
