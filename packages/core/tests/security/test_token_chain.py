"""Chains of trust: an organisation vouches for a maker of tokens, the maker for its tokens."""

from collections.abc import Callable
from typing import Any

import pytest

from choria_core.errors import Refusal, RefusedError
from choria_core.security.ksuid import make_ksuid
from choria_core.security.token_trust import TokenTrust
from choria_testing.choria_tokens import (
    MAKER_ID,
    NOW,
    chained,
    client_claims,
    make_token,
    new_key,
    public_hex,
    server_claims,
)

MESSAGE = b"message"

ORGANISATION, MAKER, BOB, STRANGER = new_key(), new_key(), new_key(), new_key()
TRUST = TokenTrust(issuers={"choria": bytes.fromhex(public_hex(ORGANISATION))})
SIGNERS = TokenTrust(signers=[bytes.fromhex(public_hex(ORGANISATION))])

PLAIN = client_claims("bob", BOB)
CLAIMS = chained(PLAIN, ORGANISATION, MAKER)
ROOT_SIGNATURE, LINK = CLAIMS["tcs"].split(".")


def refusal(token: bytes) -> Refusal:
    reasons = set()
    for trust in (TRUST, SIGNERS):
        with pytest.raises(RefusedError) as refused:
            trust.verify_token(token, now=NOW)
        reasons.add(refused.value.reason)
    (reason,) = reasons
    return reason


def test_a_whole_chain_is_trusted() -> None:
    token = make_token(MAKER, CLAIMS)

    for trust in (TRUST, SIGNERS):
        sender = trust.verify_request(
            caller="bob",
            signed=MESSAGE,
            signature=BOB.sign(MESSAGE),
            credential=token,
            now=NOW,
        )
        assert sender.name == "bob"


def test_nodes_have_chains_as_well() -> None:
    token = make_token(MAKER, chained(server_claims("n1", BOB), ORGANISATION, MAKER))

    TRUST.verify_node(
        identity="n1", signed=MESSAGE, signature=BOB.sign(MESSAGE), credential=token, now=NOW
    )


def test_without_a_chain_the_maker_is_nobody() -> None:
    assert refusal(make_token(MAKER, PLAIN)) is Refusal.UNTRUSTED
    assert refusal(make_token(MAKER, {**PLAIN, "iss": CLAIMS["iss"]})) is Refusal.UNTRUSTED


def test_the_token_itself_must_be_the_makers() -> None:
    """Not the organisation's, the owner's or a stranger's."""
    for signer in (ORGANISATION, BOB, STRANGER):
        assert refusal(make_token(signer, CLAIMS)) is Refusal.UNTRUSTED


def test_another_organisation_vouches_for_nobody_here() -> None:
    claims = chained(PLAIN, STRANGER, MAKER)

    assert refusal(make_token(MAKER, claims)) is Refusal.UNTRUSTED


def test_a_stranger_cannot_put_itself_into_a_chain() -> None:
    """With its own key in the issuer, or in the signatures, or in both."""
    own = chained(PLAIN, STRANGER, STRANGER)
    own_root, own_link = own["tcs"].split(".")

    for tcs in (CLAIMS["tcs"], own["tcs"], f"{ROOT_SIGNATURE}.{own_link}", f"{own_root}.{LINK}"):
        for iss in (CLAIMS["iss"], own["iss"]):
            assert refusal(make_token(STRANGER, {**CLAIMS, "iss": iss, "tcs": tcs})) is (
                Refusal.UNTRUSTED
            )


def test_the_makers_link_is_for_one_token() -> None:
    """A token that the maker made once gives no second one, even if the maker signed it."""
    other_id = make_ksuid(now=NOW, entropy=b"other token's id")

    assert refusal(make_token(MAKER, {**CLAIMS, "jti": other_id})) is Refusal.UNTRUSTED


CHANGES: dict[str, Callable[[], dict[str, Any]]] = {
    "organisation's signature": lambda: {"tcs": f"{flipped(ROOT_SIGNATURE)}.{LINK}"},
    "maker's signature": lambda: {"tcs": f"{ROOT_SIGNATURE}.{flipped(LINK)}"},
    "signatures the wrong way round": lambda: {"tcs": f"{LINK}.{ROOT_SIGNATURE}"},
    "one signature": lambda: {"tcs": ROOT_SIGNATURE},
    "three signatures": lambda: {"tcs": f"{CLAIMS['tcs']}.{LINK}"},
    "empty signatures": lambda: {"tcs": "."},
    "no hex": lambda: {"tcs": f"{ROOT_SIGNATURE}.zz"},
    "no signatures": lambda: {"tcs": ""},
    "maker's id": lambda: {"iss": f"C-{flipped(MAKER_ID)}.{public_hex(MAKER)}"},
    "maker's key": lambda: {"iss": f"C-{MAKER_ID}.{public_hex(STRANGER)}"},
    "no maker's id": lambda: {"iss": f"C-.{public_hex(MAKER)}"},
    "no maker's key": lambda: {"iss": f"C-{MAKER_ID}."},
    "a third part": lambda: {"iss": f"{CLAIMS['iss']}.x"},
    "short key": lambda: {"iss": f"C-{MAKER_ID}.{public_hex(MAKER)[:62]}"},
    "no maker's expiry": lambda: {"issexp": None},
    "no expiry": lambda: {"exp": None},
    "no key": lambda: {"public_key": ""},
    "no id": lambda: {"jti": ""},
    "no time": lambda: {"iat": None},
    "time is not the id's": lambda: {"iat": NOW - 1},
    "the issuer's own form": lambda: {"iss": f"I-{public_hex(ORGANISATION)}"},
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_chain_breaks_at_each_link(change: str) -> None:
    """Even where the maker itself signed the broken token."""
    broken = {**CLAIMS, **CHANGES[change]()}

    assert refusal(make_token(MAKER, broken)) is Refusal.UNTRUSTED


def test_a_chain_ends_when_the_makers_token_does() -> None:
    for issexp in (NOW, NOW - 1):
        token = make_token(MAKER, {**CLAIMS, "issexp": issexp})
        assert refusal(token) is Refusal.EXPIRED
    token = make_token(MAKER, {**CLAIMS, "issexp": NOW + 60})
    assert TRUST.verify_token(token, now=NOW).expires == NOW + 60
    with pytest.raises(RefusedError) as refused:
        TRUST.verify_token(token, now=NOW + 60)
    assert refused.value.reason is Refusal.EXPIRED


def test_a_chain_has_no_further_makers() -> None:
    """Whom a maker vouches for is no maker."""
    longer = chained(client_claims("eve", STRANGER), MAKER, BOB)

    assert refusal(make_token(BOB, longer)) is Refusal.UNTRUSTED


def flipped(text: str) -> str:
    return ("1" if text[0] != "1" else "2") + text[1:]
