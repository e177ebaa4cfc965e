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


# Made by choria-io/tokens v0.0.4 of a maker's token of ours.
GO_ORGANISATION = "c939599df205e2cdf9a5680f72e3d706c72145c65fa3f647fc77698ecb4994ef"
GO_TIME = 1795475182
GO_CLIENT = (
    "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9.eyJjYWxsZXJpZCI6ImJvYiIsIm91IjoiY2hvcmlhIiwidXNlcl9"
    "wcm9wZXJ0aWVzIjp7ImEiOiJiIn0sInBlcm1pc3Npb25zIjp7ImZsZWV0X21hbmFnZW1lbnQiOnRydWV9LCJwdXJ"
    "wb3NlIjoiY2hvcmlhX2NsaWVudF9pZCIsInRjcyI6Ijc1NmZjYmI1NzFjYTk3OWFmZDcxNWU0NmU0ZGUyNjBjMTF"
    "kMWMxZmNmNDhhNjFhODJkZWU2ZTUyMGI0ZTE0NmNiNDk4NDFmNTM3NDE0MTcyYWZiNzBjMDdkZDVkYmQ2YjQ5M2U"
    "1MGU3ZmRmOThkOThiNmFkNjYxY2Q1MTBlMjBiLjg4M2NkZDk5NjdmYTVmZjc1NWIzOWE4MzljMjQwNWM1NjYwNGM"
    "1NTcwZGMwYjQyY2U4ZjBiZmQwNTI0Zjg3YTc0NDM2MGFmOGU5ZjMxZjgyZWFiNzY2ZGU3ZWIxYjI2MTBhYzY3ODY"
    "yODJiZDBkNzIxMDBhNDUxYTI5MTVlZTAyIiwicHVibGljX2tleSI6Ijg2NjhmNDE1OGM5NTRlNWE2MTIyZTljNTE"
    "3NDI0ZmIzZDk2Mzg1OTUwYWJjNmZjMGJjYmM4OTRlYzhkZmY2NTMiLCJpc3NleHAiOjE3OTU0Nzg3ODAsImlzcyI"
    "6IkMtM01XblJCdEI2dENkdGVPYlFoQnJ4TlZiVXJiLmU0NDcwMzIzM2U0YmY3ODljOGZjZDE2ZGI2ZTk1YjI1ZTQ"
    "0YzFjNzdiZDlhYWNjMTI2YjFiY2I3YzMzOWRjNmUiLCJleHAiOjE3OTU0Nzg3ODAsIm5iZiI6MTc5NTQ3NTE4Miw"
    "iaWF0IjoxNzk1NDc1MTgyLCJqdGkiOiIzTVduUlF4TzNsUFhGS1dZdEpHODg2dHd2UjgifQ.NlZeFc0sGOJZ4vTn"
    "WfreRVfRkd4j4iIwj-JZIHcv7UPNqnhho7ajNUG44fKg67RfcesNL_l9TRjaM7vdmhpTAw"
)
GO_SERVER = (
    "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9.eyJpZGVudGl0eSI6Im45IiwiY29sbGVjdGl2ZXMiOlsiYyJdLCJ"
    "wZXJtaXNzaW9ucyI6eyJzdHJlYW1zIjp0cnVlfSwib3UiOiJjaG9yaWEiLCJwdWJfc3ViamVjdHMiOlsieC55Il0"
    "sInB1cnBvc2UiOiJjaG9yaWFfc2VydmVyIiwidGNzIjoiNzU2ZmNiYjU3MWNhOTc5YWZkNzE1ZTQ2ZTRkZTI2MGM"
    "xMWQxYzFmY2Y0OGE2MWE4MmRlZTZlNTIwYjRlMTQ2Y2I0OTg0MWY1Mzc0MTQxNzJhZmI3MGMwN2RkNWRiZDZiNDk"
    "zZTUwZTdmZGY5OGQ5OGI2YWQ2NjFjZDUxMGUyMGIuYzY3ZjAwZWQxMTFkYTVkZGNhOTM1OTRiMWE4ZDU0MThjNWN"
    "hN2U5NmVlMzQ4ZjA1NDIwODc3MmFhYjEzMGQzODk1MDM1NDkyNjEwYjJlYjJmYzNiMzJiMmM5ODRhYzY3MzllY2Y"
    "wZDNlZTVhMWIzZDE2MmM3NjFiYzhmNWNkMDIiLCJwdWJsaWNfa2V5IjoiODY2OGY0MTU4Yzk1NGU1YTYxMjJlOWM"
    "1MTc0MjRmYjNkOTYzODU5NTBhYmM2ZmMwYmNiYzg5NGVjOGRmZjY1MyIsImlzc2V4cCI6MTc5NTQ3ODc4MCwiaXN"
    "zIjoiQy0zTVduUkJ0QjZ0Q2R0ZU9iUWhCcnhOVmJVcmIuZTQ0NzAzMjMzZTRiZjc4OWM4ZmNkMTZkYjZlOTViMjV"
    "lNDRjMWM3N2JkOWFhY2MxMjZiMWJjYjdjMzM5ZGM2ZSIsImV4cCI6MTc5NTQ3ODc4MCwibmJmIjoxNzk1NDc1MTg"
    "yLCJpYXQiOjE3OTU0NzUxODIsImp0aSI6IjNNV25SVHNORHhsd2FreTZERXZadGxzY29sQSJ9.pOp1Plp7OHpo9T"
    "BXy6D62iGDkILFUWQA4M_z2SkAm1rX06ZmnHrEXLG9QbO1Vhvud5NLjQ4UYOUYrm9ZW8KvAw"
)


@pytest.mark.parametrize(("token", "name"), [(GO_CLIENT, "bob"), (GO_SERVER, "n9")])
def test_chains_that_the_original_made(token: str, name: str) -> None:
    trust = TokenTrust(issuers={"choria": bytes.fromhex(GO_ORGANISATION)})

    known = trust.verify_token(token.encode(), now=GO_TIME)

    assert known.claims.name == name
    assert GO_TIME < known.expires <= GO_TIME + 3600
