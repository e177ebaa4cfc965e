"""The client beside the Go client: what it publishes, and what it makes of recorded replies."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from choria_core.broker.server import Broker
from choria_core.client.client import Client
from choria_core.client.records import CallRequest
from choria_core.client.reply_reader import QuickReplies, SignedReplies
from choria_core.discovery.request import DiscoveryRequest
from choria_core.filters.grammar import parse_filter
from choria_core.network_config.client_config import ClientConfig
from choria_core.protocol.codec import codec_of, decode_transport
from choria_core.protocol.messages import Version
from choria_testing import vectors
from choria_testing.authorities import Authority
from choria_testing.recorded_documents import documents_in
from choria_testing.scripted_nodes import scripted_nodes
from packages.core.tests.client.conftest import Configure, TokenNetwork

NODES = ("node1.example", "node2.example")

CHANGING = frozenset(("time", "signature", "pubcert", "caller"))
"""Keys whose values are another at every call, or another caller's."""

CARRYING = frozenset(("data", "message", "request"))
"""Keys below which another layer is, which is looked at for itself."""

KINDS = (
    ("plain", "rpcutil get_fact fact=country"),
    ("tls", "alice: get_fact allowed"),
    ("v2", "alice: get_fact"),
)


def recorded(name: str, label: str) -> dict[str, Any]:
    """One record."""
    return next(one for one in vectors.load(f"{name}.jsonl") if one["label"] == label)


def is_request(subject: str) -> bool:
    return ".node." in subject or subject.endswith(".broadcast.agent.discovery")


def shapes(body: bytes) -> list[dict[str, Any]]:
    """Every layer of a message, in the order of its keys, with what changes made the same."""
    transport = decode_transport(body)
    request_id = transport.headers.reply_to.rpartition(".")[2]
    layers = [json.loads(layer.text) for layer in documents_in(body)]
    assert len(layers) >= 3
    return [shape(layer, request_id, closed=layer is not layers[-1]) for layer in layers]


def shape(value: Any, request_id: str, *, closed: bool) -> Any:
    if isinstance(value, dict):
        return {
            key: type(item).__name__
            if key in CHANGING or (closed and key in CARRYING and isinstance(item, str))
            else shape(item, request_id, closed=closed)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [shape(item, request_id, closed=closed) for item in value]
    if isinstance(value, str):
        return (
            "a server"
            if "://127." in value or "://localhost" in value
            else value.replace(request_id, "the id")
        )
    return value


@pytest.fixture
def certified(configure: Configure, tmp_path: Path) -> ClientConfig:
    """A client that signs with the certificate of alice."""
    authority = Authority.root("callers")
    leaf = authority.issue("alice.mcollective")
    (tmp_path / "own.pem").write_bytes(leaf.pem)
    key = leaf.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "own.key").write_bytes(key)
    (tmp_path / "own.key").chmod(0o600)
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    return configure(
        f"plugin.security.file.certificate = {tmp_path / 'own.pem'}",
        f"plugin.security.file.key = {tmp_path / 'own.key'}",
        f"plugin.security.file.ca = {tmp_path / 'ca.pem'}",
        switch="INSECURE_DISABLE_TLS",
        caller="alice.mcollective",
    )


@pytest.fixture(params=KINDS, ids=[name for name, _ in KINDS])
def kind(
    request: pytest.FixtureRequest,
    configure: Configure,
    certified: ClientConfig,
    tokens: TokenNetwork,
) -> tuple[dict[str, Any], ClientConfig]:
    """A recorded call, and the configuration of our client for the same."""
    name, label = request.param
    configs = {"plain": configure(), "tls": certified, "v2": tokens.config}
    return recorded(name, label), configs[name]


async def test_what_is_published_has_the_recorded_shape(
    plain_broker: Broker, kind: tuple[dict[str, Any], ClientConfig]
) -> None:
    record, config = kind
    theirs = {one["subject"]: one["data"].encode() for one in record["messages"]}
    wanted = DiscoveryRequest(filter=parse_filter(agents=["rpcutil"]), timeout_seconds=0.2)
    call = CallRequest(
        agent="rpcutil",
        action="get_fact",
        arguments={"fact": "country"},
        nodes=NODES,
        timeout_seconds=0.2,
    )
    collective = config.main_collective
    async with scripted_nodes(plain_broker, *NODES, collective=collective) as nodes:
        async with Client(config) as client:
            await client.discover(wanted)
            await client.call(call).result()
        ours = dict(nodes.bodies)

    expected = {subject: shapes(body) for subject, body in theirs.items() if is_request(subject)}
    assert len(expected) == 3
    assert {subject: shapes(body) for subject, body in ours.items()} == expected
    for subject, body in ours.items():
        # Equal dicts may have their keys in another order, which people who compare would see.
        assert [list(layer) for layer in shapes(body)] == [
            list(layer) for layer in expected[subject]
        ]
    payloads = {subject: _payload(body) for subject, body in theirs.items() if is_request(subject)}
    assert {subject: _payload(body) for subject, body in ours.items()} == payloads


def _payload(body: bytes) -> bytes:
    transport = decode_transport(body)
    codec = codec_of(transport.version)
    secure = codec.decode_secure_request(transport.document())
    return codec.decode_request(secure.signed).payload


def recorded_calls() -> Iterator[Any]:
    """Recorded replies of every call whose output is JSON."""
    for name, version in (("plain", Version.V1), ("tls", Version.V1), ("v2", Version.V2)):
        for record in vectors.load(f"{name}.jsonl"):
            text = "\n".join(
                line for line in record["stdout"].splitlines() if not line.startswith("time=")
            )
            if text.startswith('{\n   "agent"'):
                label = f"{name}: {record['label']}"
                yield pytest.param(version, record, json.loads(text), id=label)


@pytest.mark.parametrize(("version", "record", "printed"), list(recorded_calls()))
def test_recorded_replies_are_read_as_the_go_client_read_them(
    version: Version, record: dict[str, Any], printed: dict[str, Any]
) -> None:
    request_id = printed["request_stats"]["requestid"]
    quick = QuickReplies(version, request_id)
    thorough = SignedReplies(version, request_id, trust=None, now=lambda: 0.0)
    bodies = [
        one["data"].encode()
        for one in record["messages"]
        if one["subject"].endswith(f".{request_id}")
    ]
    assert bodies
    replies = [quick.reply(body) for body in bodies]
    assert replies == [thorough.reply(body) for body in bodies]
    assert [quick.sender(body) for body in bodies] == [reply.sender for reply in replies]

    found = {reply.sender: reply for reply in replies}
    for theirs in printed["replies"]:
        ours = found[theirs["sender"]]
        assert (ours.action, ours.statuscode, ours.statusmsg) == (
            theirs["action"],
            theirs["statuscode"],
            theirs["statusmsg"],
        )
        assert dict(ours.data) == theirs["data"]
