"""Configurations of clients for discovery methods."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import pytest

from choria_core.network_config.client_config import ClientConfig
from choria_core.network_config.host import Host, HostNames
from choria_core.network_config.load import load_client

INSECURE = {"INSECURE_YES_REALLY": "true"}


class MakeClientConfig(Protocol):
    """Loads the configuration of a client with some settings."""

    def __call__(
        self, settings: Mapping[str, object] | None = None, **environment: str
    ) -> ClientConfig:
        """Of an insecure network, unless the environment is given."""


@pytest.fixture
def make_config(tmp_path: Path) -> MakeClientConfig:
    """A function that makes configurations."""

    def make(settings: Mapping[str, object] | None = None, **environment: str) -> ClientConfig:
        usual = {"plugin.security.provider": "file", "identity": "client.example.net"}
        file = tmp_path / "client.cfg"
        lines = {**usual, **(settings or {})}
        file.write_text("".join(f"{key} = {value}\n" for key, value in lines.items()))
        variables = {"USER": "alice", "HOME": str(tmp_path), **(environment or INSECURE)}
        names = HostNames(host_name=lambda: "client.example.net")
        return load_client(file, host=Host(names, variables, None, is_root=False))

    return make
