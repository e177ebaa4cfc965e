"""Credentials made ready to be shown to a NATS server.

Files are read when :func:`load_credentials` is called, so that a connector that
calls it for every connection notices renewed ones.
"""

import base64
import binascii
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

import nkeys  # type: ignore[import-untyped]  # it ships no types; _KeyPair says what we use

from choria_core.errors import ConfigError, RefusedError
from choria_core.nats.endpoint import Credentials

_SEED: Final = re.compile(r"S[A-Z2-7]{57}")
_SECRET_LOOKS: Final = re.compile(r"S[UANCOX][A-Z2-7]{30,}.*|eyJ.*", re.DOTALL)
_TOKEN: Final = re.compile(r"eyJ[\w-]*\.[\w-]+\.[\w-]*")
_BLOCK: Final = re.compile(r"-{3,}\s*BEGIN ([A-Z ]+?)\s*-{3,}\s+([\w.=-]+)")
_LARGEST_FILE_BYTES: Final = 1 << 20


class _KeyPair(Protocol):
    """The part of an nkeys key pair that we use."""

    @property
    def public_key(self) -> bytes: ...

    def sign(self, data: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Signer:
    """What the CONNECT of the NATS protocol needs to prove who we are.

    ``repr`` leaves every secret out.

    Attributes:
        user, password: plain credentials.
        auth_token: a bearer token.
        jwt: a user JWT, or a Choria token.
        nkey: our public key (``U…``) where the server knows us by key alone.
    """

    user: str = ""
    password: str = field(default="", repr=False)
    auth_token: str = field(default="", repr=False)
    jwt: str = field(default="", repr=False)
    nkey: str = ""
    _pair: _KeyPair | None = field(default=None, repr=False, compare=False)

    @property
    def can_sign(self) -> bool:
        """Whether there is a key that :meth:`sign` can use."""
        return self._pair is not None

    def sign(self, nonce: bytes) -> str:
        """Signature of the server's nonce, base64url without padding as CONNECT wants it.

        Raises:
            ConfigError: these credentials hold no key.
        """
        if self._pair is None:
            raise ConfigError("the server asks for a signature, but no nkey seed is configured")
        return base64.urlsafe_b64encode(self._pair.sign(nonce)).rstrip(b"=").decode()

    def connect_options(self, nonce: bytes) -> dict[str, str]:
        """The fields of CONNECT that authenticate us; ``nonce`` is empty if INFO had none."""
        options = {
            "user": self.user,
            "pass": self.password,
            "auth_token": self.auth_token,
            "jwt": self.jwt,
            "nkey": self.nkey,
            "sig": self.sign(nonce) if nonce and self.can_sign else "",
        }
        return {name: text for name, text in options.items() if text}


def load_credentials(credentials: Credentials) -> Signer:
    """Read what ``credentials`` names.

    Raises:
        ConfigError: a file cannot be read, holds no credentials, or a seed is mistyped.
    """
    if credentials.file:
        return _from_creds_file(credentials.file)
    if credentials.choria_token_file:
        return _from_choria_token(credentials)
    if credentials.nkey_seed:
        return _from_seed(credentials)
    if credentials.jwt:
        raise ConfigError("a JWT needs the nkey seed that goes with it; set the nkey too")
    return Signer(
        user=credentials.user, password=credentials.password, auth_token=credentials.token
    )


def _from_creds_file(name: str) -> Signer:
    blocks = dict(_BLOCK.findall(_read(name, "credentials")))
    jwt = blocks.get("NATS USER JWT", "")
    seed = blocks.get("USER NKEY SEED", "")
    if not _TOKEN.fullmatch(jwt):
        raise ConfigError(f"credentials file {name}: no user JWT in it; {_CREDS_HINT}")
    if not seed:
        raise ConfigError(f"credentials file {name}: no user nkey seed in it; {_CREDS_HINT}")
    return Signer(jwt=jwt, _pair=_key_pair(seed, f"credentials file {name}"))


_CREDS_HINT: Final = "make a new one, for example with 'nsc generate creds'"


def _from_choria_token(credentials: Credentials) -> Signer:
    """The token twice over: as a bearer token, and as a JWT whose key signs the nonce.

    Source: go-choria, choria/connection.go and broker/network/choria_auth.go.
    """
    from choria_core.security.key_files import TokenFiles, load_token_identity
    from choria_core.security.token_trust import check_times

    name = credentials.choria_token_file
    identity = load_token_identity(TokenFiles(Path(name), Path(credentials.choria_seed_file)))
    try:
        check_times(identity.claims, now=time.time())
    except RefusedError as error:
        raise ConfigError(f"token {name}: {error}; have a new one made") from error
    return Signer(auth_token=identity.token, jwt=identity.token, _pair=identity.signer)


def _from_seed(credentials: Credentials) -> Signer:
    text, source = _text_or_file(credentials.nkey_seed, _SEED, "nkey seed")
    blocks = dict(_BLOCK.findall(text))
    pair = _key_pair(blocks.get("USER NKEY SEED", text), source)
    if credentials.jwt:
        return Signer(jwt=_jwt(credentials.jwt), _pair=pair)
    return Signer(nkey=pair.public_key.decode().rstrip("="), _pair=pair)


def _jwt(setting: str) -> str:
    text, source = _text_or_file(setting, _TOKEN, "JWT")
    jwt: str = dict(_BLOCK.findall(text)).get("NATS USER JWT", text)
    if not _TOKEN.fullmatch(jwt):
        raise ConfigError(f"{source}: this is no JWT; it begins with 'eyJ' and has two dots")
    return jwt


def _text_or_file(setting: str, pattern: re.Pattern[str], kind: str) -> tuple[str, str]:
    """The secret itself, and the name of the place it came from."""
    setting = setting.strip()
    if pattern.fullmatch(setting):
        return setting, kind
    if _SECRET_LOOKS.fullmatch(setting):
        return setting, kind  # a mistyped secret: to be refused without being shown
    return _read(setting, kind).strip(), f"{kind} file {setting}"


def _read(name: str, kind: str) -> str:
    try:
        with Path(name).expanduser().open("rb") as file:
            content = file.read(_LARGEST_FILE_BYTES)
        return content.decode("ascii")
    except (OSError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ConfigError(f"{kind} file {name} cannot be read: {reason}") from error
    except ValueError as error:
        raise ConfigError(f"{kind} file {name} is no text file") from error


def _key_pair(seed: str, source: str) -> _KeyPair:
    """The key pair of a user seed.  No message shows the seed."""
    if not _SEED.fullmatch(seed):
        raise ConfigError(f"{source}: this is no nkey seed; one has 58 characters, 'SU…'")
    if not seed.startswith("SU"):
        raise ConfigError(f"{source}: this is no user's nkey seed; a user's begins with 'SU'")
    raw = base64.b32decode(seed + "=" * (-len(seed) % 8))
    if binascii.crc_hqx(raw[:-2], 0).to_bytes(2, "little") != raw[-2:]:
        raise ConfigError(f"{source}: the nkey seed is mistyped, its checksum is wrong")
    pair: _KeyPair = nkeys.from_seed(bytearray(seed.encode()))
    return pair
