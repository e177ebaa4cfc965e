"""Our servers register over TLS in either kind of network, and what they sign is stored."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from choria_core.broker.server import Broker
from choria_core.nats.endpoint import Endpoint, ServerAddress, TlsSettings
from choria_core.nats.lean_transport import connect
from choria_core.network_config.host import Host, HostNames
from choria_core.network_config.load import load_server
from choria_core.network_config.server_config import ServerConfig
from choria_core.protocol.adapter_output import decode_adapter_output
from choria_core.server.service import Server
from choria_plugin_adapter.service import AdapterService
from choria_plugin_adapter.settings import read_adapters
from choria_plugin_file_content import hooks
from choria_testing.fixtures import MakeBroker
from choria_testing.network_files import NetworkFiles, write_config
from choria_testing.registering import plugins_with
from choria_testing.streams import Streams
from packages.plugins.adapter.tests.conftest import NODE, until

COLLECTIVES = {"file": "mcollective", "choria": "choria"}


class Network:
    """A broker with TLS, and configurations for those who belong to it."""

    def __init__(self, broker: Broker, files: NetworkFiles, provider: str) -> None:
        self._broker = broker
        self._files = files
        self._provider = provider
        self._subject = f"{COLLECTIVES[provider]}.broadcast.agent.registration"

    def node(self, facts: Path) -> ServerConfig:
        return self._load(
            NODE,
            "rpcauthorization = false",
            "registration = file_content",
            "registration_splay = false",
            f"plugin.choria.registration.file_content.data = {facts}",
        )

    def adapter(self) -> ServerConfig:
        return self._load(
            "localhost",
            "plugin.choria.adapters = reg",
            "plugin.choria.adapter.reg.type = choria_streams",
            "plugin.choria.adapter.reg.stream.topic = REG.%s",
            f"plugin.choria.adapter.reg.ingest.topic = {self._subject}",
            "plugin.choria.adapter.reg.ingest.protocol = request",
            "plugin.choria.adapter.reg.verify = true",
        )

    @contextlib.asynccontextmanager
    async def streams(self) -> AsyncIterator[Streams]:
        certificate, key = self._files.certificate("watcher.example")
        tls = TlsSettings(str(self._files.ca), str(certificate), str(key))
        endpoint = Endpoint((ServerAddress("localhost", self._broker.port),), tls=tls)
        async with await connect(endpoint, name="watcher", timeout_seconds=10.0) as lean:
            streams = Streams(lean)
            await streams.create_stream({"name": "REG", "subjects": ["REG.>"]})
            yield streams

    def _load(self, identity: str, *lines: str) -> ServerConfig:
        folder = self._files.folder
        with_token = self._provider == "choria"
        who = self._files.server_with_token if with_token else self._files.certified
        file = write_config(
            folder / f"{identity}.cfg",
            f"identity = {identity}",
            f"plugin.choria.middleware_hosts = localhost:{self._broker.port}",
            *who(identity),
            *lines,
        )
        names = HostNames(host_name=lambda: "machine.example.net")
        return load_server(file, host=Host(names, {"HOME": str(folder)}))


@pytest.mark.parametrize("provider", ["file", "choria"])
async def test_registrations_of_our_servers_are_verified_and_stored(
    provider: str, make_broker: MakeBroker, tmp_path: Path
) -> None:
    files = NetworkFiles(tmp_path)
    broker = await make_broker(tls=files.broker_tls())
    network = Network(broker, files, provider)
    facts = tmp_path / "facts.yaml"
    facts.write_text("country: mt\n")
    config = network.adapter()
    service = AdapterService(config, read_adapters(config.settings))
    server = Server(network.node(facts), plugins_with(hooks))
    [adapter] = service.adapters
    stop = asyncio.Event()

    async with network.streams() as streams, asyncio.TaskGroup() as group:
        group.create_task(service.run(stop))
        await until(lambda: adapter.is_reading)
        group.create_task(server.run(stop))
        await until(lambda: adapter.figures.published + adapter.figures.refused == 1)
        assert dict(adapter.figures.refusals) == {}
        [held] = await streams.read("REG")
        stop.set()

    assert held.subject == f"REG.{NODE}"
    output = decode_adapter_output(held.body)
    assert output.sender == NODE
    assert json.loads(output.data)["file"] == str(facts)
