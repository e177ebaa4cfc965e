"""An authority for one run: it vouches for brokers and callers that are gone afterwards.

Its own key is never written anywhere, so that nobody can have it sign anything later.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

VALID_DAYS: Final = 365
_EARLIER: Final = timedelta(hours=1)
"""Clocks differ."""

_PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate and its private key, both PEM."""

    certificate: bytes
    key: bytes = field(repr=False)


class ThrowawayAuthority:
    """Issues certificates for a year.

    Args:
        name: its common name.
        now: when all of them begin to be valid; with a time zone.

    Attributes:
        pem: its own certificate.
    """

    def __init__(self, name: str, *, now: datetime) -> None:
        self._now = now
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _common_name(name)
        made = (
            self._begun(self._name, self._key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .sign(self._key, SHA256())
        )
        self.pem = made.public_bytes(Encoding.PEM)

    def issue_broker(self, names: Sequence[str]) -> Issued:
        """For a broker that is reached by these host names and addresses."""
        key = ec.generate_private_key(ec.SECP256R1())
        return self._issue(names[0], key, list(map(_general_name, names)), _FOR_SERVERS)

    def issue_caller(self, name: str) -> Issued:
        """For a caller of this certname, as ``alice.mcollective``; its key signs requests."""
        key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
        return self._issue(name, key, [x509.DNSName(name)], _FOR_CLIENTS)

    def _issue(
        self,
        name: str,
        key: _PrivateKey,
        alternatives: Sequence[x509.GeneralName],
        purpose: ObjectIdentifier,
    ) -> Issued:
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        made = (
            self._begun(_common_name(name), key)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
            .add_extension(authority, critical=False)
            .sign(self._key, SHA256())
        )
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        return Issued(made.public_bytes(Encoding.PEM), pem)

    def _begun(self, subject: x509.Name, key: _PrivateKey) -> x509.CertificateBuilder:
        public = key.public_key()
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now - _EARLIER)
            .not_valid_after(self._now + timedelta(days=VALID_DAYS))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        )


_FOR_SERVERS: Final = ExtendedKeyUsageOID.SERVER_AUTH
_FOR_CLIENTS: Final = ExtendedKeyUsageOID.CLIENT_AUTH


def _common_name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
