"""Keys, certificates and tokens from files.

Every error names the file and what to do about it; none shows a secret.
Private keys and seeds must not be open to everyone: their group may read them,
as Puppet leaves it, but not more.
"""

import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from choria_core.errors import ConfigError, RefusedError
from choria_core.security.certificate_text import read_chain
from choria_core.security.ed25519_signing import Ed25519Signer, is_public_hex, public_key_of
from choria_core.security.rsa_signing import RsaSigner
from choria_core.security.token_claims import Claims, read_claims
from choria_core.security.token_text import split_token
from choria_core.security.x509_chain import Authorities

LARGEST_FILE_BYTES: Final = 1 << 20

_TOO_OPEN: Final = stat.S_IWGRP | stat.S_IXGRP | stat.S_IRWXO
_is_certname: Final = re.compile(r"(?!\.\.?\Z)[A-Za-z0-9_.@-]+").fullmatch


@dataclass(frozen=True, slots=True)
class X509Files:
    """Where certificate, private key and authorities of one party are, all PEM."""

    certificate: Path
    key: Path
    authorities: Path


@dataclass(frozen=True, slots=True)
class TokenFiles:
    """Where the token of one party and the seed of its key are."""

    token: Path
    seed: Path


@dataclass(frozen=True, slots=True)
class X509Identity:
    """Who we are in protocol version 1.

    Attributes:
        certificate: PEM, to be sent with requests.
        signer: makes their signatures.
    """

    certificate: bytes
    signer: RsaSigner = field(repr=False)


@dataclass(frozen=True, slots=True)
class TokenIdentity:
    """Who we are in protocol version 2, and to a Choria broker.

    Attributes:
        token: to be sent with messages.
        claims: what it says; nobody has verified it here.
        signer: makes their signatures.
    """

    token: str = field(repr=False)
    claims: Claims
    signer: Ed25519Signer = field(repr=False)


def puppet_files(ssl_folder: Path, certname: str) -> X509Files:
    """Where Puppet keeps the files of ``certname``.

    Raises:
        ConfigError: ``certname`` cannot be the name of a file.
    """
    if not _is_certname(certname):
        raise ConfigError(f"{certname!a} cannot be the name of a certificate")
    certificates, keys = ssl_folder / "certs", ssl_folder / "private_keys"
    name = f"{certname}.pem"
    return X509Files(certificates / name, keys / name, certificates / "ca.pem")


def load_x509_identity(files: X509Files) -> X509Identity:
    """Read certificate and key.

    Raises:
        ConfigError: a file is missing, open to others, damaged, or they do not belong together.
    """
    certificate = _read(files.certificate, "certificate")
    try:
        key = read_chain(certificate)[0].public_key()
    except RefusedError as error:
        raise ConfigError(f"certificate {files.certificate}: {error}; have it made anew") from error
    source = f"private key {files.key}"
    signer = RsaSigner.from_pem(_read(files.key, "private key", is_secret=True), source=source)
    if signer.public_key != key:
        raise ConfigError(
            f"{source} does not belong to certificate {files.certificate}; "
            "take both from the same request"
        )
    return X509Identity(certificate, signer)


def load_authorities(path: Path) -> Authorities:
    """Read the certificates of the authorities that we trust.

    Raises:
        ConfigError: the file is missing or holds none.
    """
    return Authorities(_read(path, "authority"), source=f"authority {path}")


def load_seed(path: Path) -> Ed25519Signer:
    """Read a seed of 64 hex digits, as ``choria jwt keys`` writes it.

    Raises:
        ConfigError: the file is missing, open to others or holds none.
    """
    text = _text(_read(path, "seed", is_secret=True))
    return Ed25519Signer.from_hex(text, source=f"seed {path}")


def load_public_key_text(setting: str) -> str:
    """A public key in hex: ``setting`` itself, or the content of the file it names.

    Raises:
        ConfigError: neither.
    """
    if is_public_hex(setting):
        return setting.lower()
    text = _text(_read(Path(setting), "public key"))
    return public_key_of(text, source=f"public key {setting}").hex()


def load_token(path: Path) -> str:
    """Read a token; whoever shows it must also hold its seed.

    Raises:
        ConfigError: the file is missing or holds none.
    """
    token = _text(_read(path, "token")).strip()
    try:
        split_token(token.encode())
    except (RefusedError, UnicodeEncodeError) as error:
        raise ConfigError(f"token {path}: {error}; have it made anew") from error
    return token


def load_token_identity(files: TokenFiles) -> TokenIdentity:
    """Read token and seed.

    Raises:
        ConfigError: a file is missing, open to others, damaged, or they do not belong together.
    """
    token, signer = load_token(files.token), load_seed(files.seed)
    try:
        claims = read_claims(split_token(token.encode()).claims)
    except RefusedError as error:
        raise ConfigError(f"token {files.token}: {error}") from error
    if claims.public_key.lower() != signer.public_hex:
        raise ConfigError(
            f"seed {files.seed} does not belong to token {files.token}; "
            f"have the token made for the public key {signer.public_hex}"
        )
    return TokenIdentity(token, claims, signer)


def write_secret(path: Path, text: str) -> None:
    """Write a file that only its owner can read; it is there whole, or not at all.

    Raises:
        ConfigError: it cannot be written.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise ConfigError(f"{path} cannot be written: {error.strerror or error}") from error


def _read(path: Path, what: str, *, is_secret: bool = False) -> bytes:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            data = file.read(LARGEST_FILE_BYTES + 1)
    except FileNotFoundError as error:
        raise ConfigError(f"{what} {path} does not exist; make it, or correct its path") from error
    except OSError as error:
        raise ConfigError(f"{what} {path} cannot be read: {error.strerror or error}") from error
    if is_secret and os.name == "posix" and mode & _TOO_OPEN:
        raise ConfigError(
            f"{what} {path} is open to others (mode {stat.S_IMODE(mode):04o}); chmod 600 it"
        )
    if len(data) > LARGEST_FILE_BYTES:
        raise ConfigError(f"{what} {path} has more than {LARGEST_FILE_BYTES} bytes")
    return data


def _text(data: bytes) -> str:
    return data.decode("ascii", errors="replace")
