"""The tokens carry what they should and nothing shows a seed."""

import base64
import json

import nkeys  # type: ignore[import-untyped]  # the package ships no types

from choria_testing.jwt_accounts import Operator


def claims_of(token: str) -> dict[str, object]:
    body = token.split(".")[1]
    claims: dict[str, object] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return claims


def test_an_account_is_signed_by_its_operator() -> None:
    operator = Operator.new()
    account = operator.new_account("APP")

    head, body, signature = account.jwt.split(".")
    pair = nkeys.from_seed(operator.key.seed.encode())

    assert claims_of(account.jwt)["iss"] == operator.key.public
    assert claims_of(account.jwt)["sub"] == account.key.public
    assert pair.verify(
        f"{head}.{body}".encode(),
        base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4)),
    )


def test_keys_are_of_their_kinds() -> None:
    operator = Operator.new()

    assert operator.key.public.startswith("O")
    assert operator.key.seed.startswith("SO")
    assert operator.system.key.public.startswith("A")


def test_the_system_account_has_no_jetstream() -> None:
    operator = Operator.new()

    assert "disk_storage" not in str(claims_of(operator.system.jwt))
    assert "disk_storage" in str(claims_of(operator.new_account("APP").jwt))


def test_seeds_do_not_show() -> None:
    operator = Operator.new()

    assert operator.key.seed not in repr(operator)
