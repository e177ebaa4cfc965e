"""Registration beside the Go program: its adapter reads our server, ours reads its server.

Everything goes over TLS, and is signed.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path

from choria_core.broker.free_port import pick_port
from choria_core.nats.endpoint import Endpoint, ServerAddress, TlsSettings
from choria_core.nats.lean_transport import LeanTransport, connect
from choria_core.nats.transport import Message
from choria_testing import vectors
from choria_testing.fixtures import MakeBroker
from choria_testing.network_files import NetworkFiles, write_config
from choria_testing.programs import PATIENCE_SECONDS, run_choria
from choria_testing.recorded_networks import NODE, check_output, recorded_config
from choria_testing.streams import Streams


@contextlib.asynccontextmanager
async def go_program(choria_go: Path, folder: Path, *words: str) -> AsyncIterator[None]:
    """Run it until the block ends."""
    with (folder / "go.log").open("wb") as log:
        running = await asyncio.create_subprocess_exec(
            choria_go,
            *words,
            stdout=log,
            stderr=log,
            env={"HOME": str(folder), "PATH": os.environ["PATH"], "USER": "nobody"},
        )
    try:
        yield
    finally:
        if running.returncode is None:
            running.kill()
        await running.wait()


@contextlib.asynccontextmanager
async def beside(port: int, files: NetworkFiles) -> AsyncIterator[LeanTransport]:
    """A connection with a certificate of its own."""
    certificate, key = files.certificate("reader.example")
    tls = TlsSettings(ca_file=str(files.ca), cert_file=str(certificate), key_file=str(key))
    endpoint = Endpoint((ServerAddress("localhost", port),), tls=tls)
    async with await connect(endpoint, name="beside", timeout_seconds=PATIENCE_SECONDS) as wire:
        yield wire


async def until_open(port: int) -> None:
    """Wait for a program to listen."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not is_open(port):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.1)


def is_open(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def go_broker_config(folder: Path, files: NetworkFiles, port: int) -> Path:
    """The recorded broker with its adapter, at a port of our own."""
    certificate, key = files.certificate("localhost")
    return write_config(
        folder / "broker.cfg",
        vectors.path("broker-adapter.cfg").read_text(),
        f"plugin.choria.middleware_hosts = localhost:{port}",
        f"plugin.choria.network.client_port = {port}",
        f"plugin.choria.network.stream.store = {folder}/store",
        f"plugin.choria.stats_port = {pick_port('127.0.0.1', besides={port})}",
        f"plugin.choria.adapter.reg.stream.servers = localhost:{port}",
        f"plugin.security.file.certificate = {certificate}",
        f"plugin.security.file.key = {key}",
        f"plugin.security.file.ca = {files.ca}",
        "identity = localhost",
    )


async def test_the_go_adapter_reads_our_server(choria_go: Path, tmp_path: Path) -> None:
    files = NetworkFiles(tmp_path)
    port = pick_port("127.0.0.1")
    broker = go_broker_config(tmp_path, files, port)
    server = recorded_config("server-tls.cfg", tmp_path, port, *files.certified(NODE))
    async with go_program(choria_go, tmp_path, "broker", "run", "--config", str(broker)):
        await until_open(port)
        async with beside(port, files) as wire:
            made: asyncio.Queue[Message] = asyncio.Queue()
            await wire.subscribe("REG.>", made.put_nowait)
            await wire.flush()
            async with run_choria("server", "run", "--config", str(server)):
                async with asyncio.timeout(PATIENCE_SECONDS):
                    message = await made.get()

    assert message.subject == f"REG.{NODE}"
    check_output(message.data, tmp_path)


async def test_our_adapter_reads_the_go_server_and_believes_it(
    choria_go: Path, make_broker: MakeBroker, tmp_path: Path
) -> None:
    files = NetworkFiles(tmp_path)
    broker = await make_broker(tls=files.broker_tls())
    server = recorded_config("server-tls.cfg", tmp_path, broker.port, *files.certified(NODE))
    adapter = write_config(
        tmp_path / "adapter.cfg",
        *adapter_lines(),
        f"plugin.choria.middleware_hosts = localhost:{broker.port}",
        "plugin.choria.adapter.reg.verify = true",
        *files.certified("localhost"),
        "identity = localhost",
    )
    async with beside(broker.port, files) as wire:
        streams = Streams(wire)
        await streams.create_stream({"name": "REG", "subjects": ["REG.>"]})
        async with run_choria("adapter", "run", "--config", str(adapter)) as adapting:
            await adapting.said("the adapter is ready")
            async with go_program(choria_go, tmp_path, "server", "run", "--config", str(server)):
                await streams.reached("REG", sequence=1)
        [stored, *_] = await streams.read("REG")

    assert stored.subject == f"REG.{NODE}"
    check_output(stored.body, tmp_path)


def adapter_lines() -> list[str]:
    """The recorded broker's lines about its adapter, but for the brokers of the stream."""
    lines = vectors.path("broker-adapter.cfg").read_text().splitlines()
    return [line for line in lines if "adapter" in line and ".stream.servers" not in line]
