"""Keys, certificates and tokens from files, and what is said when they are unusable."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from choria_core.errors import ConfigError
from choria_core.security.key_files import (
    TokenFiles,
    X509Files,
    load_authorities,
    load_public_key_text,
    load_seed,
    load_token,
    load_token_identity,
    load_x509_identity,
    puppet_files,
    write_secret,
)
from choria_testing import vectors
from choria_testing.authorities import NOW, Authority, Leaf
from choria_testing.choria_tokens import client_claims, make_token, new_key, public_hex

ROOT = Authority.root("root")
ALICE = ROOT.issue("alice.mcollective")


def secret(path: Path, data: bytes, mode: int = 0o600) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    path.chmod(mode)
    return path


def key_pem(leaf: Leaf) -> bytes:
    return leaf.key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())


def stored(files: X509Files, leaf: Leaf = ALICE) -> X509Files:
    secret(files.certificate, leaf.pem, 0o644)
    secret(files.key, key_pem(leaf))
    secret(files.authorities, ROOT.pem, 0o644)
    return files


@pytest.fixture
def files(tmp_path: Path) -> X509Files:
    return stored(X509Files(tmp_path / "c.pem", tmp_path / "k.pem", tmp_path / "ca.pem"))


@pytest.fixture
def token_files(tmp_path: Path) -> TokenFiles:
    alice = new_key()
    token = make_token(new_key(), client_claims("alice", alice))
    return TokenFiles(
        secret(tmp_path / "t.jwt", token),
        secret(tmp_path / "t.seed", alice.private_bytes_raw().hex().encode()),
    )


def test_a_certificate_with_its_key(files: X509Files) -> None:
    identity = load_x509_identity(files)

    assert identity.certificate == ALICE.pem
    assert identity.signer.public_key == ALICE.key.public_key()
    assert load_authorities(files.authorities).verify(ALICE.pem, now=NOW).names == (
        "alice.mcollective",
    )


def test_the_layout_of_puppet(tmp_path: Path) -> None:
    files = puppet_files(tmp_path, "alice.mcollective")

    assert files == X509Files(
        tmp_path / "certs" / "alice.mcollective.pem",
        tmp_path / "private_keys" / "alice.mcollective.pem",
        tmp_path / "certs" / "ca.pem",
    )
    load_x509_identity(stored(files))


@pytest.mark.parametrize("name", ["", "..", ".", "a/b", "../x", "a b", "a\0"])
def test_a_name_is_no_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be the name of a certificate"):
        puppet_files(tmp_path, name)


def test_puppet_lets_the_group_read_keys(files: X509Files) -> None:
    for mode in (0o400, 0o600, 0o640, 0o440):
        files.key.chmod(mode)
        load_x509_identity(files)


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o660, 0o602, 0o777])
def test_keys_open_to_others_are_refused(
    files: X509Files, token_files: TokenFiles, mode: int
) -> None:
    files.key.chmod(mode)
    token_files.seed.chmod(mode)

    with pytest.raises(
        ConfigError, match=rf"private key .*k\.pem is open to others \(mode {mode:04o}\); chmod 600"
    ):
        load_x509_identity(files)
    with pytest.raises(ConfigError, match=rf"seed .*t\.seed is open to others \(mode {mode:04o}\)"):
        load_token_identity(token_files)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("certificate", r"certificate .*c\.pem does not exist; make it, or correct its path"),
        ("key", r"private key .*k\.pem does not exist"),
        ("authorities", r"authority .*ca\.pem does not exist"),
    ],
)
def test_missing_files_are_named(files: X509Files, name: str, problem: str) -> None:
    getattr(files, name).unlink()

    with pytest.raises(ConfigError, match=problem):
        load_both(files)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("certificate", r"certificate .*c\.pem: not 1 to 5 PEM certificates"),
        ("key", r"private key .*k\.pem holds no private key"),
        ("authorities", r"authority .*ca\.pem: no PEM certificates"),
    ],
)
def test_damaged_files_are_named(files: X509Files, name: str, problem: str) -> None:
    getattr(files, name).write_bytes(b"\xff damaged")

    with pytest.raises(ConfigError, match=problem):
        load_both(files)


def test_a_folder_is_no_file(files: X509Files) -> None:
    files.certificate.unlink()
    files.certificate.mkdir()

    with pytest.raises(ConfigError, match=r"c\.pem cannot be read: Is a directory"):
        load_x509_identity(files)


def test_a_file_has_an_end(files: X509Files) -> None:
    files.certificate.write_bytes(ALICE.pem + b" " * (1 << 20))

    with pytest.raises(ConfigError, match=r"c\.pem has more than"):
        load_x509_identity(files)


def test_a_key_of_another_certificate(files: X509Files) -> None:
    files.key.write_bytes(key_pem(ROOT.issue("bob.mcollective")))

    with pytest.raises(ConfigError, match=r"k\.pem does not belong to certificate .*c\.pem"):
        load_x509_identity(files)


def test_a_token_with_its_seed(token_files: TokenFiles) -> None:
    identity = load_token_identity(token_files)

    assert identity.claims.name == "alice"
    assert identity.claims.public_key == identity.signer.public_hex
    assert token_files.seed.read_text() not in repr(identity)
    assert identity.token not in repr(identity)


def test_the_recorded_tokens_are_files_of_ours() -> None:
    for name in ("alice.jwt", "s1.jwt", "s2.jwt"):
        assert load_token(vectors.path(name)) == vectors.path(name).read_text()
    public = vectors.path("issuer.public")
    assert load_public_key_text(str(public)) == public.read_text()


def test_files_may_end_with_a_line_break(token_files: TokenFiles) -> None:
    for path in (token_files.token, token_files.seed):
        path.write_bytes(path.read_bytes() + b"\n")

    load_token_identity(token_files)


def test_a_seed_of_another_token(token_files: TokenFiles) -> None:
    other = new_key()
    token_files.seed.write_text(other.private_bytes_raw().hex())

    with pytest.raises(ConfigError, match=rf"made for the public key {public_hex(other)}"):
        load_token_identity(token_files)


def test_unusable_tokens_are_named_and_not_shown(token_files: TokenFiles) -> None:
    purpose = make_token(
        new_key(), client_claims("alice", new_key(), purpose="choria_provisioning")
    )
    for content in (b"s3cr3t", b"s3cr3t.s3cr3t.s3cr3t", b"\xff", purpose):
        token_files.token.write_bytes(content)

        with pytest.raises(ConfigError, match=r"token .*t\.jwt: ") as error:
            load_token_identity(token_files)
        assert "s3cr3t" not in str(error.value)


def test_unusable_seeds_are_named_and_not_shown(token_files: TokenFiles) -> None:
    for content in (b"s3cr3t", b"\xff" * 64):
        token_files.seed.write_bytes(content)

        with pytest.raises(ConfigError, match=r"seed .*t\.seed is not an ed25519 seed") as error:
            load_seed(token_files.seed)
        assert "s3cr3t" not in str(error.value)


def test_a_public_key_may_be_written_or_stored(tmp_path: Path) -> None:
    key = public_hex(new_key())

    assert load_public_key_text(key.upper()) == key
    assert load_public_key_text(str(secret(tmp_path / "x.public", key.encode()))) == key
    for wrong in ("x", key + "0", "x" * 500):
        with pytest.raises(
            ConfigError, match=rf"public key {wrong} (does not exist|cannot be read)"
        ):
            load_public_key_text(wrong)
    with pytest.raises(ConfigError, match=r"x\.seed is not an ed25519 public key"):
        load_public_key_text(str(secret(tmp_path / "x.seed", b"s3cr3t")))


def test_secrets_are_written_for_their_owner_alone(tmp_path: Path) -> None:
    path = secret(tmp_path / "x.seed", b"old", 0o644)

    write_secret(path, "new")

    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_secret_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()

    for path in (tmp_path / "missing" / "x.seed", tmp_path / "folder"):
        with pytest.raises(ConfigError, match="cannot be written"):
            write_secret(path, "new")
    assert [file.name for file in tmp_path.iterdir()] == ["folder"]


def load_both(files: X509Files) -> None:
    load_x509_identity(files)
    load_authorities(files.authorities)
