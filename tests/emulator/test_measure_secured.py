"""``choria measure`` in a network with certificates."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from choria_core.broker.server import Broker
from choria_core.nats.endpoint import Endpoint, ServerAddress, TlsSettings
from choria_core.protocol.codec import codec_of
from choria_testing.fixtures import MakeBroker
from choria_testing.network_files import NetworkFiles, write_config
from choria_testing.scripted_nodes import ScriptedNodes, scripted_nodes
from tests.emulator.test_measure import NODES, Desk


@pytest.fixture
def files(tmp_path: Path) -> NetworkFiles:
    """The certificates of the network."""
    return NetworkFiles(tmp_path)


@pytest_asyncio.fixture
async def broker(make_broker: MakeBroker, files: NetworkFiles) -> Broker:
    """A broker that wants a certificate of everybody."""
    return await make_broker(jetstream=False, tls=files.broker_tls())


@pytest_asyncio.fixture
async def nodes(broker: Broker, files: NetworkFiles) -> AsyncIterator[ScriptedNodes]:
    """Seven nodes."""
    certificate, key = files.certificate("nodes.example")
    tls = TlsSettings(ca_file=str(files.ca), cert_file=str(certificate), key_file=str(key))
    endpoint = Endpoint(servers=(ServerAddress("localhost", broker.port, "tls"),), tls=tls)
    async with scripted_nodes(endpoint, *NODES) as seven:
        yield seven


@pytest.fixture
def desk(broker: Broker, nodes: ScriptedNodes, files: NetworkFiles, tmp_path: Path) -> Desk:
    """A client with a certificate."""
    write_config(
        tmp_path / "client.cfg",
        "identity = desk.example",
        "discovery_timeout = 1",
        f"plugin.choria.middleware_hosts = localhost:{broker.port}",
        *files.certified("desk.example"),
    )
    return Desk(tmp_path, broker, nodes)


async def test_requests_are_signed_and_go_through_a_checked_connection(desk: Desk) -> None:
    told = await desk.measure("1", "7", "x", "out", "--tls", "--verify", "--secure")

    assert told.code == 0, told.err
    assert "#: 1 OK: 7 / 7" in told.out
    asked = desk.nodes.requests[-1]
    assert asked.request.caller == "choria=desk.example"
    codec = codec_of(asked.transport.version)
    secure = codec.decode_secure_request(asked.transport.document())
    assert secure.signature
    assert b"BEGIN CERTIFICATE" in secure.credential


async def test_without_the_flag_nothing_is_signed(desk: Desk) -> None:
    told = await desk.measure("1", "7", "x", "out", "--tls", "--verify")

    assert told.code == 0, told.err
    asked = desk.nodes.requests[-1]
    codec = codec_of(asked.transport.version)
    secure = codec.decode_secure_request(asked.transport.document())
    assert secure.credential == b"insecure"


async def test_without_tls_the_broker_lets_nobody_in(desk: Desk) -> None:
    told = await desk.measure("1", "7", "x", "out", "--secure")

    assert told.code == 3
    assert desk.nodes.requests == []


async def test_another_authority_is_noticed_where_the_broker_is_verified(
    desk: Desk, tmp_path: Path
) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    other = NetworkFiles(folder, authority="another")
    config = tmp_path / "client.cfg"
    config.write_text(config.read_text().replace(str(tmp_path / "ca.pem"), str(other.ca)))

    verified = await desk.measure("1", "7", "x", "out", "--tls", "--verify")
    believed = await desk.measure("1", "7", "x", "out", "--tls")

    assert verified.code == 3
    assert "certificate" in verified.err
    assert believed.code == 0, believed.err
