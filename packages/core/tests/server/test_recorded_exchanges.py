"""Recorded requests, sent again at their time, get replies as they were recorded."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jsonschema import Draft4Validator

from choria_core.broker.server import Broker
from choria_core.network_config.protection import Tls
from choria_core.network_config.server_config import ServerConfig
from choria_core.protocol.schemas import schema
from choria_testing import vectors
from choria_testing.choria_tokens import make_token, new_key, server_claims
from choria_testing.recorded_documents import documents_in
from choria_testing.serving import ServedNode, serving
from packages.core.tests.server.conftest import WriteConfig

OWN = ("facts", "values", "value")  # what is in these is the node's own
SECOND = 1_000_000_000


@dataclass
class Exchange:
    """A request, and the reply of the first node to it.

    Attributes:
        time_ns: at which the request was made.
    """

    label: str
    subject: str
    reply_to: str
    request: bytes
    reply: bytes
    time_ns: int


class SetClock:
    """Unix time in nanoseconds, as set."""

    def __init__(self, now_ns: int) -> None:
        self.now_ns = now_ns

    def __call__(self) -> int:
        return self.now_ns


def exchanges(name: str) -> Iterator[Exchange]:
    """All exchanges of a recording with the first node, discovery's as well."""
    for record in vectors.load(name):
        replies = {
            message["subject"]: message["data"].encode()
            for message in record["messages"]
            if b"node1.example" in message["data"].encode() and ".reply." in message["subject"]
        }
        for message in record["messages"]:
            headers = json.loads(message["data"])["headers"]
            reply_to = headers.get("reply-to") or headers.get("reply")
            others = ".node." in message["subject"] and "node1" not in message["subject"]
            if reply_to in replies and not others:
                body = message["data"].encode()
                made = made_ns(body, int(record["time"]) * SECOND)
                reply = replies[reply_to]
                yield Exchange(record["label"], message["subject"], reply_to, body, reply, made)


def made_ns(body: bytes, around_ns: int) -> int:
    """When a request says that it was made."""
    inner = layers(body)[-1]
    time = inner["envelope"]["time"] * SECOND if "envelope" in inner else inner["time"]
    assert abs(time - around_ns) < 600 * SECOND
    return int(time)


def layers(body: bytes) -> list[dict[str, Any]]:
    """The documents of a message, the outer first; without what an agent wrote."""
    transport = json.loads(body)
    secure = json.loads(base64.b64decode(transport["data"]))
    if "message" in secure:
        return [transport, secure, json.loads(secure["message"])]
    inner = secure.get("request") or secure["reply"]
    return [transport, secure, json.loads(base64.b64decode(inner))]


def payload(body: bytes) -> Any:
    """What an agent wrote."""
    [transport, _, inner] = layers(body)
    message = inner["message"]
    if transport["protocol"] != "choria:transport:1":
        message = base64.b64decode(message).decode()
    return json.loads(message) if message.startswith("{") else message


def shape(value: Any, key: str = "") -> Any:
    """Keys and types of a document; of lists that of the first that has keys."""
    if key in OWN:
        return "own"
    if isinstance(value, dict):
        return {name: shape(one, name) for name, one in value.items()}
    if isinstance(value, list):
        return next((["hash", shape(one)] for one in value if isinstance(one, dict)), "list")
    return "number" if type(value) in (int, float) else type(value).__name__


def same(ours: bytes, theirs: bytes) -> None:
    """Whether two replies have the same keys, types, outcome and addresses."""
    assert [shape(one) for one in layers(ours)] == [shape(one) for one in layers(theirs)]
    assert shape(payload(ours)) == shape(payload(theirs))
    for document in documents_in(ours):
        Draft4Validator(schema(document.kind)).validate(json.loads(document.text))
    mine, recorded = payload(ours), payload(theirs)
    if isinstance(recorded, dict):
        for key in ("action", "statuscode", "statusmsg"):
            assert mine[key] == recorded[key]
    else:
        assert mine == recorded
    inner, other = layers(ours)[2], layers(theirs)[2]
    for key in ("protocol", "request", "sender", "agent"):
        assert inner.get(key) == other.get(key)
    for key in ("requestid", "senderid", "agent"):
        assert inner.get("envelope", {}).get(key) == other.get("envelope", {}).get(key)


async def replay(
    config: ServerConfig, broker: Broker, recorded: list[Exchange]
) -> dict[str, bytes]:
    """Send every request at its time; the replies by their subjects."""
    clock = SetClock(min(one.time_ns for one in recorded))
    replies: dict[str, bytes] = {}
    async with serving(config, broker, clock_ns=clock) as node:
        for one in sorted(recorded, key=lambda one: one.time_ns):
            clock.now_ns = max(clock.now_ns, one.time_ns)
            replies[one.reply_to] = await exchange(node, one)
        counts = node.server.node.counts
        assert counts.replies == counts.valid == len(recorded)
        assert counts.invalid == counts.repeated == counts.ttl_expired == 0
    return replies


async def exchange(node: ServedNode, one: Exchange) -> bytes:
    subscription = await node.wire.subscribe(
        one.reply_to, lambda got: node._keep(node.replies, got)
    )
    await node.send(one.request, one.subject)
    message = await node.reply(one.reply_to)
    await subscription.unsubscribe()
    return message.data


async def test_without_security(configure: WriteConfig, plain_broker: Broker) -> None:
    recorded = list(exchanges("plain.jsonl"))
    assert len(recorded) > 50

    replies = await replay(configure(), plain_broker, recorded)

    for one in recorded:
        same(replies[one.reply_to], one.reply)


async def test_signed_by_certificates_and_under_a_policy(
    configure: WriteConfig, plain_broker: Broker, tmp_path: Path
) -> None:
    policies = tmp_path / "policies"
    policies.mkdir()
    (policies / "rpcutil.policy").write_bytes(vectors.path("rpcutil.policy").read_bytes())
    (policies / "choria_util.policy").write_text("policy default allow\n")
    recorded = list(exchanges("tls.jsonl"))
    config = configure(
        "rpcauthorization = true",
        f"plugin.security.file.ca = {vectors.path('ca.pem')}",
        "plugin.security.file.certificate = /not/read",
        "plugin.security.file.key = /not/read",
        insecure=False,
    )

    replies = await replay(config, plain_broker, recorded)

    assert len(recorded) > 10
    for one in recorded:
        same(replies[one.reply_to], one.reply)


async def test_signed_by_tokens(
    configure: WriteConfig, plain_broker: Broker, tmp_path: Path
) -> None:
    key = new_key()
    claims = server_claims("node1.example", key, exp=4_000_000_000, nbf=0, iat=0)
    (tmp_path / "node.jwt").write_bytes(make_token(new_key(), claims))
    seed = tmp_path / "node.seed"
    seed.write_text(key.private_bytes_raw().hex())
    seed.chmod(0o600)
    recorded = list(exchanges("v2.jsonl"))
    config = configure(
        "collectives = choria",
        "plugin.security.provider = choria",
        f"plugin.security.choria.token_file = {tmp_path / 'node.jwt'}",
        f"plugin.security.choria.seed_file = {seed}",
        f"plugin.security.choria.trusted_signers = {vectors.path('issuer.public').read_text()}",
        insecure=False,
    )
    assert config.security.protection.tls is Tls.OFF

    replies = await replay(config, plain_broker, recorded)

    assert len(recorded) > 5
    for one in recorded:
        same(replies[one.reply_to], one.reply)
