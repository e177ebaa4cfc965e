"""Certificates out of PEM text, the leaf first.  Pure."""

from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from choria_core.errors import Refusal, RefusedError

MAX_PEM_BYTES: Final = 65_536
MAX_CERTIFICATES: Final = 5
MIN_RSA_BITS: Final = 2048
MAX_RSA_BITS: Final = 8192
MAX_RSA_EXPONENT: Final = (1 << 31) - 1

DAMAGE: Final = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""What the library raises for certificates that are well formed only from outside."""


def read_chain(pem: bytes) -> list[x509.Certificate]:
    """The certificates that a stranger sent: its own, then intermediate ones.

    Whatever stands first is the leaf, for chain, names and signature alike: a
    text that two readers could read differently is refused.

    Raises:
        RefusedError: it is not a short list of X.509 certificates.
    """
    if len(pem) > MAX_PEM_BYTES:
        raise RefusedError(Refusal.MALFORMED, f"certificates of more than {MAX_PEM_BYTES} bytes")
    blocks = pem.count(b"-----BEGIN ")
    if not 1 <= blocks <= MAX_CERTIFICATES:
        raise RefusedError(Refusal.MALFORMED, f"not 1 to {MAX_CERTIFICATES} PEM certificates")
    try:
        chain = x509.load_pem_x509_certificates(pem)
    except DAMAGE as error:
        raise RefusedError(Refusal.MALFORMED, "not a PEM certificate") from error
    if len(chain) != blocks or not all(map(_is_whole, chain)):
        raise RefusedError(Refusal.MALFORMED, "a PEM block is damaged or no certificate")
    return chain


def _is_whole(certificate: x509.Certificate) -> bool:
    """Whether the signature at its end is of whole bytes; the library reads others as well."""
    return certificate.public_bytes(Encoding.DER)[-len(certificate.signature) - 1] == 0


def check_cost(certificate: x509.Certificate) -> None:
    """Refuse keys that a stranger made to keep us busy; Go has the same limit for exponents.

    Raises:
        RefusedError: it has one.
    """
    key = certificate.public_key()
    if isinstance(key, RSAPublicKey) and (
        key.key_size > MAX_RSA_BITS or key.public_numbers().e > MAX_RSA_EXPONENT
    ):
        raise RefusedError(Refusal.WRONG_KEY, f"an RSA key of {key.key_size} bits, or too slow")


def rsa_key(certificate: x509.Certificate) -> RSAPublicKey:
    """The key of a leaf.

    Raises:
        RefusedError: it is no RSA key, or a weak one.
    """
    key = certificate.public_key()
    if not isinstance(key, RSAPublicKey):
        raise RefusedError(Refusal.WRONG_KEY, "only RSA keys can sign requests of version 1")
    if key.key_size < MIN_RSA_BITS:
        raise RefusedError(Refusal.WRONG_KEY, f"an RSA key of {key.key_size} bits")
    return key


def names_of(certificate: x509.Certificate, *, common_name: bool = True) -> tuple[str, ...]:
    """The common name, then the DNS names; of two common names neither counts."""
    found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    subject = [str(found[0].value)] if common_name and len(found) == 1 else []
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return tuple(subject)
    return tuple(dict.fromkeys([*subject, *extension.value.get_values_for_type(x509.DNSName)]))
