"""Configuration files with real keys beside them."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from choria_core.network_config.client_config import ClientConfig
from choria_core.network_config.host import Host, HostNames
from choria_core.network_config.load import load_client, load_server
from choria_core.network_config.server_config import ServerConfig
from choria_testing.authorities import Authority
from choria_testing.choria_tokens import (
    client_claims,
    make_token,
    new_key,
    public_hex,
    server_claims,
)

Settings = Mapping[str, object]


class MakeConfig(Protocol):
    """Loads a file with some settings."""

    def __call__(self, settings: Settings, **environment: str) -> ClientConfig:
        """The configuration in an environment."""


@pytest.fixture
def host() -> Callable[..., Host]:
    """Machines of the user alice."""

    def make(**environment: str) -> Host:
        names = HostNames(host_name=lambda: "client.example.net")
        return Host(names, {"USER": "alice", "HOME": "/nowhere", **environment})

    return make


def _write(folder: Path, settings: Settings) -> Path:
    file = folder / "choria.cfg"
    file.write_text("".join(f"{key} = {value}\n" for key, value in settings.items()))
    return file


@pytest.fixture
def make_client(tmp_path: Path, host: Callable[..., Host]) -> MakeConfig:
    """Load a client's file."""

    def make(settings: Settings, **environment: str) -> ClientConfig:
        return load_client(_write(tmp_path, settings), host=host(**environment))

    return make


@pytest.fixture
def make_server(tmp_path: Path, host: Callable[..., Host]) -> Callable[..., ServerConfig]:
    """Load a server's file."""

    def make(settings: Settings, **environment: str) -> ServerConfig:
        return load_server(_write(tmp_path, settings), host=host(**environment))

    return make


@pytest.fixture
def x509_settings(tmp_path: Path) -> Settings:
    """The provider ``file`` with a certificate of alice."""
    authority = Authority.root("network")
    leaf = authority.issue("alice.mcollective")
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    (tmp_path / "own.pem").write_bytes(leaf.pem)
    key = tmp_path / "own.key"
    key.write_bytes(leaf.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    key.chmod(0o600)
    return {
        "plugin.security.provider": "file",
        "plugin.security.file.certificate": tmp_path / "own.pem",
        "plugin.security.file.key": key,
        "plugin.security.file.ca": tmp_path / "ca.pem",
    }


class MakeTokenSettings(Protocol):
    """Writes a token with its seed."""

    def __call__(self, *, caller: str = "", identity: str = "", **claims: object) -> Settings:
        """The settings of its owner; ``claims`` are added or replace."""


@pytest.fixture
def token_settings(tmp_path: Path) -> MakeTokenSettings:
    """The provider ``choria`` with a token."""

    def make(*, caller: str = "", identity: str = "", **claims: object) -> Settings:
        issuer, owner = new_key(), new_key()
        usual = client_claims(caller, owner) if caller else server_claims(identity, owner)
        (tmp_path / "own.jwt").write_bytes(make_token(issuer, {**usual, **claims}))
        seed = tmp_path / "own.seed"
        seed.write_text(owner.private_bytes_raw().hex())
        seed.chmod(0o600)
        return {
            "plugin.security.provider": "choria",
            "plugin.security.choria.token_file": tmp_path / "own.jwt",
            "plugin.security.choria.seed_file": seed,
            "plugin.security.choria.trusted_signers": public_hex(issuer),
        }

    return make
