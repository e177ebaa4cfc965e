"""TLS settings made into what a socket needs."""

import ssl
from pathlib import Path
from typing import Final

from choria_core.errors import ConfigError
from choria_core.nats.endpoint import TlsSettings

_MISMATCH: Final = "KEY_VALUES_MISMATCH"


def make_context(settings: TlsSettings) -> ssl.SSLContext:
    """A client context for ``settings``; TLS 1.2 or newer.

    Raises:
        ConfigError: a file is missing, is not PEM, or key and certificate differ.
    """
    context = _trusting_context(settings.ca_file)
    # Python 3.13 began to refuse authorities without key identifiers, which many private
    # ones lack; what is trusted shall not depend on the version of Python.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if not settings.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    _add_certificate(context, settings)
    return context


def _trusting_context(ca_file: str) -> ssl.SSLContext:
    """A context that trusts the authorities of ``ca_file``; the system's when empty."""
    if not ca_file:
        return ssl.create_default_context()
    text = _read(ca_file, "CA certificate")
    try:
        # An empty text would mean the system's authorities.
        return ssl.create_default_context(cadata=text.strip() or "empty")
    except (ssl.SSLError, ValueError) as error:
        raise ConfigError(f"CA certificate file {ca_file} holds no PEM certificate") from error


def _add_certificate(context: ssl.SSLContext, settings: TlsSettings) -> None:
    if not settings.cert_file:
        if settings.key_file:
            raise ConfigError(
                f"TLS key file {settings.key_file} needs its certificate; set the certificate too"
            )
        return
    key_file = settings.key_file or settings.cert_file
    _read(settings.cert_file, "certificate")
    _read(key_file, "TLS key")
    refuse = _PasswordWanted(key_file)
    try:
        context.load_cert_chain(
            Path(settings.cert_file).expanduser(), Path(key_file).expanduser(), refuse
        )
    except ssl.SSLError as error:
        raise ConfigError(_explain(error, settings.cert_file, key_file)) from error


class _PasswordWanted:
    """Keeps OpenSSL from asking for a password on the terminal."""

    def __init__(self, key_file: str) -> None:
        self._key_file = key_file

    def __call__(self) -> str:
        raise ConfigError(
            f"TLS key file {self._key_file} is encrypted; "
            "give one without a password, for example made by 'openssl pkey'"
        )


def _explain(error: ssl.SSLError, cert_file: str, key_file: str) -> str:
    if error.reason == _MISMATCH:
        return f"TLS key file {key_file} does not belong to certificate file {cert_file}"
    return f"certificate file {cert_file} or TLS key file {key_file} is not PEM: {error.reason}"


def _read(name: str, kind: str) -> str:
    try:
        return Path(name).expanduser().read_text("ascii", "ignore")
    except (OSError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ConfigError(f"{kind} file {name} cannot be read: {reason}") from error
