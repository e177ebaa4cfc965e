"""RSA and ed25519 keys, and ids that know their second."""

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from choria_core.errors import ConfigError, Refusal, RefusedError
from choria_core.security.ed25519_signing import (
    Ed25519Signer,
    PublicKey,
    public_key_of,
    verify_ed25519,
)
from choria_core.security.ksuid import EPOCH, make_ksuid, seconds_of
from choria_core.security.rsa_signing import RsaSigner, verify_rsa
from choria_testing import vectors
from choria_testing.authorities import ec_key, rsa_key

# RFC 8032, section 7.1, test 3.
SEED = "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7"
PUBLIC = "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"
SIGNATURE = (
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
    "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
)

PLAIN = NoEncryption()


def pem(form: PrivateFormat, encryption: KeySerializationEncryption = PLAIN) -> bytes:
    return rsa_key("x").private_bytes(Encoding.PEM, form, encryption)


@pytest.mark.parametrize("form", [PrivateFormat.TraditionalOpenSSL, PrivateFormat.PKCS8])
def test_rsa_keys_in_both_forms(form: PrivateFormat) -> None:
    signer = RsaSigner.from_pem(pem(form))

    signature = signer.sign(b"data")

    verify_rsa(rsa_key("x").public_key(), b"data", signature)
    assert signer.public_key == rsa_key("x").public_key()
    with pytest.raises(RefusedError) as refused:
        verify_rsa(signer.public_key, b"other", signature)
    assert refused.value.reason is Refusal.BAD_SIGNATURE


def test_signatures_of_any_length_are_refused() -> None:
    for signature in (b"", b"x", b"\0" * 256, b"\xff" * 256, b"x" * 5000):
        with pytest.raises(RefusedError):
            verify_rsa(rsa_key("x").public_key(), b"data", signature)
        with pytest.raises(RefusedError):
            verify_ed25519(PublicKey(bytes.fromhex(PUBLIC)), b"data", signature)


def test_unusable_private_keys_say_what_is_wrong() -> None:
    secret = pem(PrivateFormat.PKCS8, BestAvailableEncryption(b"password"))
    elliptic = ec_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, PLAIN)

    with pytest.raises(ConfigError, match=r"key\.pem is encrypted; store it without"):
        RsaSigner.from_pem(secret, source="key.pem")
    with pytest.raises(ConfigError, match=r"key\.pem is no RSA key"):
        RsaSigner.from_pem(elliptic, source="key.pem")
    for junk in (b"", b"x", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"):
        with pytest.raises(ConfigError, match=r"key\.pem holds no private key"):
            RsaSigner.from_pem(junk, source="key.pem")


def test_ed25519_as_the_standard_has_it() -> None:
    signer = Ed25519Signer.from_hex(SEED)

    assert signer.public_hex == PUBLIC
    assert signer.sign(bytes.fromhex("af82")).hex() == SIGNATURE


def test_seeds_and_public_keys_may_have_white_space_around() -> None:
    assert Ed25519Signer.from_hex(f" {SEED.upper()}\r\n").public_hex == PUBLIC
    assert public_key_of(f"{PUBLIC}\n", source="x").hex() == PUBLIC
    assert public_key_of(vectors.path("issuer.public").read_text(), source="x")


@pytest.mark.parametrize(
    "text", ["", SEED[:-1], SEED + "0", "0x" + SEED[2:], "é" * 64, SEED[:63] + "g"]
)
def test_what_is_no_seed_is_not_shown(text: str) -> None:
    with pytest.raises(ConfigError, match=r"s\.seed is not an ed25519 seed") as error:
        Ed25519Signer.from_hex(text, source="s.seed")

    assert not text or text not in str(error.value)


def test_nothing_shows_private_keys() -> None:
    shown = repr(Ed25519Signer.from_hex(SEED)) + repr(RsaSigner(rsa_key("x")))

    assert SEED not in shown
    assert str(rsa_key("x").private_numbers().d) not in shown


@given(st.integers(EPOCH, EPOCH + 2**32 - 1), st.binary(min_size=16, max_size=16))
def test_an_id_knows_its_second(now: int, entropy: bytes) -> None:
    text = make_ksuid(now=now, entropy=entropy)

    assert len(text) == 27
    assert seconds_of(text) == now


def test_ids_sort_by_time() -> None:
    assert make_ksuid(now=EPOCH + 1, entropy=b"\xff" * 16) < make_ksuid(
        now=EPOCH + 2, entropy=bytes(16)
    )


def test_ids_of_the_original() -> None:
    assert seconds_of("3MVBZMao2KbnUHyORMGF9xC0wvA") == 1795425908
    assert make_ksuid(now=EPOCH, entropy=bytes(16)) == "0" * 27
    assert make_ksuid(now=EPOCH + 2**32 - 1, entropy=b"\xff" * 16) == "aWgEPTl1tmebfsQzFP4bxwgy80V"


@pytest.mark.parametrize("text", ["", "0" * 26, "0" * 28, "z" * 27, "é" * 27, "-" + "0" * 26])
def test_what_is_no_id(text: str) -> None:
    assert seconds_of(text) is None


def test_ids_of_impossible_times() -> None:
    for now in (0, EPOCH - 1, EPOCH + 2**32):
        with pytest.raises(ValueError, match="before 2014 or after 2150"):
            make_ksuid(now=now, entropy=bytes(16))
    with pytest.raises(ValueError, match="16 random bytes"):
        make_ksuid(now=EPOCH, entropy=b"")
