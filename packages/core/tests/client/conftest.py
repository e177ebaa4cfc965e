"""Clients of small real networks."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from choria_core.broker.server import Broker
from choria_core.network_config.client_config import ClientConfig
from choria_core.network_config.host import Host, HostNames
from choria_core.network_config.load import load_client
from choria_testing.choria_tokens import (
    client_claims,
    make_token,
    new_key,
    public_hex,
    server_claims,
)
from choria_testing.fixtures import MakeBroker
from choria_testing.scripted_nodes import ScriptedNodes, scripted_nodes

NODES = ("n1.example", "n2.example", "n3.example")


class Configure(Protocol):
    """Later lines win; ``switch`` is set in the environment, ``caller`` is the certificate's."""

    def __call__(
        self, *lines: str, switch: str = "INSECURE_YES_REALLY", caller: str = "client.example"
    ) -> ClientConfig: ...


@pytest_asyncio.fixture
async def plain_broker(make_broker: MakeBroker) -> Broker:
    """A broker without security."""
    return await make_broker(jetstream=False)


@pytest.fixture
def write_client(tmp_path: Path) -> Configure:
    """Write and load the configuration of a client."""

    def write(
        *lines: str, switch: str = "INSECURE_YES_REALLY", caller: str = "client.example"
    ) -> ClientConfig:
        file = tmp_path / "client.cfg"
        common = (
            "identity = client.example",
            "collectives = mcollective",
            "plugin.choria.use_srv = false",
            "plugin.security.provider = file",
            "discovery_timeout = 2",
            f"libdir = {tmp_path / 'lib'}",
        )
        file.write_text("\n".join((*common, *lines)) + "\n")
        names = HostNames(host_name=lambda: "machine.example.net")
        environment = {switch: "true", "HOME": str(tmp_path), "USER": "alice"}
        environment["MCOLLECTIVE_CERTNAME"] = caller
        return load_client(file, host=Host(names, environment))

    return write


@pytest.fixture
def configure(plain_broker: Broker, write_client: Configure) -> Configure:
    """The same, of the plain broker."""

    def write(
        *lines: str, switch: str = "INSECURE_YES_REALLY", caller: str = "client.example"
    ) -> ClientConfig:
        hosts = f"plugin.choria.middleware_hosts = 127.0.0.1:{plain_broker.port}"
        return write_client(hosts, *lines, switch=switch, caller=caller)

    return write


@pytest_asyncio.fixture
async def nodes(plain_broker: Broker) -> AsyncIterator[ScriptedNodes]:
    """Three nodes that answer."""
    async with scripted_nodes(plain_broker, *NODES) as three:
        yield three


@dataclass
class TokenNetwork:
    """A network of protocol version 2.

    Attributes:
        config: of the client alice.
        issuer: who vouches for tokens.
    """

    config: ClientConfig
    issuer: Ed25519PrivateKey

    def node_token(self, identity: str, key: Ed25519PrivateKey) -> bytes:
        """A token of a node that is valid now."""
        return make_token(self.issuer, valid_now(server_claims(identity, key)))


def valid_now(claims: dict[str, object]) -> dict[str, object]:
    """The same, of today."""
    now = int(time.time())
    return {**claims, "nbf": now - 60, "iat": now - 60, "exp": now + 3600}


@pytest.fixture
def tokens(configure: Configure, tmp_path: Path) -> TokenNetwork:
    """A network in which everybody has a token."""
    issuer, alice = new_key(), new_key()
    token = make_token(issuer, valid_now(client_claims("alice", alice)))
    (tmp_path / "alice.jwt").write_bytes(token)
    seed = tmp_path / "alice.seed"
    seed.write_text(alice.private_bytes_raw().hex())
    seed.chmod(0o600)
    config = configure(
        "collectives = choria",
        "plugin.security.provider = choria",
        f"plugin.security.choria.token_file = {tmp_path / 'alice.jwt'}",
        f"plugin.security.choria.seed_file = {seed}",
        f"plugin.security.choria.trusted_signers = {public_hex(issuer)}",
        switch="INSECURE_DISABLE_TLS",
    )
    return TokenNetwork(config, issuer)
