"""From a stranger's certificate to an authority that we trust.  Pure.

The library's own rules for clients want what authorities of Puppet and most
home-made ones leave out (key usages, alternative names), so they are relaxed,
and what matters of them is asked for here: an authority is one by its basic
constraints, may sign certificates and clients where it says what it may, and
the leaf is for clients.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from choria_core.errors import ConfigError, Refusal, RefusedError
from choria_core.security.caller_rules import usable_names
from choria_core.security.certificate_text import (
    DAMAGE,
    MAX_CERTIFICATES,
    check_cost,
    names_of,
    read_chain,
    rsa_key,
)

_FOR_CLIENTS: Final = {
    ExtendedKeyUsageOID.CLIENT_AUTH,
    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
}


@dataclass(frozen=True, slots=True)
class KnownCertificate:
    """A certificate that a trusted authority vouches for.

    Attributes:
        key: of the leaf.
        names: those that a caller can have; there may be none.
        expires: when the first certificate of its chain does, unix seconds.
    """

    key: RSAPublicKey
    names: tuple[str, ...]
    expires: float


class Authorities:
    """The authorities that may vouch for callers.

    Args:
        pem: their certificates.
        source: where they came from, for errors.

    Raises:
        ConfigError: there are no certificates in ``pem``.
    """

    def __init__(self, pem: bytes, *, source: str = "the authorities") -> None:
        try:
            self._store = Store(x509.load_pem_x509_certificates(pem))
        except DAMAGE as error:
            raise ConfigError(f"{source}: no PEM certificates of authorities in it") from error

    def verify(self, pem: bytes, *, now: float) -> KnownCertificate:
        """Judge the certificates that came with a message at ``now`` (unix seconds).

        Raises:
            RefusedError: they are damaged, not of these authorities, not valid
                now, not for clients, or without a usable RSA key.
        """
        leaf, *intermediates = read_chain(pem)
        try:
            return self._judge(leaf, intermediates, now)
        except DAMAGE as error:
            raise RefusedError(Refusal.MALFORMED, "the certificate is damaged") from error

    def _judge(
        self, leaf: x509.Certificate, intermediates: list[x509.Certificate], now: float
    ) -> KnownCertificate:
        for certificate in (leaf, *intermediates):
            check_cost(certificate)
        _check_times(leaf, now)
        key = rsa_key(leaf)
        chain = self._chain(leaf, intermediates, now)
        _check_purpose(leaf)
        names = usable_names(names_of(leaf, common_name=not _names_are_constrained(chain)))
        expires = min(certificate.not_valid_after_utc.timestamp() for certificate in chain)
        return KnownCertificate(key, names, expires)

    def _chain(
        self, leaf: x509.Certificate, intermediates: list[x509.Certificate], now: float
    ) -> list[x509.Certificate]:
        policy = (
            PolicyBuilder()
            .store(self._store)
            .time(datetime.fromtimestamp(now, UTC))
            .max_chain_depth(MAX_CERTIFICATES)
            .extension_policies(ca_policy=_AUTHORITY, ee_policy=ExtensionPolicy.permit_all())
        )
        try:
            return policy.build_client_verifier().verify(leaf, intermediates).chain
        except VerificationError as error:
            problem = "no trusted authority vouches for the certificate"
            raise RefusedError(Refusal.UNTRUSTED, problem) from error


def _check_times(leaf: x509.Certificate, now: float) -> None:
    """The chain's check covers the leaf as well, but does not tell what is wrong."""
    if now > leaf.not_valid_after_utc.timestamp():
        raise RefusedError(Refusal.EXPIRED, "the certificate has expired")
    if now < leaf.not_valid_before_utc.timestamp():
        raise RefusedError(Refusal.NOT_YET_VALID, "the certificate is not valid yet")


def _check_purpose(leaf: x509.Certificate) -> None:
    try:
        usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return
    if _FOR_CLIENTS.isdisjoint(usage):
        raise RefusedError(Refusal.WRONG_PURPOSE, "the certificate is not for clients")


def _names_are_constrained(chain: list[x509.Certificate]) -> bool:
    """Constraints bind alternative names only, so a common name would slip past them."""
    return any(
        extension.oid == x509.NameConstraints.oid
        for authority in chain[1:]
        for extension in authority.extensions
    )


def _may_sign(_policy: Policy, _authority: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("an authority that may not sign certificates")


def _may_vouch_for_clients(
    _policy: Policy, _authority: x509.Certificate, usage: x509.ExtendedKeyUsage | None
) -> None:
    if usage is not None and _FOR_CLIENTS.isdisjoint(usage):
        raise ValueError("an authority that may not vouch for clients")


_AUTHORITY: Final = (
    ExtensionPolicy.permit_all()
    .require_present(x509.BasicConstraints, Criticality.AGNOSTIC, None)
    .may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _may_sign)
    .may_be_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, _may_vouch_for_clients)
)
