"""Requests and replies of protocol version 2, signed by the owners of tokens.  Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from choria_core.errors import ConfigError, Refusal, RefusedError
from choria_core.security.ed25519_signing import PublicKey, is_public_hex, verify_ed25519
from choria_core.security.token_chain import maker_key
from choria_core.security.token_claims import (
    Claims,
    ClientClaims,
    ServerClaims,
    StandardClaims,
    read_claims,
)
from choria_core.security.token_text import TokenParts, split_token
from choria_core.security.verdict_cache import VerdictCache
from choria_core.security.verified import VerifiedSender

_UNSIGNED: Final = (b"", b"insecure")


@dataclass(frozen=True, slots=True)
class KnownToken:
    """A token that a trusted key vouches for.

    Attributes:
        claims: what it says.
        key: of its owner.
        expires: unix seconds.
    """

    claims: Claims
    key: PublicKey
    expires: float


class TokenTrust:
    """Whose tokens we believe; it never changes.

    Args:
        signers: raw public keys, each of which may vouch for any token.
        issuers: raw public keys of organisations, by their name; a token's
            ``ou`` chooses one.

    Raises:
        ConfigError: both are given, or neither.
    """

    def __init__(
        self, *, signers: Iterable[bytes] = (), issuers: Mapping[str, bytes] | None = None
    ) -> None:
        self._signers = [PublicKey(key) for key in signers]
        self._issuers = {name: PublicKey(key) for name, key in (issuers or {}).items()}
        if bool(self._signers) == bool(self._issuers):
            raise ConfigError(
                "set either plugin.security.choria.trusted_signers or plugin.security.issuer.names"
            )
        self._known: VerdictCache[KnownToken] = VerdictCache()

    def verify_request(
        self,
        *,
        caller: str,
        signed: bytes,
        signature: bytes,
        credential: bytes,
        delegate: bytes = b"",
        now: float,
    ) -> VerifiedSender:
        """Decide whether a request was made by the client ``caller``, who may make some.

        Args:
            caller: as the signed document says.
            signed: the document, byte for byte.
            signature: its raw signature.
            credential: the token that came with it.
            delegate: token of another who signed instead; always refused.
            now: unix seconds.

        Raises:
            RefusedError: it was not; says why.
        """
        if delegate:
            raise RefusedError(Refusal.DELEGATED, "requests signed by delegates are not accepted")
        claims = self._verify(signed, signature, credential, now)
        if not isinstance(claims, ClientClaims):
            raise RefusedError(Refusal.WRONG_PURPOSE, "a server's token cannot make requests")
        permissions = claims.permissions
        if permissions is None or not permissions.fleet_management:
            raise RefusedError(Refusal.NOT_ALLOWED, "the token lacks fleet_management")
        if permissions.signed_fleet_management:
            raise RefusedError(Refusal.NOT_ALLOWED, "the token's requests need a delegate")
        return _sender(claims, caller)

    def verify_node(
        self, *, identity: str, signed: bytes, signature: bytes, credential: bytes, now: float
    ) -> VerifiedSender:
        """Decide whether a reply, or a registration, was made by the node ``identity``.

        Raises:
            RefusedError: it was not; says why.
        """
        claims = self._verify(signed, signature, credential, now)
        if not isinstance(claims, ServerClaims):
            raise RefusedError(Refusal.WRONG_PURPOSE, "a client's token cannot speak for a node")
        return _sender(claims, identity)

    def verify_token(self, token: bytes, *, now: float) -> KnownToken:
        """Judge a token of a client or a server at ``now`` (unix seconds).

        Raises:
            RefusedError: it is damaged, for something else, not valid now, or
                nobody whom we trust vouches for it.
        """
        known = self._known.find(token, now=now)
        if known is None:
            known = self._judge(token, now)
            self._known.keep(token, known, now=now, expires=known.expires)
        return known

    def _verify(self, signed: bytes, signature: bytes, credential: bytes, now: float) -> Claims:
        if credential in _UNSIGNED:
            raise RefusedError(Refusal.UNSIGNED, "the message is not signed")
        known = self.verify_token(credential, now=now)
        verify_ed25519(known.key, signed, signature)
        return known.claims

    def _judge(self, token: bytes, now: float) -> KnownToken:
        parts = split_token(token)
        claims = read_claims(parts.claims)
        check_signature(parts, claims, self._roots(claims))
        expires = check_times(claims, now=now)
        if not claims.name or not is_public_hex(claims.public_key):
            raise RefusedError(Refusal.MALFORMED, "the token lacks a name or a public key")
        return KnownToken(claims, PublicKey(bytes.fromhex(claims.public_key)), expires)

    def _roots(self, claims: Claims) -> list[PublicKey]:
        if self._signers:
            return self._signers
        issuer = self._issuers.get(claims.ou)
        return [] if issuer is None else [issuer]


def check_signature(parts: TokenParts, claims: StandardClaims, roots: Iterable[PublicKey]) -> None:
    """Check that one of ``roots`` signed a token, or vouches for the one who did.

    Raises:
        RefusedError: none does.
    """
    cause: RefusedError | None = None
    for root in roots:
        try:
            key = maker_key(claims, root) if claims.is_chained else root
            verify_ed25519(key, parts.signed, parts.signature)
        except RefusedError as error:
            cause = error
        else:
            return
    raise RefusedError(Refusal.UNTRUSTED, "no trusted key vouches for the token") from cause


def check_times(claims: Claims, *, now: float) -> float:
    """When a token expires, which it must not have at ``now`` (unix seconds).

    Raises:
        RefusedError: it has, is not valid yet, or tells no end.
    """
    expires = claims.expires
    if claims.exp is None or expires is None:
        raise RefusedError(Refusal.EXPIRED, "the token has no end")
    if now >= expires:
        raise RefusedError(Refusal.EXPIRED, "the token has expired")
    if claims.nbf is not None and now < claims.nbf:
        raise RefusedError(Refusal.NOT_YET_VALID, "the token is not valid yet")
    return expires


def _sender(claims: Claims, name: str) -> VerifiedSender:
    if claims.name != name:
        problem = f"the token is {claims.name[:80]!a}'s, not {name[:80]!a}'s"
        raise RefusedError(Refusal.WRONG_NAME, problem)
    return VerifiedSender(name, (claims.name,))
