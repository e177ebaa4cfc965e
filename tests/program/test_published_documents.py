"""Every document that our programs put on the wire is one that the published schemas accept."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from jsonschema import Draft4Validator

from choria_core.broker.server import Broker
from choria_core.nats.endpoint_url import parse_endpoint
from choria_core.nats.lean_transport import connect
from choria_core.nats.wire import Delivery
from choria_core.protocol.schemas import schema, schema_names
from choria_core.security.token_files import make_client_token, make_keys, make_server_token
from choria_core.security.token_issue import ClientToken, ServerToken
from choria_testing.programs import run_choria
from choria_testing.recorded_documents import documents_in

PATIENCE_SECONDS = 30.0

COMMON = """\
collectives = mcollective
main_collective = mcollective
plugin.choria.middleware_hosts = {address}
plugin.choria.use_srv = false
"""
UNSIGNED = "plugin.security.provider = file\n"
SIGNED = """\
plugin.security.provider = choria
plugin.security.choria.token_file = {folder}/{who}.jwt
plugin.security.choria.seed_file = {folder}/{who}.seed
plugin.security.choria.trusted_signers = {issuer}
"""
NODE = "node1.example.net"
SERVER = """\
identity = {node}
rpcauthorization = false
plugin.choria.server.provision = false
plugin.yaml = {folder}/facts.yaml
"""
CLIENT = "identity = client.example.net\ndiscovery_timeout = 2\n"

ASKED = (
    ("ping", "--expect", "1"),
    ("find", "-F", "country=mt"),
    ("rpc", "rpcutil", "inventory", "-I", NODE, "-j"),
    ("rpc", "rpcutil", "get_fact", "fact=country", "-F", "os.name=/deb/", "-j"),
)


class Spy:
    """Keeps all that anybody publishes."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, bytes]] = []
        self._news = asyncio.Event()

    def take(self, delivery: Delivery) -> None:
        """Keep one message."""
        self.seen.append((bytes(delivery[0]).decode(), bytes(delivery[3])))
        self._news.set()

    async def saw(self, part: str) -> None:
        """Return when a subject with ``part`` in it was seen."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not any(part in subject for subject, _ in self.seen):
                self._news.clear()
                await self._news.wait()


@pytest_asyncio.fixture
async def spy(broker: Broker) -> AsyncIterator[Spy]:
    """A spy at the broker."""
    spy = Spy()
    async with await connect(parse_endpoint(broker.url), name="spy") as transport:
        transport.add_sink(">", spy.take)
        await transport.flush()
        yield spy


@pytest.mark.parametrize("words", ASKED, ids=lambda words: " ".join(words[:3]))
async def test_documents_of_version_1_are_accepted(
    broker: Broker, spy: Spy, tmp_path: Path, words: tuple[str, ...]
) -> None:
    write_files(broker, tmp_path, server=UNSIGNED, client=UNSIGNED)

    await ask(words, spy, tmp_path, INSECURE_YES_REALLY="true")

    check(spy, "v1", words)


@pytest.mark.parametrize("words", ASKED[-2:], ids=lambda words: " ".join(words[:3]))
async def test_signed_documents_of_version_2_are_accepted(
    broker: Broker, spy: Spy, tmp_path: Path, words: tuple[str, ...]
) -> None:
    issuer = make_tokens(tmp_path)
    own = {who: SIGNED.format(folder=tmp_path, who=who, issuer=issuer) for who in ("n1", "alice")}
    write_files(broker, tmp_path, server=own["n1"], client=own["alice"])

    await ask(words, spy, tmp_path, INSECURE_DISABLE_TLS="true")

    check(spy, "v2", words)


async def ask(words: tuple[str, ...], spy: Spy, folder: Path, **switches: str) -> None:
    """Run a server and the client, from the server's first event to its last."""
    environment = os.environ | {"NO_COLOR": "1", "USER": "alice"} | switches
    server, client = (f"{folder}/{side}.cfg" for side in ("server", "client"))
    async with run_choria("server", "run", "--config", server, environment=environment) as running:
        await spy.saw(".startup.")
        async with run_choria(*words, "--config", client, environment=environment) as asking:
            assert await asking.ended() == 0, asking.output + running.output
        running.terminate()
        await running.ended()
    await spy.saw(".shutdown.")


def check(spy: Spy, version: str, words: tuple[str, ...]) -> None:
    """Every document is accepted, and none of the kinds that are to be there is missing."""
    layers = ("transport", "secure_request", "secure_reply", "request", "reply")
    expected = {f"{version}/{layer}" for layer in layers} | {"lifecycle/event"}
    if words[0] == "rpc":
        expected |= {"payloads/rpc_request", "payloads/rpc_reply"}

    assert accepted_kinds(spy.seen) == expected


def write_files(broker: Broker, folder: Path, *, server: str, client: str) -> None:
    """Configurations of both, which end with their own security, and the server's facts."""
    (folder / "facts.yaml").write_text("country: mt\nos:\n  name: Debian\n")
    common = COMMON.format(address=broker.url.rpartition("//")[2])
    own = SERVER.format(node=NODE, folder=folder)
    (folder / "server.cfg").write_text(common + own + server)
    (folder / "client.cfg").write_text(common + CLIENT + client)


def make_tokens(folder: Path) -> str:
    """Tokens and seeds of ``n1`` and ``alice``; gives their issuer's public key."""
    issuer = folder / "issuer.seed"
    public = make_keys(issuer)
    alice = make_keys(folder / "alice.seed")
    node = make_keys(folder / "n1.seed")
    client = ClientToken(caller="alice", public_key=alice)
    server = ServerToken(identity=NODE, public_key=node, collectives=("mcollective",))
    make_client_token(folder / "alice.jwt", client, signing_key=issuer)
    make_server_token(folder / "n1.jwt", server, signing_key=issuer)
    return public


def accepted_kinds(seen: list[tuple[str, bytes]]) -> set[str]:
    """The kinds of all documents, each of which its schema accepts."""
    validators = {name: Draft4Validator(schema(name)) for name in schema_names()}
    kinds: set[str] = set()
    for subject, body in seen:
        if not subject.startswith(("_INBOX", "$")):
            for document in documents_in(body):
                validators[document.kind].validate(json.loads(document.text))
                kinds.add(document.kind)
    return kinds
