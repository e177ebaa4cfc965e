"""The files of the Go ``choria jwt`` and of ours suit one another."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

CHORIA = Path(sys.executable).parent / "choria"

CLIENT_OPTIONS = ("--agents=rpcutil", "--agents=puppet.status", "--stream-user", "--validity=2h")
SERVER_OPTIONS = ("--collectives=one", "--collectives=two", "--service", "--subjects=a.b")
LEFT = re.compile(r"\(\w+\)$", re.MULTILINE)

Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path, choria_go: Path) -> Run:
    """Run ``jwt`` of either program in the test's folder; gives what it prints."""
    programs = {"go": choria_go, "ours": CHORIA}

    def run(program: str, *words: str) -> str:
        command = [str(programs[program]), "jwt", *words]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


BOTH = pytest.mark.parametrize(("maker", "other"), [("go", "ours"), ("ours", "go")])


@BOTH
def test_keys_of_one_are_used_by_the_other(
    run: Run, tmp_path: Path, maker: str, other: str
) -> None:
    run(maker, "keys", "a.seed", "a.public")

    public = (tmp_path / "a.public").read_text()
    assert run(other, "keys", "--show-public", "a.seed") == f"Public Key: {public}\n"
    run(other, "client", "x.jwt", "x", "a.seed", "--public-key", "a.public")
    assert run(maker, "view", "x.jwt", "a.public").startswith("Validated Client")


@BOTH
def test_clients_of_one_are_shown_alike_by_both(run: Run, maker: str, other: str) -> None:
    run(other, "keys", "a.seed", "a.public")
    run(maker, "client", "x.jwt", "x", "a.seed", "--public-key=a.public", *CLIENT_OPTIONS)

    theirs, ours = (run(program, "view", "x.jwt", "a.public") for program in (other, maker))
    assert without_times(theirs) == without_times(ours)
    assert "rpcutil, puppet.status" in ours


@BOTH
def test_servers_of_one_are_shown_alike_by_both(run: Run, maker: str, other: str) -> None:
    run(other, "keys", "a.seed", "a.public")
    run(maker, "server", "n.jwt", "n", "a.public", "a.seed", *SERVER_OPTIONS)

    theirs, ours = (run(program, "view", "n.jwt", "a.public") for program in (other, maker))
    assert without_times(theirs) == without_times(ours)
    assert "Can host services" in ours


@BOTH
def test_issuers_of_one_are_shown_alike_by_both(run: Run, maker: str, other: str) -> None:
    run(other, "keys", "a.seed", "a.public")
    run(maker, "client", "x.jwt", "x", "a.seed", "--public-key=a.public", "--issuer")

    theirs, ours = (run(program, "view", "x.jwt", "a.public") for program in (other, maker))
    assert without_times(theirs) == without_times(ours)
    assert "Can Issue Clients as part of a trust chain" in ours


def without_times(shown: str) -> str:
    """How long a token is still valid changes from one look to the next."""
    return LEFT.sub("", shown)
