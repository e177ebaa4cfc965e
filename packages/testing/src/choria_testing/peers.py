"""Real programs of others that tests run against.

They are kept outside the tree, as ``<name>-<version>/bin/<name>`` in the cache
that ``nox -s peers`` fills: the folder ``CHORIA_PEERS_DIR`` names, else
``choria-peers`` in the user's cache.
"""

import os
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest


def find_peer(name: str, environment: Mapping[str, str] = os.environ) -> Path | None:
    """The program called ``name``: from the cache, else from beside Python or ``PATH``.

    Of several versions in the cache it is the newest.
    """
    cached = sorted(
        (path for path in peers_folder(environment).glob(f"{name}-[0-9]*/bin/{name}")),
        key=_version,
    )
    for path in reversed(cached):
        if os.access(path, os.X_OK):
            return path
    search = os.pathsep.join([str(Path(sys.executable).parent), environment.get("PATH", "")])
    found = shutil.which(name, path=search)
    return Path(found) if found else None


def require_peer(name: str, environment: Mapping[str, str] = os.environ) -> Path:
    """The program called ``name``; without it the test skips, but fails where CI is set.

    A suite that quietly skips in CI would be green without having run.
    """
    path = find_peer(name, environment)
    if path is not None:
        return path
    reason = f"{name} is not there: type  nox -s peers -- {name}"
    if environment.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def peers_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where programs are kept."""
    if chosen := environment.get("CHORIA_PEERS_DIR"):
        return Path(chosen)
    caches = environment.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(caches) / "choria-peers"


def _version(path: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", path.parent.parent.name)]
