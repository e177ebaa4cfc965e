"""The Go client asks our server: without security, by certificates over mutual TLS, by tokens."""

import asyncio
import contextlib
import json
import os
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from choria_core.broker.options import BrokerTls
from choria_core.broker.server import Broker
from choria_testing import vectors
from choria_testing.authorities import FOR_CLIENTS, FOR_SERVERS, Authority
from choria_testing.choria_tokens import (
    client_claims,
    make_token,
    new_key,
    public_hex,
    server_claims,
)
from choria_testing.fixtures import MakeBroker
from choria_testing.go_client import GoClient
from choria_testing.programs import run_choria

NODE: Final = "node1.example"
OPTIONS: Final = {"fact": "-F", "class": "-C", "identity": "-I", "agent": "-A", "compound": "-S"}
FILTERS_OF_A_KIND: Final = 4
AT_ONCE: Final = 4

CALLS: Final = (
    ("rpcutil", "ping", (), {"pong"}),
    ("rpcutil", "get_fact", ("fact=country",), {"fact", "value"}),
    ("rpcutil", "get_facts", ("facts=country,kernel",), {"values"}),
    ("rpcutil", "get_config_item", ("item=identity",), {"item", "value"}),
    ("rpcutil", "daemon_stats", (), {"agents", "configfile", "pid", "version", "total"}),
    ("rpcutil", "agent_inventory", (), {"agents"}),
    ("rpcutil", "collective_info", (), {"collectives", "main_collective"}),
    ("rpcutil", "inventory", (), {"agents", "classes", "facts", "collectives"}),
    ("rpcutil", "get_data", ("source=choria",), {"agents", "connected_broker"}),
    ("choria_util", "info", (), {"choria_version", "security", "connected_server"}),
    ("choria_util", "machine_states", (), {"machine_ids", "states"}),
)


@dataclass(frozen=True, slots=True)
class Files:
    """A network's configurations, and what the environment of both sides switches off."""

    tls: BrokerTls | None
    server: tuple[str, ...]
    client: tuple[str, ...]
    environment: dict[str, str]
    collective: str = "mcollective"


@dataclass(frozen=True)
class Alice(GoClient):
    """The Go client as alice."""

    async def call(self, *words: str) -> dict[str, Any]:
        """The JSON of ``choria req``."""
        text = await self.say("req", "-I", NODE, "-j", *words)
        printed: dict[str, Any] = json.loads(text)
        return printed


@pytest.fixture(params=["plain", "certificates", "tokens"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Files:
    """Every kind of network."""
    if request.param == "plain":
        provider = ("plugin.security.provider = file",)
        return Files(None, provider, provider, {"INSECURE_YES_REALLY": "true"})
    authority = Authority.root("everyone", valid=_now())
    for name in (NODE, "alice.mcollective", "localhost"):
        _certify(authority, name, tmp_path)
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    tls = BrokerTls(
        tmp_path / "localhost.pem",
        tmp_path / "localhost.key",
        ca_file=tmp_path / "ca.pem",
        verify=True,
    )
    if request.param == "certificates":
        server, client = (_paths("file", tmp_path, name) for name in (NODE, "alice.mcollective"))
        return Files(tls, server, client, {})
    server, client = (_paths("choria", tmp_path, name) for name in (NODE, "alice.mcollective"))
    issuer, node, alice = new_key(), new_key(), new_key()
    valid = {"nbf": int(time.time()) - 60, "exp": int(time.time()) + 3600}
    node_token = make_token(issuer, server_claims(NODE, node, **valid))
    alice_token = make_token(issuer, client_claims("alice", alice, **valid))
    return Files(
        tls,
        (
            *server,
            *_token(tmp_path, "node", node_token, node),
            f"plugin.security.choria.trusted_signers = {public_hex(issuer)}",
        ),
        (*client, *_token(tmp_path, "alice", alice_token, alice)),
        {},
        "choria",
    )


def _now() -> tuple[float, float]:
    return time.time() - 3600, time.time() + 3600


def _certify(authority: Authority, name: str, folder: Path) -> None:
    leaf = authority.issue(name, purposes=(FOR_CLIENTS, FOR_SERVERS), valid=_now())
    (folder / f"{name}.pem").write_bytes(leaf.pem)
    pem = leaf.key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    _secret(folder / f"{name}.key", pem)


def _secret(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    file.chmod(0o600)


def _paths(provider: str, folder: Path, name: str) -> tuple[str, ...]:
    prefix = f"plugin.security.{provider}"
    return (
        f"plugin.security.provider = {provider}",
        f"{prefix}.certificate = {folder / f'{name}.pem'}",
        f"{prefix}.key = {folder / f'{name}.key'}",
        f"{prefix}.ca = {folder / 'ca.pem'}",
    )


def _token(folder: Path, name: str, token: bytes, key: Ed25519PrivateKey) -> tuple[str, ...]:
    (folder / f"{name}.jwt").write_bytes(token)
    _secret(folder / f"{name}.seed", key.private_bytes_raw().hex().encode())
    return (
        f"plugin.security.choria.token_file = {folder / f'{name}.jwt'}",
        f"plugin.security.choria.seed_file = {folder / f'{name}.seed'}",
    )


@contextlib.asynccontextmanager
async def answering(
    files: Files, program: Path, broker: Broker, folder: Path
) -> AsyncIterator[Alice]:
    """The Go client of a network in which our server answers."""
    common = (
        f"collectives = {files.collective}",
        f"main_collective = {files.collective}",
        "plugin.choria.use_srv = false",
        f"plugin.choria.middleware_hosts = localhost:{broker.port}",
    )
    server, client = folder / "server.cfg", folder / "client.cfg"
    own = (
        f"identity = {NODE}",
        "rpcauthorization = false",
        f"plugin.yaml = {vectors.path('facts-node1.yaml')}",
        f"classesfile = {vectors.path('classes-node1.txt')}",
        "logfile = stderr",
    )
    server.write_text("\n".join((*common, *own, *files.server)) + "\n")
    asking = ("identity = client.example", "discovery_timeout = 1", "color = false")
    client.write_text("\n".join((*common, *asking, *files.client)) + "\n")
    words = ("server", "run", "--config", str(server))
    async with run_choria(*words, environment=os.environ | files.environment) as running:
        await running.said("the server is ready")
        names = {"MCOLLECTIVE_CERTNAME": "alice.mcollective", **files.environment}
        yield Alice(program, client, names)
        running.terminate()
        assert await running.ended() == 0
        assert "a request is refused" not in running.output


async def test_ping_find_inventory_and_facts(
    choria_go: Path, files: Files, make_broker: MakeBroker, tmp_path: Path
) -> None:
    broker = await make_broker(jetstream=False, tls=files.tls)
    async with answering(files, choria_go, broker, tmp_path) as client:
        ping = await client.say("ping")
        found = await client.say("find")
        inventory = await client.say("inventory", NODE)
        facts = await client.say("facts", "country", "--json")

    assert NODE in ping
    assert "1 replies" in ping
    assert found.strip() == NODE
    assert "choria_util     discovery       rpcutil" in inventory
    assert "roles::web" in inventory
    assert json.loads(facts) == {"mt": {"count": 1, "identities": [NODE]}}


async def test_every_action(
    choria_go: Path, files: Files, make_broker: MakeBroker, tmp_path: Path
) -> None:
    broker = await make_broker(jetstream=False, tls=files.tls)
    few = asyncio.Semaphore(AT_ONCE)
    async with answering(files, choria_go, broker, tmp_path) as client:

        async def call(*words: str) -> dict[str, Any]:
            async with few:
                return await client.call(*words)

        results = await asyncio.gather(
            *(call(agent, action, *inputs) for agent, action, inputs, _ in CALLS)
        )

    for (agent, action, _, keys), result in zip(CALLS, results, strict=True):
        [reply] = result["replies"]
        assert (reply["sender"], reply["statuscode"], reply["statusmsg"]) == (NODE, 0, "OK")
        assert keys <= set(reply["data"]), (agent, action)
        assert (result["request_stats"]["ok"], result["request_stats"]["failed"]) == (1, 0)


async def test_filters_of_every_kind(
    choria_go: Path, files: Files, make_broker: MakeBroker, tmp_path: Path
) -> None:
    chosen = list(_some_filters())
    broker = await make_broker(jetstream=False, tls=files.tls)
    few = asyncio.Semaphore(AT_ONCE)
    async with answering(files, choria_go, broker, tmp_path) as client:

        async def find(record: dict[str, Any]) -> list[str]:
            async with few:
                said = await client.say("find", OPTIONS[record["kind"]], record["filter"])
                return said.split()

        found = await asyncio.gather(*map(find, chosen))

    assert len(chosen) == len(OPTIONS) * FILTERS_OF_A_KIND
    for record, nodes in zip(chosen, found, strict=True):
        wanted = [name for name in record["matches"] if name == NODE]
        assert nodes == wanted, record["filter"]


def _some_filters() -> list[dict[str, Any]]:
    """Some recorded filters of each kind that are asked, those that find something first."""
    records = sorted(
        filter(_can_be_tried, vectors.load("filters.jsonl")),
        key=lambda record: NODE not in record["matches"],
    )
    return [
        record
        for kind in OPTIONS
        for record in [one for one in records if one["kind"] == kind][:FILTERS_OF_A_KIND]
    ]


def _can_be_tried(record: dict[str, Any]) -> bool:
    """Plain identities are believed unasked, and the agent scout is none of ours."""
    is_plain = record["kind"] == "identity" and "/" not in record["filter"]
    return not record["error"] and not is_plain and "scout" not in record["filter"]
