"""Ed25519 keys as the Go tools write them: seeds and public keys in hex.  Pure."""

import re
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from choria_core.errors import ConfigError, Refusal, RefusedError

KEY_BYTES: Final = 32
_is_key: Final = re.compile("[0-9a-fA-F]{64}").fullmatch


class Ed25519Signer:
    """Signs with the private key that a seed stands for; ``repr`` does not show it."""

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public_key = self._key.public_key().public_bytes_raw()

    @classmethod
    def from_hex(cls, text: str, *, source: str = "the seed") -> "Ed25519Signer":
        """Read a seed of 64 hex digits.

        Raises:
            ConfigError: it is none; names ``source``, never the seed.
        """
        return cls(bytes.fromhex(_checked(text, source, "an ed25519 seed")))

    @property
    def public_hex(self) -> str:
        """The public key as tokens and configuration files have it."""
        return self.public_key.hex()

    def sign(self, data: bytes) -> bytes:
        """The signature of ``data``, 64 bytes."""
        return self._key.sign(data)


def public_key_of(text: str, *, source: str) -> bytes:
    """Read a public key of 64 hex digits.

    Raises:
        ConfigError: it is none; names ``source``.
    """
    return bytes.fromhex(_checked(text, source, "an ed25519 public key"))


def is_public_hex(text: str) -> bool:
    """Whether ``text`` can be a public key in hex."""
    return _is_key(text) is not None


def load_public_key(raw: bytes) -> Ed25519PublicKey:
    """A key that :func:`verify_ed25519` can use."""
    return Ed25519PublicKey.from_public_bytes(raw)


def verify_ed25519(key: Ed25519PublicKey, data: bytes, signature: bytes) -> None:
    """Check that ``signature`` of ``data`` is by the owner of ``key``.

    Raises:
        RefusedError: it is not.
    """
    try:
        key.verify(signature, data)
    except InvalidSignature as error:
        raise RefusedError(Refusal.BAD_SIGNATURE, "the signature is wrong") from error


def _checked(text: str, source: str, what: str) -> str:
    bare = text.strip()
    if not _is_key(bare):
        raise ConfigError(f"{source} is not {what}: that has 64 hex digits")
    return bare
