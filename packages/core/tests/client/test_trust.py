"""Whom clients believe, and what they say when a broker does not let them in."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from choria_core.broker.free_port import pick_port
from choria_core.broker.server import Broker
from choria_core.client.client import Client
from choria_core.client.records import CallRequest
from choria_core.discovery.request import DiscoveryRequest
from choria_core.errors import AuthenticationError, ConnectError
from choria_core.security.ed25519_signing import Ed25519Signer
from choria_testing.authorities import Authority
from choria_testing.choria_tokens import make_token, new_key, server_claims
from choria_testing.scripted_nodes import Asked, scripted_nodes
from packages.core.tests.client.conftest import NODES, Configure, TokenNetwork, valid_now

LONG_SECONDS = 600.0


async def test_nodes_that_sign_with_their_token_are_believed(
    plain_broker: Broker, tokens: TokenNetwork
) -> None:
    keys = {name: new_key() for name in NODES}

    def answer(asked: Asked) -> Iterable[bytes]:
        key = keys[asked.node]
        signer = Ed25519Signer(key.private_bytes_raw())
        yield asked.reply(sign=signer.sign, credential=tokens.node_token(asked.node, key))

    async with scripted_nodes(plain_broker, *NODES, collective="choria") as nodes:
        nodes.answer = answer
        async with Client(tokens.config) as client, asyncio.timeout(30):
            request = DiscoveryRequest(timeout_seconds=LONG_SECONDS, expected=3)
            assert await client.discover(request) == list(NODES)
            call = CallRequest(agent="rpcutil", action="ping", nodes=NODES)
            assert (await client.call(call).result()).stats.ok == 3


async def test_unsigned_foreign_and_borrowed_replies_are_refused(
    plain_broker: Broker, tokens: TokenNetwork
) -> None:
    key, stranger = new_key(), new_key()
    signer = Ed25519Signer(key.private_bytes_raw())
    foreign = make_token(stranger, valid_now(server_claims("n2.example", key)))

    def answer(asked: Asked) -> Iterable[bytes]:
        if asked.node == "n1.example":  # nobody signs
            yield asked.reply()
        elif asked.node == "n2.example":  # somebody else vouches
            yield asked.reply(sign=signer.sign, credential=foreign)
        else:  # another's name
            own = tokens.node_token("other.example", key)
            yield asked.reply(sign=signer.sign, credential=own)

    async with scripted_nodes(plain_broker, *NODES, collective="choria") as nodes:
        nodes.answer = answer
        async with Client(tokens.config) as client:
            assert await client.discover(DiscoveryRequest(timeout_seconds=0.4)) == []
            call = CallRequest(agent="rpcutil", action="ping", nodes=NODES, timeout_seconds=0.4)
            result = await client.call(call).result()
    assert result.replies == ()
    assert result.stats.failed == 3


async def test_only_who_signs_is_blamed_for_what_cannot_be_read(
    plain_broker: Broker, tokens: TokenNetwork
) -> None:
    key = new_key()
    signer = Ed25519Signer(key.private_bytes_raw())

    def answer(asked: Asked) -> Iterable[bytes]:
        token = tokens.node_token(asked.node, key)
        if asked.node == "n1.example":
            yield asked.reply(b"{not json", sign=signer.sign, credential=token)
        elif asked.node == "n2.example":  # blames the third, in vain
            yield asked.reply(b"{not json", sender="n3.example")
        else:
            yield asked.reply(sign=signer.sign, credential=token)

    async with scripted_nodes(plain_broker, *NODES, collective="choria") as nodes:
        nodes.answer = answer
        async with Client(tokens.config) as client:
            call = CallRequest(agent="rpcutil", action="ping", nodes=NODES, timeout_seconds=0.4)
            result = await client.call(call).result()
    assert [reply.sender for reply in result.replies] == ["n3.example"]
    assert (result.stats.ok, result.stats.failed) == (1, 2)
    assert result.stats.no_responses == ("n2.example",)
    assert result.stats.unexpected_responses == ()


async def test_a_broker_that_is_not_there_ends_with_its_cause(write_client: Configure) -> None:
    config = write_client(f"plugin.choria.middleware_hosts = 127.0.0.1:{pick_port('127.0.0.1')}")
    async with Client(config, connect_timeout_seconds=0.5) as client:
        with pytest.raises(ConnectError, match="refused"):
            await client.discover()


async def test_a_refused_certificate_ends_with_its_cause(
    mutual_tls_broker: Broker, write_client: Configure, tmp_path: Path
) -> None:
    stranger = Authority.root("a stranger's authority")
    leaf = stranger.issue("client.example")
    (tmp_path / "own.pem").write_bytes(leaf.pem)
    key = leaf.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "own.key").write_bytes(key)
    (tmp_path / "own.key").chmod(0o600)
    (tmp_path / "ca.pem").write_bytes(stranger.pem)
    config = write_client(
        f"plugin.choria.middleware_hosts = localhost:{mutual_tls_broker.port}",
        f"plugin.security.file.certificate = {tmp_path / 'own.pem'}",
        f"plugin.security.file.key = {tmp_path / 'own.key'}",
        f"plugin.security.file.ca = {tmp_path / 'ca.pem'}",
        switch="NOTHING",
    )
    async with Client(config, connect_timeout_seconds=1.0) as client:
        with pytest.raises(AuthenticationError, match="certificate"):
            await client.discover()
