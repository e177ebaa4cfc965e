"""Servers register with the configurations of the original, and fleets by plugins.

The network is real: brokers, certificates and tokens that are valid today.
"""

import asyncio
import base64
import contextlib
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from choria_core.broker.server import Broker
from choria_core.nats.endpoint import Endpoint, ServerAddress, TlsSettings
from choria_core.nats.lean_transport import connect
from choria_core.nats.transport import Message
from choria_core.security.rsa_signing import RsaSigner
from choria_testing.choria_tokens import public_hex
from choria_testing.emulated_fleets import emulated_fleet
from choria_testing.fixtures import MakeBroker
from choria_testing.network_files import NetworkFiles, write_config
from choria_testing.programs import PATIENCE_SECONDS, run_choria
from choria_testing.recorded_networks import (
    NODE,
    check_output,
    check_registration,
    recorded_config,
)
from choria_testing.registering import layers, payload_of
from choria_testing.streams import Streams

INSECURE = {"INSECURE_YES_REALLY": "true"}


@contextlib.asynccontextmanager
async def reading(
    broker: Broker, subject: str, tls: TlsSettings | None = None
) -> AsyncIterator["asyncio.Queue[Message]"]:
    """What comes on a subject."""
    endpoint = Endpoint((ServerAddress("localhost", broker.port),), tls=tls)
    async with await connect(endpoint, name="reader", timeout_seconds=PATIENCE_SECONDS) as wire:
        messages: asyncio.Queue[Message] = asyncio.Queue()
        await wire.subscribe(subject, messages.put_nowait)
        await wire.flush()
        yield messages


async def taken(messages: "asyncio.Queue[Message]") -> Message:
    async with asyncio.timeout(PATIENCE_SECONDS):
        return await messages.get()


async def test_a_recorded_configuration_registers_as_it_did(broker: Broker, tmp_path: Path) -> None:
    config = recorded_config("server-plain.cfg", tmp_path, broker.port)
    words = ("server", "run", "--config", str(config))
    async with (
        reading(broker, "mcollective.broadcast.agent.registration") as messages,
        run_choria(*words, environment=os.environ | INSECURE),
    ):
        message = await taken(messages)
    check_registration(payload_of(message.data), tmp_path)
    assert layers(message.data)[1]["pubcert"] == "insecure"


async def test_over_tls_the_certificate_signs(make_broker: MakeBroker, tmp_path: Path) -> None:
    files = NetworkFiles(tmp_path)
    broker = await make_broker(jetstream=False, tls=files.broker_tls())
    config = recorded_config("server-tls.cfg", tmp_path, broker.port, *files.certified(NODE))
    certificate, key = files.certificate("reader.example")
    tls = TlsSettings(ca_file=str(files.ca), cert_file=str(certificate), key_file=str(key))
    async with (
        reading(broker, "mcollective.broadcast.agent.registration", tls) as messages,
        run_choria("server", "run", "--config", str(config)),
    ):
        message = await taken(messages)

    check_registration(payload_of(message.data), tmp_path)
    secure = layers(message.data)[1]
    assert secure["pubcert"].encode() == content_of(tmp_path / f"{NODE}.pem")
    pem = content_of(tmp_path / f"{NODE}.key")
    # one signature of these bytes is like another: RSA with this padding has no chance in it
    signature = RsaSigner.from_pem(pem, source="test").sign(secure["message"].encode())
    assert base64.b64decode(secure["signature"]) == signature


async def test_in_a_network_of_tokens_the_seed_signs(
    make_broker: MakeBroker, tmp_path: Path
) -> None:
    files = NetworkFiles(tmp_path)
    broker = await make_broker(jetstream=False, tls=files.broker_tls())
    config = recorded_config("server-v2.cfg", tmp_path, broker.port, *files.server_with_token(NODE))
    certificate, key = files.certificate("reader.example")
    tls = TlsSettings(ca_file=str(files.ca), cert_file=str(certificate), key_file=str(key))
    async with (
        reading(broker, "choria.broadcast.agent.registration", tls) as messages,
        run_choria("server", "run", "--config", str(config)),
    ):
        message = await taken(messages)

    check_registration(payload_of(message.data), tmp_path)
    transport, secure, request = layers(message.data)
    assert transport["headers"]["sender"] == request["caller"] == NODE
    assert secure["caller"].encode() == content_of(tmp_path / f"{NODE}.jwt")
    claims = json.loads(base64.urlsafe_b64decode(secure["caller"].split(".")[1] + "=="))
    public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(claims["public_key"]))
    public.verify(base64.b64decode(secure["signature"]), base64.b64decode(secure["request"]))


@pytest.mark.parametrize("version", ["tls", "v2"])
async def test_an_adapter_that_verifies_believes_the_node(
    make_broker: MakeBroker, tmp_path: Path, version: str
) -> None:
    """From the server's file to the stream, over TLS: what the original's adapter made of it."""
    files = NetworkFiles(tmp_path)
    broker = await make_broker(tls=files.broker_tls())
    is_first = version == "tls"
    security = files.certified(NODE) if is_first else files.server_with_token(NODE)
    config = recorded_config(f"server-{version}.cfg", tmp_path, broker.port, *security)
    collective = "mcollective" if is_first else "choria"
    adapter = write_config(
        tmp_path / "adapter.cfg",
        f"plugin.choria.middleware_hosts = localhost:{broker.port}",
        "plugin.choria.adapters = reg",
        "plugin.choria.adapter.reg.type = choria_streams",
        "plugin.choria.adapter.reg.stream.topic = REG.%s",
        f"plugin.choria.adapter.reg.ingest.topic = {collective}.broadcast.agent.registration",
        "plugin.choria.adapter.reg.ingest.protocol = request",
        "plugin.choria.adapter.reg.verify = true",
        "identity = localhost",
        *files.certified("localhost"),
        f"plugin.security.choria.trusted_signers = {public_hex(files.issuer)}",
    )
    certificate, key = files.certificate("reader.example")
    tls = TlsSettings(ca_file=str(files.ca), cert_file=str(certificate), key_file=str(key))
    endpoint = Endpoint((ServerAddress("localhost", broker.port),), tls=tls)
    async with await connect(endpoint, name="streams", timeout_seconds=PATIENCE_SECONDS) as wire:
        streams = Streams(wire)
        await streams.create_stream({"name": "REG", "subjects": ["REG.>"]})
        async with (
            run_choria("adapter", "run", "--config", str(adapter)) as adapting,
            run_choria("server", "run", "--config", str(config)),
        ):
            await adapting.said("the adapter is ready")
            await streams.reached("REG", sequence=1)
        [stored, *_] = await streams.read("REG")

    assert stored.subject == f"REG.{NODE}"
    check_output(stored.body, tmp_path)


def content_of(file: Path) -> bytes:
    return file.read_bytes()


async def test_a_fleet_registers_by_plugins(tmp_path: Path) -> None:
    config = write_config(
        tmp_path / "fleet.cfg",
        "plugin.choria.use_srv = false",
        f"plugin.choria.registration.file = {tmp_path}/stats.json",
    )
    words = ("--instances", "4", "--name", "emu", "--config", str(config), "--workers", "2")
    more = ("--registration-plugin", "choria", "--registration-plugin", "inventory_content")
    every = ("--registration-interval", "1s")
    async with emulated_fleet(*words, *more, *every) as fleet:
        await fleet.ready()
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(written(tmp_path)) < 4:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.05)
        told = written(tmp_path)
    assert told == {f"emu-{number}" for number in range(1, 5)}


def written(folder: Path) -> set[str]:
    """Whose statistics there are."""
    files = folder.glob("stats-*.json")
    return {json.loads(file.read_text())["identity"] for file in files}


async def test_a_fleet_without_such_a_plugin_ends_with_its_name() -> None:
    words = ("--instances", "1", "--registration-plugin", "nosuch")
    async with emulated_fleet(*words) as fleet:
        line = await fleet.program.said("--registration-plugin: there is no registration nosuch")
        assert "use one of: agentlist, choria, file_content, inventory_content" in line
        assert await fleet.program.ended() == 2
