"""Nodes of every kind of network, on real brokers."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from choria_core.broker.options import ANY_PORT
from choria_core.broker.server import Broker
from choria_core.network_config.host import Host, HostNames
from choria_core.network_config.load import load_server
from choria_core.network_config.server_config import ServerConfig
from choria_core.protocol.messages import NANOSECONDS, Version
from choria_testing import vectors
from choria_testing.authorities import NOW, Authority
from choria_testing.callers import Caller
from choria_testing.choria_tokens import (
    client_claims,
    make_token,
    new_key,
    public_hex,
    server_claims,
)
from choria_testing.fixtures import MakeBroker

ALICE = Caller(Version.V1, "choria=alice.mcollective")


class WriteConfig(Protocol):
    def __call__(self, *lines: str, insecure: bool = True) -> ServerConfig: ...


@pytest_asyncio.fixture
async def plain_broker(make_broker: MakeBroker) -> Broker:
    """A broker without security, which tells who listens to what."""
    return await make_broker(jetstream=False, monitor_port=ANY_PORT)


@pytest.fixture
def configure(plain_broker: Broker, tmp_path: Path) -> WriteConfig:
    """Write and load the configuration of a node; later lines win."""

    def write(*lines: str, insecure: bool = True) -> ServerConfig:
        file = tmp_path / "server.cfg"
        common = (
            "identity = node1.example",
            "collectives = mcollective,uk",
            f"plugin.choria.middleware_hosts = 127.0.0.1:{plain_broker.port}",
            "plugin.security.provider = file",
            "rpcauthorization = false",
            f"plugin.yaml = {vectors.path('facts-node1.yaml')}",
            f"classesfile = {vectors.path('classes-node1.txt')}",
        )
        file.write_text("\n".join((*common, *lines)) + "\n")
        switch = "INSECURE_YES_REALLY" if insecure else "INSECURE_DISABLE_TLS"
        names = HostNames(host_name=lambda: "machine.example.net")
        return load_server(file, host=Host(names, {switch: "true", "HOME": str(tmp_path)}))

    return write


NOW_NS = int(NOW) * NANOSECONDS
"""When certificates and tokens of the kit are valid."""


def at_that_time() -> int:
    """A clock that stands still."""
    return NOW_NS


@dataclass
class CertifiedNetwork:
    """A node of version 1 and those whom it trusts."""

    config: ServerConfig
    authority: Authority
    alice: Caller


@dataclass
class TokenNetwork:
    """A node of version 2 and those whom it trusts."""

    config: ServerConfig
    issuer: Ed25519PrivateKey
    owner: Ed25519PrivateKey
    alice: Caller


@pytest.fixture
def certified(configure: WriteConfig, tmp_path: Path) -> CertifiedNetwork:
    """A network in which requests are signed by certificates."""
    authority = Authority.root("nodes and callers")
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    config = configure(
        f"plugin.security.file.ca = {tmp_path / 'ca.pem'}",
        "plugin.security.file.certificate = /not/read",
        "plugin.security.file.key = /not/read",
        insecure=False,
    )
    leaf = authority.issue("alice.mcollective")
    return CertifiedNetwork(config, authority, Caller.certified(leaf, ALICE.name))


@pytest.fixture
def tokens(configure: WriteConfig, tmp_path: Path) -> TokenNetwork:
    """A network in which everybody has a token."""
    issuer, owner, node = new_key(), new_key(), new_key()
    token = make_token(issuer, server_claims("node1.example", node, nbf=0))
    (tmp_path / "node.jwt").write_bytes(token)
    seed = tmp_path / "node.seed"
    seed.write_text(node.private_bytes_raw().hex())
    seed.chmod(0o600)
    config = configure(
        "collectives = choria",
        "plugin.security.provider = choria",
        f"plugin.security.choria.token_file = {tmp_path / 'node.jwt'}",
        f"plugin.security.choria.seed_file = {seed}",
        f"plugin.security.choria.trusted_signers = {public_hex(issuer)}",
        insecure=False,
    )
    own = make_token(issuer, client_claims("alice", owner))
    return TokenNetwork(config, issuer, owner, Caller.with_token(own, owner, "alice"))
