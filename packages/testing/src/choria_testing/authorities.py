"""Authorities and certificates of callers, good and bad ones, made on the spot.

authority = Authority.root("Test CA")
alice = authority.issue("alice.mcollective")
alice.pem, alice.key                      # to be sent, to sign with
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as new_ec_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as new_rsa_key
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

NOW: Final = 1_800_000_000.0
"""When everything made here is valid, unless told otherwise; unix seconds."""

VALID: Final = (NOW - 86_400, NOW + 86_400)
FOR_CLIENTS: Final = ExtendedKeyUsageOID.CLIENT_AUTH
FOR_SERVERS: Final = ExtendedKeyUsageOID.SERVER_AUTH

AN_AUTHORITY: Final = x509.BasicConstraints(ca=True, path_length=None)

Key = RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey


@cache
def rsa_key(owner: str, bits: int = 2048) -> RSAPrivateKey:
    """A key for ``owner``; the same one again when asked again, as making one is slow."""
    del owner
    return new_rsa_key(public_exponent=65537, key_size=bits)


def ec_key() -> EllipticCurvePrivateKey:
    """A fresh key that is no RSA key."""
    return new_ec_key(SECP256R1())


def ed25519_key() -> Ed25519PrivateKey:
    """A fresh key of the newest kind."""
    return Ed25519PrivateKey.generate()


@dataclass(frozen=True, slots=True)
class Leaf:
    """A caller's certificate with its key.

    Attributes:
        pem: the certificate alone.
        chained_pem: followed by the intermediate authorities that vouch for it.
    """

    certificate: x509.Certificate
    key: Key = field(repr=False)
    pem: bytes
    chained_pem: bytes


@dataclass(frozen=True, slots=True)
class Authority:
    """An authority, or an intermediate one below ``parent``."""

    certificate: x509.Certificate
    key: RSAPrivateKey = field(repr=False)
    parent: "Authority | None" = None

    @classmethod
    def root(
        cls,
        name: str,
        *,
        constraints: x509.BasicConstraints | None = AN_AUTHORITY,
        extensions: Sequence[x509.ExtensionType] = (),
        valid: tuple[float, float] = VALID,
        key: RSAPrivateKey | None = None,
    ) -> "Authority":
        """An authority of its own; without ``constraints`` it does not say that it is one."""
        key = key or rsa_key(name)
        every = [*([constraints] if constraints else []), *extensions]
        return cls(
            _certificate(
                _common_name(name), key.public_key(), _common_name(name), key, every, valid
            ),
            key,
        )

    def intermediate(
        self,
        name: str,
        *,
        constraints: x509.BasicConstraints | None = AN_AUTHORITY,
        extensions: Sequence[x509.ExtensionType] = (),
        valid: tuple[float, float] = VALID,
    ) -> "Authority":
        """An authority that this one vouches for."""
        key = rsa_key(name)
        every = [*([constraints] if constraints else []), *extensions]
        subject, issuer = _common_name(name), self.certificate.subject
        return Authority(
            _certificate(subject, key.public_key(), issuer, self.key, every, valid), key, self
        )

    @property
    def pem(self) -> bytes:
        """The certificate of this authority."""
        return self.certificate.public_bytes(Encoding.PEM)

    def issue(
        self,
        name: str | x509.Name,
        *,
        alternatives: Sequence[str] | None = None,
        purposes: Sequence[ObjectIdentifier] = (FOR_CLIENTS,),
        key: Key | None = None,
        public: RSAPublicKey | None = None,
        extensions: Sequence[x509.ExtensionType] = (),
        valid: tuple[float, float] = VALID,
    ) -> Leaf:
        """A certificate for ``name``, the only common name unless it is a whole subject.

        ``alternatives`` are its DNS names, ``name`` alone if None; ``public`` is a
        key of which nobody has the other half; ``valid`` is its first and last second.
        """
        subject = _common_name(name) if isinstance(name, str) else name
        key = key or rsa_key(subject.rfc4514_string())
        names = [str(name)] if alternatives is None else alternatives
        every = [
            *extensions,
            *([x509.ExtendedKeyUsage(purposes)] if purposes else []),
            *([x509.SubjectAlternativeName(map(x509.DNSName, names))] if names else []),
        ]
        issuer = self.certificate.subject
        made = _certificate(subject, public or key.public_key(), issuer, self.key, every, valid)
        pem = made.public_bytes(Encoding.PEM)
        return Leaf(made, key, pem, pem + _intermediates(self))


def _intermediates(authority: Authority) -> bytes:
    return b"" if authority.parent is None else authority.pem + _intermediates(authority.parent)


_CRITICAL: Final = (x509.BasicConstraints, x509.NameConstraints, x509.UnrecognizedExtension)


def _common_name(*names: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name) for name in names])


def _certificate(
    subject: x509.Name,
    public: CertificatePublicKeyTypes,
    issuer: x509.Name,
    issuer_key: RSAPrivateKey,
    extensions: Sequence[x509.ExtensionType],
    valid: tuple[float, float],
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.fromtimestamp(valid[0], UTC))
        .not_valid_after(datetime.fromtimestamp(valid[1], UTC))
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=isinstance(extension, _CRITICAL))
    return builder.sign(issuer_key, SHA256())
