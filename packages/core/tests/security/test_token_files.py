"""Making and showing keys and tokens, as the Go tool does."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from choria_core.errors import ConfigError, Refusal, RefusedError, UsageError, WorkError
from choria_core.security.key_files import TokenFiles, load_seed, load_token_identity
from choria_core.security.token_claims import (
    ClientPermissions,
    ServerPermissions,
    read_claims,
    unique_id,
)
from choria_core.security.token_files import (
    make_client_token,
    make_keys,
    make_server_token,
    show_public,
    view_token,
)
from choria_core.security.token_issue import ClientToken, ServerToken
from choria_core.security.token_text import split_token
from choria_core.security.token_trust import TokenTrust
from choria_testing import vectors
from choria_testing.choria_tokens import (
    HEADER,
    NOW,
    TOKEN_ID,
    client_claims,
    encoded,
    make_token,
    new_key,
    public_hex,
)

MESSAGE = b"message"


@pytest.fixture
def issuer(tmp_path: Path) -> Path:
    make_keys(tmp_path / "issuer.seed", tmp_path / "issuer.public")
    return tmp_path / "issuer.seed"


@pytest.fixture
def owner(tmp_path: Path) -> Path:
    make_keys(tmp_path / "owner.seed", tmp_path / "owner.public")
    return tmp_path / "owner.seed"


def client(tmp_path: Path, issuer: Path, **what: Any) -> dict[str, Any]:
    """The claims of a fresh client token."""
    file = tmp_path / "client.jwt"
    make_client_token(file, ClientToken(**{"caller": "alice", **what}), signing_key=issuer)
    claims: dict[str, Any] = json.loads(split_token(file.read_bytes()).claims)
    return claims


def server(tmp_path: Path, issuer: Path, **what: Any) -> dict[str, Any]:
    """The claims of a fresh server token."""
    file = tmp_path / "server.jwt"
    public = str(tmp_path / "owner.public")
    usual = {"identity": "n1", "public_key": public, "collectives": ("choria",)}
    make_server_token(file, ServerToken(**{**usual, **what}), signing_key=issuer)
    claims: dict[str, Any] = json.loads(split_token(file.read_bytes()).claims)
    return claims


def stored_key(seed_file: Path) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed_file.read_text()))


def test_keys_are_files_as_the_original_writes_them(tmp_path: Path) -> None:
    seed, public = tmp_path / "x.seed", tmp_path / "x.public"

    key = make_keys(seed, public)

    assert public.read_text() == key == show_public(seed)
    assert len(seed.read_text()) == len(key) == 64
    for path in (seed, public):
        assert path.stat().st_mode & 0o777 == 0o600


def test_a_seed_is_not_lost_by_chance(tmp_path: Path) -> None:
    seed = tmp_path / "x.seed"
    old = make_keys(seed)

    with pytest.raises(UsageError, match=r"x\.seed exists; --force replaces it"):
        make_keys(seed)
    assert show_public(seed) == old
    assert make_keys(seed, force=True) == show_public(seed) != old


def test_a_client_has_the_claims_of_a_recorded_one(
    tmp_path: Path, issuer: Path, owner: Path
) -> None:
    recorded = json.loads(split_token(vectors.path("alice.jwt").read_bytes()).claims)

    claims = client(
        tmp_path,
        issuer,
        public_key=str(tmp_path / "owner.public"),
        permissions=ClientPermissions(fleet_management=True, service=True),
        validity_seconds=recorded["exp"] - recorded["iat"],
    )

    assert claims.keys() == recorded.keys()
    assert claims["exp"] - claims["iat"] == recorded["exp"] - recorded["iat"]
    same = ("callerid", "ou", "permissions", "purpose", "iss")
    assert [claims[name] for name in same] == [recorded[name] for name in same]
    assert claims["public_key"] == show_public(owner)
    assert (tmp_path / "client.jwt").stat().st_mode & 0o777 == 0o600


def test_a_server_has_the_claims_of_a_recorded_one(
    tmp_path: Path, issuer: Path, owner: Path
) -> None:
    recorded = json.loads(split_token(vectors.path("s1.jwt").read_bytes()).claims)

    claims = server(tmp_path, issuer, permissions=ServerPermissions(service_host=True))

    assert claims.keys() == recorded.keys()
    assert claims["exp"] - claims["iat"] == recorded["exp"] - recorded["iat"] == 8760 * 3600
    same = ("collectives", "ou", "permissions", "purpose", "iss")
    assert [claims[name] for name in same] == [recorded[name] for name in same]


def test_what_we_make_we_trust(tmp_path: Path, issuer: Path, owner: Path) -> None:
    trust = TokenTrust(signers=[load_seed(issuer).public_key])
    client(tmp_path, issuer, public_key=show_public(owner))
    server(tmp_path, issuer)
    caller = load_token_identity(TokenFiles(tmp_path / "client.jwt", owner))
    node = load_token_identity(TokenFiles(tmp_path / "server.jwt", owner))
    signature = caller.signer.sign(MESSAGE)

    trust.verify_request(
        caller="alice",
        signed=MESSAGE,
        signature=signature,
        credential=caller.token.encode(),
        now=time.time(),
    )
    trust.verify_node(
        identity="n1",
        signed=MESSAGE,
        signature=signature,
        credential=node.token.encode(),
        now=time.time(),
    )


@pytest.mark.parametrize(
    ("asked", "granted"),
    [
        ({"fleet_management": True}, {"fleet_management"}),
        ({}, set()),
        ({"signed_fleet_management": True}, {"fleet_management", "signed_fleet_management"}),
        ({"provisioner": True}, {"fleet_management", "provisioner"}),
        ({"streams_user": True, "org_admin": True}, {"streams_user", "org_admin"}),
    ],
)
def test_permissions_that_follow_from_others(
    tmp_path: Path, issuer: Path, asked: dict[str, bool], granted: set[str]
) -> None:
    claims = client(tmp_path, issuer, permissions=ClientPermissions(**asked))

    assert claims["permissions"] == dict.fromkeys(granted, True)


def test_everything_that_a_client_can_have(tmp_path: Path, issuer: Path) -> None:
    claims = client(
        tmp_path,
        issuer,
        organisation="acme",
        agents=("rpcutil", "puppet.status"),
        opa_policy="package x",
        publish=("a.b",),
        subscribe=("c.>",),
    )

    assert claims["ou"] == "acme"
    assert claims["agents"] == ["rpcutil", "puppet.status"]
    assert claims["opa_policy"] == "package x"
    assert (claims["pub_subjects"], claims["sub_subjects"]) == (["a.b"], ["c.>"])
    assert "public_key" not in claims


def test_an_issuer_vouches_for_others_and_does_not_call(
    tmp_path: Path, issuer: Path, owner: Path
) -> None:
    """Its token is the beginning of a chain that is trusted."""
    claims = client(tmp_path, issuer, public_key=show_public(owner), is_issuer=True)
    root = load_seed(issuer)

    assert claims["iss"] == f"I-{root.public_hex}"
    assert claims["permissions"] == {}
    maker, bob = stored_key(owner), new_key()
    link = maker.sign(f"{TOKEN_ID}.{claims['tcs']}".encode()).hex()
    made = {
        **client_claims("bob", bob),
        "iss": f"C-{claims['jti']}.{public_hex(maker)}",
        "tcs": f"{claims['tcs']}.{link}",
        "issexp": NOW + 3600,
    }
    trust = TokenTrust(issuers={"choria": root.public_key})
    token = make_token(maker, made)
    assert trust.verify_token(token, now=NOW).claims.name == "bob"
    own = (tmp_path / "client.jwt").read_bytes()
    with pytest.raises(RefusedError) as refused:
        trust.verify_request(
            caller="alice",
            signed=MESSAGE,
            signature=maker.sign(MESSAGE),
            credential=own,
            now=time.time(),
        )
    assert refused.value.reason is Refusal.NOT_ALLOWED


@pytest.mark.parametrize(
    ("what", "problem"),
    [
        ({"caller": ""}, "a caller id is needed"),
        ({"is_issuer": True}, "an issuer needs a public key"),
        ({"validity_seconds": 0}, "longer than no time"),
    ],
)
def test_clients_that_cannot_be(
    tmp_path: Path, issuer: Path, what: dict[str, Any], problem: str
) -> None:
    with pytest.raises(UsageError, match=problem):
        client(tmp_path, issuer, **what)
    assert not (tmp_path / "client.jwt").exists()


@pytest.mark.parametrize(
    ("what", "problem"),
    [
        ({"identity": ""}, "needs an identity"),
        ({"collectives": ()}, "a collective"),
        ({"public_key": ""}, "a public key"),
        ({"permissions": ServerPermissions(governor=True)}, "--governor needs --stream-user"),
    ],
)
@pytest.mark.usefixtures("owner")
def test_servers_that_cannot_be(
    tmp_path: Path, issuer: Path, what: dict[str, Any], problem: str
) -> None:
    with pytest.raises(UsageError, match=problem):
        server(tmp_path, issuer, **what)


def test_a_signing_key_must_be_a_seed(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"seed .*none\.seed does not exist"):
        client(tmp_path, tmp_path / "none.seed")


ALICE = """\
Unvalidated Client Identification Token {file}

          Caller ID: alice
  Organization Unit: choria
         Public Key: 3dc5821b3dfd4e72d3aa4b0511808ce242700937ece3b2c0f669981d1d5eff8d
 Private Network ID: 6384e2b2184bcbf58eccf10ca7a6563c
         Expires At: 2031-11-22 09:25:08 +0000 UTC ({left})

 Client Permissions:

      Can manage Choria fleet nodes
      Can have an extended token lifetime

"""


def test_a_client_for_people_to_read() -> None:
    file = vectors.path("alice.jwt")

    view = view_token(file)

    left = next(line for line in view.text.splitlines() if "Expires" in line)
    assert view.text == ALICE.format(file=file, left=left.partition("(")[2].rstrip(")"))
    assert not view.is_expired


def test_a_server_for_people_to_read() -> None:
    view = view_token(vectors.path("s1.jwt"), vectors.path("issuer.public"))

    lines = view.text.splitlines()
    assert lines[0] == f"Validated Server Token {vectors.path('s1.jwt')}"
    assert "             Identity: node1.example" in lines
    assert "          Collectives: choria" in lines
    assert f"   Private Network ID: {unique_id('node1.example')}" in lines
    assert lines[-4:] == ["   Broker Permissions:", "", "          Can host services", ""]


def test_json_has_every_claim() -> None:
    for name in ("alice.jwt", "s1.jwt"):
        file = vectors.path(name)
        shown = view_token(file, json=True).text

        assert json.loads(shown) == json.loads(split_token(file.read_bytes()).claims)
        assert shown.startswith('{\n  "')


def test_tokens_for_something_else_are_shown_as_json(tmp_path: Path) -> None:
    file = tmp_path / "provisioning.jwt"
    file.write_bytes(make_token(new_key(), {"purpose": "choria_provisioning", "cht": "x"}))

    assert json.loads(view_token(file).text) == {"purpose": "choria_provisioning", "cht": "x"}


@pytest.mark.parametrize("document", [b"x", b"[" * 40_000])
def test_claims_that_cannot_be_shown(tmp_path: Path, document: bytes) -> None:
    file = tmp_path / "x.jwt"
    file.write_bytes(encoded(json.dumps(HEADER).encode()) + b"." + encoded(document) + b".AA")

    with pytest.raises(ConfigError, match=r"x\.jwt: its claims are no JSON"):
        view_token(file)


def test_times_beyond_the_calendar_are_shown(tmp_path: Path) -> None:
    file = tmp_path / "x.jwt"
    file.write_bytes(make_token(new_key(), client_claims("alice", new_key(), exp=1e300)))

    assert "Expires At: 1e+300 (" in view_token(file).text


def test_another_key_does_not_validate(tmp_path: Path, owner: Path) -> None:
    with pytest.raises(
        WorkError, match=r"alice\.jwt is not signed by the owner of .*owner\.public"
    ):
        view_token(vectors.path("alice.jwt"), tmp_path / "owner.public")


def test_expired_tokens_are_shown_and_said_to_be(tmp_path: Path) -> None:
    file = tmp_path / "old.jwt"
    file.write_bytes(make_token(new_key(), client_claims("alice", new_key(), exp=1_700_000_000)))

    view = view_token(file)

    assert view.is_expired
    assert "2023-11-14 22:13:20 +0000 UTC (expired " in view.text


def test_nothing_in_a_token_moves_the_cursor(tmp_path: Path) -> None:
    file = tmp_path / "evil.jwt"
    evil = "\x1b[2J[/x]\r\nUnvalidated"
    claims = client_claims(
        evil, new_key(), ou=evil, agents=[evil], user_properties={evil: evil}, opa_policy=evil
    )
    file.write_bytes(make_token(new_key(), claims))

    for json_wanted in (False, True):
        text = view_token(file, json=json_wanted).text
        assert all(character.isprintable() for line in text.split("\n") for character in line)


def test_chains_and_issuers_are_told(tmp_path: Path, issuer: Path, owner: Path) -> None:
    client(tmp_path, issuer, public_key=show_public(owner), is_issuer=True)
    file = tmp_path / "client.jwt"
    root = show_public(issuer)

    assert (
        f"        Trust Chain: Can Issue Clients as part of a trust chain with Issuer {root}\n"
        in (view_token(file, tmp_path / "issuer.public").text)
    )
    claims = read_claims(split_token(file.read_bytes()).claims)
    broken = {**client_claims("x", new_key()), "iss": claims.iss, "tcs": claims.tcs}
    file.write_bytes(make_token(new_key(), broken))
    assert "Trust Chain: Invalid signing data" in view_token(file).text
    file.write_bytes(make_token(new_key(), {**broken, "iss": "C-someone.00"}))
    assert "Trust Chain: Issued by someone\n" in view_token(file).text
