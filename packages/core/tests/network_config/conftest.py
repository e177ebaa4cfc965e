"""Machines and users that configurations are loaded for."""

from collections.abc import Callable
from pathlib import Path

import pytest

from choria_core.network_config.host import Host, HostNames

NAMES = HostNames(host_name=lambda: "machine.example.net")

MakeHost = Callable[..., Host]
WriteFile = Callable[[str, str], Path]


@pytest.fixture
def make_host(tmp_path: Path) -> MakeHost:
    """Hosts of the user ada, whose home is in the test's folder."""

    def make(
        *,
        folder: Path | None = None,
        is_root: bool = False,
        names: HostNames = NAMES,
        **environment: str,
    ) -> Host:
        user = {"USER": "ada", "HOME": str(tmp_path / "own")}
        return Host(names, user | environment, folder, is_root)

    return make


@pytest.fixture
def write(tmp_path: Path) -> WriteFile:
    """Write a file below the test's folder."""

    def write(name: str, text: str) -> Path:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    return write
