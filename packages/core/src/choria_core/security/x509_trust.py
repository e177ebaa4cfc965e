"""Requests of protocol version 1, signed by the keys of certificates.  Pure."""

from typing import Final

from choria_core.errors import Refusal, RefusedError
from choria_core.security.caller_rules import CallerRules
from choria_core.security.rsa_signing import verify_rsa
from choria_core.security.verdict_cache import VerdictCache
from choria_core.security.verified import VerifiedSender
from choria_core.security.x509_chain import Authorities, KnownCertificate

_UNSIGNED: Final = (b"", b"insecure", b"insecure registration")


class X509Trust:
    """Whom a node of protocol version 1 believes; it never changes.

    Args:
        authorities: they vouch for names.
        rules: which names may call.
    """

    def __init__(self, authorities: Authorities, rules: CallerRules) -> None:
        self._authorities = authorities
        self._rules = rules
        self._known: VerdictCache[KnownCertificate] = VerdictCache()

    def verify_request(
        self, *, caller: str, signed: bytes, signature: bytes, credential: bytes, now: float
    ) -> VerifiedSender:
        """Decide whether a request was made by one who may call as ``caller``.

        Args:
            caller: as the signed document says.
            signed: the document, byte for byte.
            signature: its raw RSA signature.
            credential: PEM certificates that came with it, the signer's first.
            now: unix seconds.

        Raises:
            RefusedError: it was not; says why.
        """
        known = self._known_certificate(credential, now)
        is_privileged = self._rules.admit(caller, known.names)
        verify_rsa(known.key, signed, signature)
        return VerifiedSender(caller, known.names, is_privileged)

    def verify_node(
        self, *, identity: str, signed: bytes, signature: bytes, credential: bytes, now: float
    ) -> VerifiedSender:
        """Decide whether a registration was made by the node ``identity``.

        Who may call plays no part: a node speaks for itself alone.

        Raises:
            RefusedError: it was not; says why.
        """
        known = self._known_certificate(credential, now)
        if identity not in known.names:
            raise RefusedError(Refusal.WRONG_NAME, f"the certificate is not {identity[:80]!a}'s")
        verify_rsa(known.key, signed, signature)
        return VerifiedSender(identity, known.names)

    def _known_certificate(self, credential: bytes, now: float) -> KnownCertificate:
        """The certificate that came with a message, once an authority vouches for it."""
        if credential in _UNSIGNED:
            raise RefusedError(Refusal.UNSIGNED, "the message is not signed")
        known = self._known.find(credential, now=now)
        if known is None:
            known = self._authorities.verify(credential, now=now)
            self._known.keep(credential, known, now=now, expires=known.expires)
        return known
