"""When a server's own certificate and token expire."""

from dataclasses import dataclass
from pathlib import Path

from choria_core.errors import ConfigError, RefusedError
from choria_core.network.party import token_files, x509_files
from choria_core.network_config.server_config import ServerConfig
from choria_core.security.certificate_text import read_chain
from choria_core.security.key_files import load_token
from choria_core.security.token_claims import read_claims
from choria_core.security.token_text import split_token


@dataclass(frozen=True, slots=True)
class Expiry:
    """Unix times; None where there is no such thing."""

    certificate: float | None = None
    token: float | None = None


def expiry_of(config: ServerConfig) -> Expiry:
    """Look at the files as they are now; what cannot be read has no expiry."""
    security = config.security
    if not security.protection.signed:
        return Expiry()
    try:
        if security.provider == "choria":
            return Expiry(token=_token_end(token_files(security).token))
        certificate = _certificate_end(x509_files(security, config.certname).certificate)
        token = security.token_file if security.anonymous_tls else None
        return Expiry(certificate, None if token is None else _token_end(token))
    except (ConfigError, RefusedError, OSError):
        return Expiry()


def _certificate_end(path: Path) -> float:
    return read_chain(path.read_bytes())[0].not_valid_after_utc.timestamp()


def _token_end(path: Path) -> float | None:
    return read_claims(split_token(load_token(path).encode()).claims).expires
