"""Adapters between real brokers, and nodes that speak to them."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest_asyncio

from choria_core.broker.server import Broker
from choria_core.network_config.host import Host, HostNames
from choria_core.network_config.load import load_server
from choria_core.network_config.server_config import ServerConfig
from choria_core.protocol.codec import Sign, codec_of, seal_reply
from choria_core.protocol.messages import Headers, Reply, Version
from choria_plugin_adapter.adapter import Adapter
from choria_plugin_adapter.service import AdapterService
from choria_plugin_adapter.settings import read_adapters
from choria_testing.callers import Caller
from choria_testing.streams import Streams, open_streams

PATIENCE_SECONDS: Final = 30.0
REGISTRATION: Final = "mcollective.broadcast.agent.registration"
REPLIES: Final = "mcollective.reply.collected"
NODE: Final = "node1.example"
ID: Final = "0123456789abcdef0123456789abcdef"


@dataclass
class Lab:
    """Brokers and a folder for configurations.

    Attributes:
        broker: of the network, and of the stream unless a line says otherwise.
        streams: of that broker, with the stream REG.
    """

    broker: Broker
    streams: Streams
    folder: Path

    def config(self, *lines: str, insecure: bool = True) -> ServerConfig:
        """A configuration with the adapter `reg`; later lines win."""
        file = self.folder / "adapter.cfg"
        common = (
            "identity = broker.example",
            f"plugin.choria.middleware_hosts = localhost:{self.broker.port}",
            "plugin.security.provider = file",
            "soft_shutdown_timeout = 10",
            "plugin.choria.adapters = reg",
            "plugin.choria.adapter.reg.type = choria_streams",
            "plugin.choria.adapter.reg.stream.topic = REG.%s",
            f"plugin.choria.adapter.reg.ingest.topic = {REGISTRATION}",
            "plugin.choria.adapter.reg.ingest.protocol = request",
        )
        file.write_text("\n".join((*common, *lines)) + "\n")
        names = HostNames(host_name=lambda: "machine.example.net")
        switch = "INSECURE_YES_REALLY" if insecure else "INSECURE_DISABLE_TLS"
        return load_server(file, host=Host(names, {switch: "true", "HOME": str(self.folder)}))

    @contextlib.asynccontextmanager
    async def adapting(self, *lines: str, insecure: bool = True) -> AsyncIterator[Adapter]:
        """Run the adapter until the block ends; it reads when the block begins."""
        async with self.serving(*lines, insecure=insecure) as service:
            yield service.adapters[0]

    @contextlib.asynccontextmanager
    async def serving(
        self, *lines: str, insecure: bool = True, port: int | None = None
    ) -> AsyncIterator[AdapterService]:
        """Likewise; all adapters of the configuration, with a monitor at ``port``."""
        config = self.config(*lines, insecure=insecure)
        service = AdapterService(config, read_adapters(config.settings), port=port)
        stop = asyncio.Event()
        running = asyncio.create_task(service.run(stop))
        try:
            waiting = asyncio.create_task(
                until(lambda: all(one.is_reading for one in service.adapters))
            )
            await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                waiting.cancel()
                running.result()
            await waiting
            yield service
        finally:
            stop.set()
            await running

    async def register(self, *bodies: bytes, subject: str = REGISTRATION) -> None:
        """Publish messages of nodes."""
        for body in bodies:
            await self.streams.lean.publish(subject, body)
        await self.streams.lean.flush()


async def until(holds: Callable[[], bool]) -> None:
    """Return when something holds that nothing tells of."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not holds():  # noqa: ASYNC110 - counts have no events
            await asyncio.sleep(0.01)


def request(caller: Caller | None = None, **other: Any) -> bytes:
    """A registration of :data:`NODE`, unsigned unless ``caller`` signs; ``other`` is replaced."""
    caller = caller or Caller(Version.V1, f"choria={NODE}")
    fields: dict[str, Any] = {
        "sender": NODE,
        "agent": "registration",
        "payload": b'{"mtime":1}',
        "now_ns": time.time_ns(),
    }
    return caller.request(reply_to="dev.null", **fields | other)


def reply(
    version: Version = Version.V1,
    *,
    sign: Sign | None = None,
    credential: bytes = b"",
    sender: str = NODE,
    request_id: str = ID,
    payload: bytes = b"pong",
    time_ns: int = 0,
) -> bytes:
    """A reply of a node."""
    codec = codec_of(version)
    made = Reply(
        request_id=request_id,
        sender=sender,
        agent="discovery",
        time_ns=time_ns or time.time_ns(),
        payload=payload,
    )
    sealed = seal_reply(codec, made, sign=sign, credential=credential)
    return codec.encode_transport(sealed, Headers(sender=sender))


@pytest_asyncio.fixture
async def lab(broker: Broker, tmp_path: Path) -> AsyncIterator[Lab]:
    """A broker with the stream REG of the subjects ``REG.>``."""
    async with open_streams(broker.url) as streams:
        await streams.create_stream({"name": "REG", "subjects": ["REG.>"]})
        yield Lab(broker, streams, tmp_path)
