"""Registrations cross over TLS: ours through the Go adapter, the Go server's through ours."""

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest

from choria_core.broker.free_port import pick_port
from choria_core.nats.endpoint import Endpoint, ServerAddress, TlsSettings
from choria_core.nats.lean_transport import connect
from choria_core.network_config.host import Host, HostNames
from choria_core.network_config.load import load_server
from choria_core.network_config.server_config import ServerConfig
from choria_core.protocol.adapter_output import AdapterOutput, decode_adapter_output
from choria_core.server.service import Server
from choria_plugin_adapter.service import AdapterService
from choria_plugin_adapter.settings import read_adapters
from choria_plugin_file_content import hooks
from choria_testing import vectors
from choria_testing.fixtures import MakeBroker
from choria_testing.go_broker import HOST, go_broker_lines
from choria_testing.network_files import NetworkFiles, write_config
from choria_testing.registering import plugins_with
from choria_testing.streams import Held, Streams

NODE: Final = "node1.example"
FACTS: Final = "facts-node1.yaml"
READY_SECONDS: Final = 60.0


def registration(collective: str) -> str:
    return f"{collective}.broadcast.agent.registration"


def node_lines(port: int, collective: str) -> tuple[str, ...]:
    return (
        f"identity = {NODE}",
        f"collectives = {collective}",
        "plugin.choria.use_srv = false",
        "plugin.choria.server.provision = false",
        f"plugin.choria.middleware_hosts = {HOST}:{port}",
        "rpcauthorization = false",
        "registration = file_content",
        "registerinterval = 2",
        "registration_splay = false",
        f"plugin.choria.registration.file_content.data = {vectors.path(FACTS)}",
        f"plugin.choria.registration.file_content.target = {registration(collective)}",
        "loglevel = warn",
    )


def loaded(file: Path) -> ServerConfig:
    names = HostNames(host_name=lambda: "machine.example.net")
    return load_server(file, host=Host(names, {"HOME": str(file.parent)}))


@contextlib.asynccontextmanager
async def watched(files: NetworkFiles, port: int) -> AsyncIterator[Streams]:
    """The streams of a broker with TLS, with the one that adapters write to."""
    certificate, key = files.certificate("watcher.example")
    tls = TlsSettings(str(files.ca), str(certificate), str(key))
    endpoint = Endpoint((ServerAddress(HOST, port),), tls=tls)
    async with await connect(endpoint, name="watcher", timeout_seconds=READY_SECONDS) as lean:
        streams = Streams(lean)
        await streams.create_stream({"name": "REG", "subjects": ["REG.>"]})
        yield streams


@contextlib.asynccontextmanager
async def go_running(program: Path, folder: Path, *words: str) -> AsyncIterator[None]:
    log = folder / f"{words[0]}.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            program,
            *words,
            stdout=output,
            stderr=output,
            env={"HOME": str(folder), "PATH": os.environ["PATH"], "USER": "nobody"},
        )
    try:
        yield
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def first(streams: Streams) -> Held:
    await streams.grown("REG", to=1)
    return (await streams.read("REG"))[0]


def check(held: Held, *, id_length: int = 32) -> AdapterOutput:
    """What was stored is the registration of the node's facts."""
    assert held.subject == f"REG.{NODE}"
    output = decode_adapter_output(held.body)
    assert output.sender == NODE
    assert len(output.requestid) == id_length
    content = json.loads(output.data)
    assert content["protocol"] == "choria:registration:filecontent:1"
    assert content["file"] == str(vectors.path(FACTS))
    assert content["zcontent"]
    return output


async def test_the_go_adapter_takes_what_our_server_registers(
    choria_go: Path, tmp_path: Path
) -> None:
    files = NetworkFiles(tmp_path)
    port = pick_port("127.0.0.1")
    ingest = registration("mcollective")
    lines = go_broker_lines(files, port, adapter="reg", ingest=ingest, topic="REG.%s")
    broker = write_config(tmp_path / "broker.cfg", *lines)
    node = write_config(
        tmp_path / "node.cfg", *node_lines(port, "mcollective"), *files.certified(NODE)
    )
    stop = asyncio.Event()

    async with (
        go_running(choria_go, tmp_path, "broker", "run", "--config", str(broker)),
        watched(files, port) as streams,
        asyncio.TaskGroup() as group,
    ):
        group.create_task(Server(loaded(node), plugins_with(hooks)).run(stop))
        check(await first(streams))
        stop.set()


@pytest.mark.parametrize("kind", ["certificates", "tokens"])
async def test_our_adapter_believes_what_the_go_server_registers(
    kind: str, choria_go: Path, make_broker: MakeBroker, tmp_path: Path
) -> None:
    files = NetworkFiles(tmp_path)
    own = await make_broker(tls=files.broker_tls())
    collective = "choria" if kind == "tokens" else "mcollective"
    secured = files.server_with_token if kind == "tokens" else files.certified
    adapter_lines = (
        f"identity = {HOST}",
        f"collectives = {collective}",
        f"plugin.choria.middleware_hosts = {HOST}:{own.port}",
        "plugin.choria.adapters = reg",
        "plugin.choria.adapter.reg.type = choria_streams",
        "plugin.choria.adapter.reg.stream.topic = REG.%s",
        f"plugin.choria.adapter.reg.ingest.topic = {registration(collective)}",
        "plugin.choria.adapter.reg.ingest.protocol = request",
        "plugin.choria.adapter.reg.verify = true",
    )
    node = write_config(tmp_path / "node.cfg", *node_lines(own.port, collective), *secured(NODE))
    config = loaded(write_config(tmp_path / "adapter.cfg", *adapter_lines, *secured(HOST)))
    service = AdapterService(config, read_adapters(config.settings))
    stop = asyncio.Event()

    async with (
        watched(files, own.port) as streams,
        asyncio.TaskGroup() as group,
        go_running(choria_go, tmp_path, "server", "run", "--config", str(node)),
    ):
        group.create_task(service.run(stop))
        check(await first(streams), id_length=27 if kind == "tokens" else 32)
        stop.set()

    assert dict(service.adapters[0].figures.refusals) == {}
