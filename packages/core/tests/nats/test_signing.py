"""Credentials in all their forms."""

import base64
import time
from pathlib import Path
from typing import Any

import nkeys  # type: ignore[import-untyped]  # it ships no types
import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_core.errors import ConfigError
from choria_core.nats.endpoint import Credentials
from choria_core.nats.signing import Signer, load_credentials
from choria_testing.choria_tokens import client_claims, make_token, new_key

JWT = "eyJhbGciOiJlZDI1NTE5LW5rZXkifQ.eyJzdWIiOiJVQSJ9.c2ln"
NONCE = b"a nonce of the server"
ALICE = new_key()


def make_seed(prefix: int = nkeys.PREFIX_BYTE_USER) -> str:
    seed: bytes = nkeys.encode_seed(bytes(range(32)), prefix)
    return seed.decode()


def creds_text(jwt: str, seed: str) -> str:
    return (
        f"-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n"
        "************************* IMPORTANT *************************\nKeep it safe.\n\n"
        f"-----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
    )


def verify(seed: str, signature: str) -> None:
    raw = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    assert nkeys.from_seed(bytearray(seed.encode())).verify(NONCE, raw)


def test_user_and_password() -> None:
    signer = load_credentials(Credentials(user="ann", password="p w"))

    assert signer.connect_options(b"") == {"user": "ann", "pass": "p w"}


def test_a_token() -> None:
    assert load_credentials(Credentials(token="t")).connect_options(NONCE) == {"auth_token": "t"}


def choria_files(folder: Path, **claims: Any) -> Credentials:
    """A client's token and the seed of its key."""
    token, seed = folder / "alice.jwt", folder / "alice.seed"
    token.write_bytes(make_token(new_key(), client_claims("alice", ALICE, **claims)))
    seed.touch(mode=0o600)
    seed.write_text(ALICE.private_bytes_raw().hex())
    return Credentials(choria_token_file=str(token), choria_seed_file=str(seed))


def test_a_choria_token_is_shown_with_a_signed_nonce(tmp_path: Path) -> None:
    credentials = choria_files(tmp_path, exp=time.time() + 600, nbf=0)
    token = Path(credentials.choria_token_file).read_text()

    signer = load_credentials(credentials)
    options = signer.connect_options(NONCE)

    signature = options.pop("sig")
    assert options == {"auth_token": token, "jwt": token}
    assert "=" not in signature
    ALICE.public_key().verify(base64.urlsafe_b64decode(signature + "=="), NONCE)
    assert signer.connect_options(b"") == options
    assert token not in repr(signer)


def test_an_expired_choria_token_is_not_shown(tmp_path: Path) -> None:
    credentials = choria_files(tmp_path, exp=1_700_000_000)

    with pytest.raises(ConfigError, match=r"alice\.jwt: the token has expired; have a new"):
        load_credentials(credentials)


def test_a_choria_token_needs_its_own_seed(tmp_path: Path) -> None:
    credentials = choria_files(tmp_path, public_key="00" * 32)

    with pytest.raises(ConfigError, match=r"alice\.seed does not belong to token"):
        load_credentials(credentials)


def test_nobody() -> None:
    assert load_credentials(Credentials()).connect_options(NONCE) == {}


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_creds_file(tmp_path: Path, line_end: str) -> None:
    seed = make_seed()
    file = tmp_path / "user.creds"
    file.write_bytes(creds_text(JWT, seed).replace("\n", line_end).encode())

    options = load_credentials(Credentials(file=str(file))).connect_options(NONCE)

    assert options.keys() == {"jwt", "sig"}
    assert options["jwt"] == JWT
    verify(seed, options["sig"])


@pytest.mark.parametrize("in_file", [True, False])
def test_an_nkey_seed(tmp_path: Path, *, in_file: bool) -> None:
    seed = make_seed()
    file = tmp_path / "user.nk"
    file.write_text(seed + "\n")

    options = load_credentials(
        Credentials(nkey_seed=str(file) if in_file else seed)
    ).connect_options(NONCE)

    assert options.keys() == {"nkey", "sig"}
    assert options["nkey"] == nkeys.from_seed(bytearray(seed.encode())).public_key.decode()
    verify(seed, options["sig"])
    assert "=" not in options["sig"]


@pytest.mark.parametrize("decorated", [True, False])
def test_a_jwt_with_its_seed(tmp_path: Path, *, decorated: bool) -> None:
    seed = make_seed()
    file = tmp_path / "user.jwt"
    file.write_text(creds_text(JWT, seed) if decorated else JWT + "\n")

    options = load_credentials(Credentials(jwt=str(file), nkey_seed=seed)).connect_options(NONCE)

    assert options["jwt"] == JWT
    assert "nkey" not in options
    verify(seed, options["sig"])


def test_a_jwt_as_text() -> None:
    signer = load_credentials(Credentials(jwt=JWT, nkey_seed=make_seed()))

    assert signer.connect_options(b"") == {"jwt": JWT}


def test_a_server_that_wants_a_signature_we_cannot_give_is_told_apart() -> None:
    with pytest.raises(ConfigError, match="no nkey seed is configured"):
        Signer(user="ann").sign(NONCE)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "no user JWT in it"),
        (creds_text("eyJ", make_seed()), "no user JWT in it"),
        (creds_text(JWT, ""), "nkey seed"),
        (
            f"-----BEGIN NATS USER JWT-----\n{JWT}\n------END NATS USER JWT------\n",
            "no user nkey seed",
        ),
        ("\udcff", "no text file"),
    ],
)
def test_a_bad_creds_file_is_named(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "bad.creds"
    file.write_bytes(content.encode("utf-8", "surrogateescape"))

    with pytest.raises(ConfigError, match=message) as caught:
        load_credentials(Credentials(file=str(file)))

    assert str(file) in str(caught.value)


@pytest.mark.parametrize(
    "credentials",
    [
        Credentials(file="/nonexisting/x.creds"),
        Credentials(nkey_seed="/nonexisting/x.nk"),
        Credentials(nkey_seed=make_seed(), jwt="/nonexisting/x.jwt"),
    ],
)
def test_an_absent_file_is_named(credentials: Credentials) -> None:
    with pytest.raises(ConfigError, match=r"/nonexisting/x\.\w+ cannot be read: No such file"):
        load_credentials(credentials)


def test_a_directory_is_no_credentials_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Is a directory"):
        load_credentials(Credentials(file=str(tmp_path)))


def test_a_jwt_alone_is_refused() -> None:
    with pytest.raises(ConfigError, match="needs the nkey seed"):
        load_credentials(Credentials(jwt=JWT))


def mistype(seed: str) -> str:
    return seed[:20] + ("A" if seed[20] != "A" else "B") + seed[21:]


@pytest.mark.parametrize(
    ("seed", "message"),
    [
        (mistype(make_seed()), "mistyped"),
        (make_seed()[:-3], "no nkey seed"),
        (make_seed() + "AAA", "no nkey seed"),
        (make_seed(nkeys.PREFIX_BYTE_ACCOUNT), "no user's nkey seed"),
    ],
)
def test_a_bad_seed_is_refused_without_being_shown(seed: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        load_credentials(Credentials(nkey_seed=seed))

    assert seed not in str(caught.value)
    assert seed[4:20] not in str(caught.value)


def test_repr_shows_no_secret() -> None:
    seed = make_seed()
    signer = load_credentials(Credentials(jwt=JWT, nkey_seed=seed))
    plain = Signer(user="ann", password="hidden-1", auth_token="hidden-2")

    assert seed not in repr(signer)
    assert JWT not in repr(signer)
    assert "hidden" not in repr(plain)


@given(setting=st.text())
def test_any_text_is_taken_or_refused(setting: str) -> None:
    try:
        load_credentials(Credentials(nkey_seed=setting))
    except ConfigError:
        return
    assert setting == ""
