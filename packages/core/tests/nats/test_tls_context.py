"""TLS settings made into contexts."""

import ssl
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from choria_core.errors import ConfigError
from choria_core.nats.endpoint import TlsSettings
from choria_core.nats.tls_context import make_context


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    """A folder with ca.pem, cert.pem, key.pem, other-key.pem, locked-key.pem and junk.pem."""
    authority = trustme.CA()
    mine, other = authority.issue_cert("client.example"), authority.issue_cert("other.example")
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    mine.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    mine.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    mine.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "both.pem"))
    other.private_key_pem.write_to_path(str(tmp_path / "other-key.pem"))
    key = load_pem_private_key(mine.private_key_pem.bytes(), None)
    locked = key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
    )
    (tmp_path / "locked-key.pem").write_bytes(locked)
    (tmp_path / "junk.pem").write_text("junk")
    (tmp_path / "empty.pem").write_text("")
    return tmp_path


def settings(pem: Path, *, ca: str = "", cert: str = "", key: str = "") -> TlsSettings:
    def path(name: str) -> str:
        return str(pem / name) if name else ""

    return TlsSettings(ca_file=path(ca), cert_file=path(cert), key_file=path(key))


def test_the_system_is_trusted_by_default() -> None:
    context = make_context(TlsSettings())

    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_only_the_given_authority_is_trusted(pem: Path) -> None:
    context = make_context(settings(pem, ca="ca.pem"))

    assert context.cert_store_stats()["x509_ca"] == 1


@pytest.mark.parametrize(("cert", "key"), [("cert.pem", "key.pem"), ("both.pem", "")])
def test_a_client_certificate_is_taken(pem: Path, cert: str, key: str) -> None:
    make_context(settings(pem, ca="ca.pem", cert=cert, key=key))


def test_without_verification_nothing_is_checked() -> None:
    context = make_context(TlsSettings(verify=False))

    assert context.verify_mode is ssl.CERT_NONE
    assert not context.check_hostname


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"ca": "absent.pem"}, r"CA certificate file .*absent\.pem cannot be read: No such file"),
        ({"ca": "junk.pem"}, r"CA certificate file .*junk\.pem holds no PEM certificate"),
        ({"ca": "empty.pem"}, r"CA certificate file .*empty\.pem holds no PEM certificate"),
        (
            {"cert": "absent.pem", "key": "key.pem"},
            r"certificate file .*absent\.pem cannot be read",
        ),
        ({"cert": "cert.pem", "key": "absent.pem"}, r"TLS key file .*absent\.pem cannot be read"),
        (
            {"cert": "cert.pem", "key": "other-key.pem"},
            r"other-key\.pem does not belong to .*cert\.pem",
        ),
        ({"cert": "cert.pem", "key": "locked-key.pem"}, r"locked-key\.pem is encrypted"),
        ({"cert": "junk.pem", "key": "key.pem"}, r"junk\.pem or TLS key file .* is not PEM"),
        ({"cert": "cert.pem"}, r"cert\.pem or TLS key file .* is not PEM"),
        ({"key": "key.pem"}, r"key\.pem needs its certificate"),
    ],
)
def test_a_bad_file_is_named(pem: Path, files: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make_context(settings(pem, **files))
