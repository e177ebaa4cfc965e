"""``choria jwt`` as a user meets it."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from choria_core.security.token_text import split_token
from choria_testing.choria_tokens import client_claims, make_token, new_key, public_hex

CHORIA = str(Path(sys.executable).parent / "choria")

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run the command in the test's folder."""

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [CHORIA, "jwt", *words], cwd=tmp_path, capture_output=True, text=True, check=False
        )

    return run


@pytest.fixture
def issuer(tmp_path: Path) -> str:
    """A seed in the test's folder, with its public key in ``issuer.public``."""
    key = new_key()
    seed = tmp_path / "issuer.seed"
    seed.write_text(key.private_bytes_raw().hex())
    seed.chmod(0o600)
    (tmp_path / "issuer.public").write_text(public_hex(key))
    return "issuer.seed"


def claims(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(split_token(file.read_bytes()).claims)
    return found


def test_keys_are_made_and_the_public_one_is_shown(run: Run, tmp_path: Path) -> None:
    made = run("keys", "a.seed", "a.public")

    public = (tmp_path / "a.public").read_text()
    assert made.stdout == f"Public Key: {public}\n\nEd25519 seed saved in a.seed\n"
    assert run("keys", "--show-public", "a.seed").stdout == f"Public Key: {public}\n"
    again = run("k", "a.seed")
    assert (again.returncode, again.stdout) == (2, "")
    assert "a.seed exists; --force replaces it" in again.stderr
    assert run("k", "a.seed", "-f").returncode == 0
    assert (tmp_path / "a.seed").stat().st_mode & 0o777 == 0o600


def test_a_client_gets_what_it_is_given(run: Run, tmp_path: Path, issuer: str) -> None:
    (tmp_path / "policy.rego").write_text("package choria\n")
    owner = public_hex(new_key())
    lists = ["--agents=rpcutil", "--agents=puppet.status", "--publish=a.b", "--subscribe=c.>"]
    flags = ["--stream-user", "--event-viewer", "--no-fleet-management", "--service"]
    rest = ["--public-key", owner, "--opa-file", "policy.rego", "--org", "acme", "--validity=30d"]

    saved = run("client", "bob.jwt", "up=bob", issuer, *lists, *flags, *rest)

    assert saved.stdout == "Saved token to bob.jwt, use 'choria jwt view bob.jwt' to view it\n"
    told = claims(tmp_path / "bob.jwt")
    assert told["exp"] - told["iat"] == 30 * 86_400
    assert told["permissions"] == {"streams_user": True, "events_viewer": True, "service": True}
    assert {name: told[name] for name in ("callerid", "agents", "pub_subjects", "ou")} == {
        "callerid": "up=bob",
        "agents": ["rpcutil", "puppet.status"],
        "pub_subjects": ["a.b"],
        "ou": "acme",
    }
    assert (told["sub_subjects"], told["public_key"]) == (["c.>"], owner)
    assert told["opa_policy"] == "package choria\n"


@pytest.mark.parametrize(
    ("option", "granted"),
    [
        ("--stream-admin", "streams_admin"),
        ("--elections-user", "election_user"),
        ("--system", "system_user"),
        ("--auth-delegation", "authentication_delegator"),
        ("--signed-fleet-management", "signed_fleet_management"),
        ("--org-admin", "org_admin"),
        ("--server-provisioner", "provisioner"),
        ("--governor", "governor"),
    ],
)
def test_every_permission_has_its_option(
    run: Run, tmp_path: Path, issuer: str, option: str, granted: str
) -> None:
    assert run("c", "x.jwt", "x", issuer, option).returncode == 0

    assert claims(tmp_path / "x.jwt")["permissions"] == {"fleet_management": True, granted: True}


def test_an_issuer_starts_a_chain(run: Run, tmp_path: Path, issuer: str) -> None:
    key = public_hex(new_key())

    assert run("client", "x.jwt", "x", issuer, "--issuer", "--public-key", key).returncode == 0

    organisation = (tmp_path / "issuer.public").read_text()
    assert claims(tmp_path / "x.jwt")["iss"] == f"I-{organisation}"


def test_a_server_gets_what_it_is_given(run: Run, tmp_path: Path, issuer: str) -> None:
    flags = ["--submission", "--stream-user", "--service", "--governor"]

    saved = run("server", "n1.jwt", "n1", "issuer.public", issuer, "--subjects=a.b", *flags)

    assert saved.stdout == "Saved token to n1.jwt, use 'choria jwt view n1.jwt' to view it\n"
    told = claims(tmp_path / "n1.jwt")
    assert told["exp"] - told["iat"] == 365 * 86_400
    assert told["collectives"] == ["mcollective"]
    assert told["public_key"] == (tmp_path / "issuer.public").read_text()
    assert told["pub_subjects"] == ["a.b"]
    assert set(told["permissions"]) == {"submission", "streams", "service_host", "governor"}
    both = ["--collectives=one", "--collectives=two"]
    assert run("s", "n2.jwt", "n2", "issuer.public", issuer, *both).returncode == 0
    assert claims(tmp_path / "n2.jwt")["collectives"] == ["one", "two"]


def test_a_token_is_shown_and_validated(run: Run, issuer: str) -> None:
    run("client", "x.jwt", "x", issuer)

    shown = run("view", "x.jwt", "issuer.public")
    assert shown.stdout.startswith("Validated Client Identification Token x.jwt\n\n")
    assert json.loads(run("show", "x.jwt", "--json").stdout)["callerid"] == "x"
    run("keys", "other.seed", "other.public")
    foreign = run("v", "x.jwt", "other.public")
    assert (foreign.returncode, foreign.stdout) == (1, "")
    assert "x.jwt is not signed by the owner of other.public" in foreign.stderr


def test_an_expired_token_is_shown_and_ends_with_1(run: Run, tmp_path: Path) -> None:
    old = client_claims("alice", new_key(), exp=1_700_000_000)
    (tmp_path / "old.jwt").write_bytes(make_token(new_key(), old))

    shown = run("view", "old.jwt")

    assert (shown.returncode, shown.stderr) == (1, "")
    assert "(expired " in shown.stdout


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["client", "x.jwt", "x", "no.seed"], "seed no.seed does not exist; make it"),
        (["client", "x.jwt", "x", "issuer.seed", "--validity=x"], '--validity: "x" is not a'),
        (["client", "x.jwt", "x", "issuer.seed", "--vault"], "--vault is not offered"),
        (["client", "x.jwt", "x", "issuer.seed", "--opa-file=no"], "policy no cannot be read: No"),
        (["client", "x.jwt", "x", "issuer.seed", "--opa-file=bytes"], "policy bytes is no UTF-8"),
        (["server", "x.jwt", "x", "no", "issuer.seed"], "public key no does not exist"),
        (["view", "no.jwt"], "token no.jwt does not exist"),
        (["view"], "Missing argument"),
    ],
)
@pytest.mark.usefixtures("issuer")
def test_wrong_usage_is_told(run: Run, tmp_path: Path, words: list[str], error: str) -> None:
    (tmp_path / "bytes").write_bytes(b"\xff")

    told = run(*words)

    assert told.returncode == 2
    assert error in told.stderr
    assert not (tmp_path / "x.jwt").exists()
