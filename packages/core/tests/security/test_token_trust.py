"""Tokens, good and bad ones, and what their owners may do."""

import hmac
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st

from choria_core.errors import ConfigError, Refusal, RefusedError
from choria_core.security.token_text import split_token
from choria_core.security.token_trust import TokenTrust
from choria_core.security.verified import VerifiedSender
from choria_testing.authorities import rsa_key
from choria_testing.choria_tokens import (
    HEADER,
    NOW,
    client_claims,
    encoded,
    make_token,
    new_key,
    public_hex,
    server_claims,
    unsigned_token,
)

MESSAGE = b'{"protocol":"io.choria.protocol.v2.request"}'

ISSUER, ALICE, NODE, STRANGER = new_key(), new_key(), new_key(), new_key()
TRUST = TokenTrust(
    signers=[STRANGER.public_key().public_bytes_raw(), bytes.fromhex(public_hex(ISSUER))]
)

TOKEN = make_token(ISSUER, client_claims("alice", ALICE))
NODE_TOKEN = make_token(ISSUER, server_claims("n1.example", NODE))


def request(token: bytes = TOKEN, **how: Any) -> VerifiedSender:
    given_or_usual = {"caller": "alice", "now": NOW, **how}
    return TRUST.verify_request(
        signed=MESSAGE, signature=ALICE.sign(MESSAGE), credential=token, **given_or_usual
    )


def reply(token: bytes = NODE_TOKEN, identity: str = "n1.example") -> VerifiedSender:
    return TRUST.verify_node(
        identity=identity,
        signed=MESSAGE,
        signature=NODE.sign(MESSAGE),
        credential=token,
        now=NOW,
    )


def refusal(token: bytes = TOKEN, **how: Any) -> Refusal:
    with pytest.raises(RefusedError) as refused:
        request(token, **how)
    return refused.value.reason


def alice(**claims: Any) -> bytes:
    return make_token(ISSUER, client_claims("alice", ALICE, **claims))


def test_a_client_asks_and_a_node_answers() -> None:
    assert request() == VerifiedSender("alice", ("alice",))
    assert reply() == VerifiedSender("n1.example", ("n1.example",))


def test_nobody_asks_or_answers_for_another() -> None:
    assert refusal(caller="bob") is Refusal.WRONG_NAME
    assert refusal(caller="ALICE") is Refusal.WRONG_NAME
    with pytest.raises(RefusedError) as refused:
        reply(identity="n2.example")
    assert refused.value.reason is Refusal.WRONG_NAME


def test_a_token_is_of_use_to_its_owner_alone() -> None:
    bobs = make_token(ISSUER, client_claims("alice", STRANGER))

    assert refusal(bobs) is Refusal.BAD_SIGNATURE


@pytest.mark.parametrize(
    "permissions",
    [
        None,
        {},
        {"fleet_management": False},
        {"service": True, "org_admin": True, "authentication_delegator": True},
        {"signed_fleet_management": True},
        {"fleet_management": True, "signed_fleet_management": True},
    ],
)
def test_callers_need_permission_to_sign_for_themselves(permissions: Any) -> None:
    assert refusal(alice(permissions=permissions)) is Refusal.NOT_ALLOWED


def test_delegates_are_refused() -> None:
    """Whoever it is, and also where the caller's own signature would do."""
    delegate = make_token(
        ISSUER, client_claims("aaa", STRANGER, permissions={"authentication_delegator": True})
    )

    for signer in (delegate, TOKEN, b"x"):
        assert refusal(delegate=signer) is Refusal.DELEGATED


def test_purposes_are_kept_apart() -> None:
    """Every token names who it is for; only one kind fits."""
    as_client = {"callerid": "alice", "permissions": {"fleet_management": True}}
    servers = make_token(ISSUER, server_claims("alice", ALICE, **as_client))
    clients = make_token(ISSUER, client_claims("n1.example", NODE, identity="n1.example"))

    assert refusal(servers) is Refusal.WRONG_PURPOSE
    with pytest.raises(RefusedError) as refused:
        reply(clients)
    assert refused.value.reason is Refusal.WRONG_PURPOSE
    for purpose in ("", "choria_provisioning", "choria_client_id ", "CHORIA_CLIENT_ID"):
        assert refusal(alice(purpose=purpose)) is Refusal.WRONG_PURPOSE


@pytest.mark.parametrize(
    ("times", "reason"),
    [
        ({"exp": NOW}, Refusal.EXPIRED),
        ({"exp": NOW - 1}, Refusal.EXPIRED),
        ({"exp": NOW - 0.5}, Refusal.EXPIRED),
        ({"exp": None}, Refusal.EXPIRED),
        ({"exp": None, "issexp": NOW + 60}, Refusal.EXPIRED),
        ({"issexp": NOW}, Refusal.EXPIRED),
        ({"nbf": NOW + 1}, Refusal.NOT_YET_VALID),
        ({"exp": True}, Refusal.MALFORMED),
        ({"exp": "2100"}, Refusal.MALFORMED),
        ({"exp": 10**400}, Refusal.MALFORMED),
    ],
)
def test_tokens_have_their_time(times: dict[str, Any], reason: Refusal) -> None:
    assert refusal(alice(**times)) is reason


def test_a_token_is_good_from_its_first_second_to_its_last() -> None:
    request(alice(nbf=NOW, exp=NOW + 0.5))
    request(alice(nbf=None))


@pytest.mark.parametrize("token", [b"", b"insecure"])
def test_unsigned_messages_are_refused(token: bytes) -> None:
    assert refusal(token) is Refusal.UNSIGNED


def test_a_stranger_cannot_make_tokens() -> None:
    maker = new_key()

    assert refusal(make_token(maker, client_claims("alice", ALICE))) is Refusal.UNTRUSTED
    assert refusal(make_token(ALICE, client_claims("alice", ALICE))) is Refusal.UNTRUSTED


def test_other_algorithms_are_refused() -> None:
    """None at all, a public key taken for a shared secret, and RSA."""
    claims = client_claims("alice", ALICE)
    public = bytes.fromhex(public_hex(ISSUER))

    def signed(algorithm: str, sign: Any) -> bytes:
        text = unsigned_token(claims, {"alg": algorithm, "typ": "JWT"})
        return text + b"." + encoded(sign(text))

    forged = [
        signed("none", lambda _: b""),
        signed("None", lambda _: b""),
        signed("HS256", lambda text: hmac.digest(public, text, "sha256")),
        signed("HS256", lambda text: hmac.digest(public.hex().encode(), text, "sha256")),
        signed("RS256", lambda text: rsa_key("x").sign(text, PKCS1v15(), SHA256())),
        signed("eddsa", ISSUER.sign),
        signed("", ISSUER.sign),
    ]

    for token in forged:
        assert refusal(token) is Refusal.WRONG_KEY
    relabelled = signed("EdDSA", lambda text: hmac.digest(public, text, "sha256"))
    assert refusal(relabelled) is Refusal.UNTRUSTED
    assert refusal(signed("EdDSA", lambda _: b"")) is Refusal.UNTRUSTED


def test_keys_in_a_header_are_not_looked_at() -> None:
    own = new_key()
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": encoded(bytes.fromhex(public_hex(own))).decode()}
    header = {**HEADER, "jwk": jwk, "jku": "http://x", "kid": "../../x"}

    assert refusal(make_token(own, client_claims("alice", ALICE), header)) is Refusal.UNTRUSTED
    request(make_token(ISSUER, client_claims("alice", ALICE), header))


def test_extensions_that_must_be_understood_are_not() -> None:
    header = {**HEADER, "crit": ["exp"]}

    assert refusal(make_token(ISSUER, client_claims("alice", ALICE), header)) is Refusal.MALFORMED


@pytest.mark.parametrize(
    "claims",
    [
        {"public_key": ""},
        {"public_key": "zz" * 32},
        {"public_key": public_hex(ALICE) + "00"},
        {"public_key": public_hex(ALICE)[:-1] + " "},
        {"callerid": ""},
        {"callerid": 1},
        {"permissions": {"fleet_management": "yes"}},
        {"permissions": [True]},
    ],
)
def test_tokens_that_say_nothing_of_use(claims: dict[str, Any]) -> None:
    assert refusal(alice(**claims)) is Refusal.MALFORMED


@pytest.mark.parametrize(
    "token",
    [
        b".",
        b"..",
        b"a.b.c",
        b"a" * 100_000,
        TOKEN + b"." + TOKEN,
        TOKEN.rpartition(b".")[0],
        TOKEN + b"=",
        TOKEN.replace(b".", b" ."),
        encoded(b"[]") + TOKEN[TOKEN.index(b".") :],
        encoded(b"\xff") + TOKEN[TOKEN.index(b".") :],
        encoded(b"[" * 50_000) + b".e30.AA",
        encoded(json.dumps(HEADER).encode()) + b"." + encoded(b"[" * 40_000) + b".AA",
    ],
)
def test_what_is_no_token(token: bytes) -> None:
    assert refusal(token) is Refusal.MALFORMED


def test_a_token_has_three_parts_and_an_end() -> None:
    header, claims, _ = TOKEN.split(b".")

    for token in (header, header + b".AA", header + b"." + claims, TOKEN + b".AA"):
        with pytest.raises(RefusedError):
            split_token(token)
    assert refusal(alice(opa_policy="x" * 65_536)) is Refusal.MALFORMED
    request(alice(opa_policy="x" * 40_000))


@given(st.binary())
def test_strangers_texts_raise_nothing_but_refusals(text: bytes) -> None:
    for token in (text, TOKEN[:50] + text, unsigned_token({}) + b"." + encoded(text)):
        refusal(token)


def test_exactly_one_kind_of_trust() -> None:
    key = bytes.fromhex(public_hex(ISSUER))

    with pytest.raises(ConfigError, match=r"either .*trusted_signers or .*issuer\.names"):
        TokenTrust()
    with pytest.raises(ConfigError, match="either"):
        TokenTrust(signers=[key], issuers={"choria": key})


def test_the_organisation_of_a_token_chooses_who_must_have_made_it() -> None:
    ours, theirs = new_key(), new_key()
    trust = TokenTrust(
        issuers={
            "ours": bytes.fromhex(public_hex(ours)),
            "theirs": bytes.fromhex(public_hex(theirs)),
        }
    )

    trust.verify_token(make_token(ours, client_claims("alice", ALICE, ou="ours")), now=NOW)
    for claims in ({"ou": "theirs"}, {"ou": "nobody's"}, {"ou": ""}):
        with pytest.raises(RefusedError) as refused:
            trust.verify_token(make_token(ours, client_claims("alice", ALICE, **claims)), now=NOW)
        assert refused.value.reason is Refusal.UNTRUSTED
