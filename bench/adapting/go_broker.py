"""The Go program's broker, which has its adapter inside; TLS is a must there."""

import contextlib
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from bench.adapting.ground import Ground, opened
from bench.adapting.names import ADAPTER, HOST, INGEST, TOPIC
from bench.kit.child import start_child
from choria_core.broker.free_port import pick_port
from choria_core.nats.endpoint import TlsSettings
from choria_testing.network_files import NetworkFiles, write_config


@contextlib.asynccontextmanager
async def go_ground(program: str) -> AsyncIterator[Ground]:
    """A broker of the Go program ``program``, with the adapter.

    Raises:
        ConnectError: it does not take connections.
    """
    with tempfile.TemporaryDirectory(prefix="choria-bench-") as name:
        files = NetworkFiles(Path(name))
        port = pick_port("127.0.0.1")
        file = write_config(Path(name) / "broker.cfg", *_lines(files, port))
        certificate, key = files.certificate("feeder.example")
        tls = TlsSettings(ca_file=str(files.ca), cert_file=str(certificate), key_file=str(key))
        async with (
            start_child(program, "broker", "run", "--config", str(file)) as child,
            opened(port, child.pid, tls) as ground,
        ):
            yield ground


def _lines(files: NetworkFiles, port: int) -> tuple[str, ...]:
    prefix = f"plugin.choria.adapter.{ADAPTER}"
    network = "plugin.choria.network"
    return (
        f"identity = {HOST}",
        "collectives = mcollective",
        "plugin.choria.use_srv = false",
        f"plugin.choria.middleware_hosts = {HOST}:{port}",
        "plugin.choria.broker_network = true",
        f"{network}.listen_address = 127.0.0.1",
        f"{network}.client_port = {port}",
        f"{network}.peer_port = 0",
        f"{network}.stream.store = {files.folder / 'store'}",
        f"{network}.system.user = system",
        f"{network}.system.password = {pick_port('127.0.0.1')}",
        f"plugin.choria.adapters = {ADAPTER}",
        f"{prefix}.type = choria_streams",
        f"{prefix}.stream.servers = {HOST}:{port}",
        f"{prefix}.stream.topic = {TOPIC}",
        f"{prefix}.ingest.topic = {INGEST}",
        f"{prefix}.ingest.protocol = request",
        f"{prefix}.queue_len = 20000",
        *files.certified(HOST),
        "loglevel = warn",
        "logfile = stdout",
    )
