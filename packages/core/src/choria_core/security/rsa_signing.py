"""RSA signatures of protocol version 1: PKCS#1 v1.5 with SHA-256.  Pure."""

from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from choria_core.errors import ConfigError, Refusal, RefusedError

_PADDING: Final = PKCS1v15()
_HASH: Final = SHA256()


class RsaSigner:
    """Signs with a private key; ``repr`` does not show it."""

    def __init__(self, key: RSAPrivateKey) -> None:
        self._key = key

    @classmethod
    def from_pem(cls, pem: bytes, *, source: str = "the private key") -> "RsaSigner":
        """Read a key in PKCS#1 (``RSA PRIVATE KEY``) or PKCS#8 (``PRIVATE KEY``) form.

        Raises:
            ConfigError: it is neither, is encrypted, or no RSA key; names ``source``.
        """
        try:
            key = load_pem_private_key(pem, password=None)
        except TypeError:
            raise ConfigError(
                f"{source} is encrypted; store it without a password, readable by its user alone"
            ) from None
        except (ValueError, UnsupportedAlgorithm):
            raise ConfigError(f"{source} holds no private key in PEM form") from None
        if not isinstance(key, RSAPrivateKey):
            raise ConfigError(f"{source} is no RSA key; requests of version 1 are signed by RSA")
        return cls(key)

    @property
    def public_key(self) -> RSAPublicKey:
        """The other half, as in the certificate."""
        return self._key.public_key()

    def sign(self, data: bytes) -> bytes:
        """The signature of ``data``."""
        return self._key.sign(data, _PADDING, _HASH)


def verify_rsa(key: RSAPublicKey, data: bytes, signature: bytes) -> None:
    """Check that ``signature`` of ``data`` is by the owner of ``key``.

    Raises:
        RefusedError: it is not.
    """
    try:
        key.verify(signature, data, _PADDING, _HASH)
    except InvalidSignature as error:
        raise RefusedError(Refusal.BAD_SIGNATURE, "the signature is wrong") from error
