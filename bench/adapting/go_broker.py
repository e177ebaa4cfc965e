"""The Go program's broker, which has its adapter inside."""

import contextlib
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from bench.adapting.ground import Ground, opened
from bench.adapting.names import ADAPTER, INGEST, TOPIC
from bench.kit.child import start_child
from choria_core.broker.free_port import pick_port
from choria_core.nats.endpoint import TlsSettings
from choria_testing.go_broker import go_broker_lines
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
        lines = go_broker_lines(files, port, adapter=ADAPTER, ingest=INGEST, topic=TOPIC)
        file = write_config(Path(name) / "broker.cfg", *lines)
        certificate, key = files.certificate("feeder.example")
        tls = TlsSettings(ca_file=str(files.ca), cert_file=str(certificate), key_file=str(key))
        async with (
            start_child(program, "broker", "run", "--config", str(file)) as child,
            opened(port, child.pid, tls) as ground,
        ):
            yield ground
