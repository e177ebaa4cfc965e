"""Nodes that register on a real broker, and somebody who reads what they say.

config = node_config(folder, "registration = uptime", broker=broker)
async with registering(config, broker, plugins_with(my_hooks)) as node:
    message = await node.registration()
    assert payload_of(message.data) == b"..."
"""

import asyncio
import base64
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

from choria_core.broker.server import Broker
from choria_core.nats.endpoint import Endpoint, ServerAddress
from choria_core.nats.lean_transport import connect
from choria_core.nats.transport import Message
from choria_core.network_config.host import Host, HostNames
from choria_core.network_config.load import load_server
from choria_core.network_config.server_config import ServerConfig
from choria_core.plugins import Plugins
from choria_core.registration import schedule
from choria_core.server.service import Server
from choria_testing.programs import PATIENCE_SECONDS
from choria_testing.serving import core_plugins

SUBJECT = "mcollective.broadcast.agent.registration"


def node_config(
    folder: Path, *lines: str, broker: Broker | None = None, protection: str = "INSECURE_YES_REALLY"
) -> ServerConfig:
    """The configuration of ``node1.example``, in ``folder``; later lines win.

    Args:
        folder: where the file is.
        *lines: of the file.
        broker: of the node; without one it finds none.
        protection: the variable that switches some of it off.
    """
    file = folder / "server.cfg"
    common = (
        "identity = node1.example",
        f"plugin.choria.middleware_hosts = 127.0.0.1:{broker.port if broker else 1}",
        "plugin.security.provider = file",
        "rpcauthorization = false",
        "registration_splay = false",
    )
    file.write_text("\n".join((*common, *lines)) + "\n")
    names = HostNames(host_name=lambda: "machine.example.net")
    return load_server(file, host=Host(names, {protection: "true", "HOME": str(folder)}))


def plugins_with(*hooks: object) -> Plugins:
    """Core's contributions and those of ``hooks``."""
    plugins = core_plugins()
    for number, module in enumerate(hooks):
        plugins.register(module, f"plugin_{number}")
    return plugins


class RegisteringServer:
    """A server that runs.  Made by :func:`registering`.

    Attributes:
        server: it, in this process.
        messages: all registrations that nobody took yet.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        self.messages: asyncio.Queue[Message] = asyncio.Queue()

    async def registration(self) -> Message:
        """The next message on the subject."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.messages.get()


@contextlib.asynccontextmanager
async def registering(
    config: ServerConfig,
    broker: Broker,
    plugins: Plugins,
    *,
    subject: str = SUBJECT,
    clock_ns: Callable[[], int] = time.time_ns,
) -> AsyncIterator[RegisteringServer]:
    """Run a server until the block ends; it registers at once, and not after some seconds.

    Args:
        config: which names ``broker``.
        broker: one without security.
        plugins: the server's.
        subject: to read registrations from.
        clock_ns: unix time.
    """
    endpoint = Endpoint((ServerAddress("127.0.0.1", broker.port),))
    no_pause = patch.multiple(schedule, LEAST_PAUSE_SECONDS=0.0, MOST_PAUSE_SECONDS=0.0)
    async with await connect(endpoint, name="reader", timeout_seconds=PATIENCE_SECONDS) as wire:
        with no_pause:
            node = RegisteringServer(Server(config, plugins, clock_ns=clock_ns))
            await wire.subscribe(subject, node.messages.put_nowait)
            await wire.flush()
            stop = asyncio.Event()
            running = asyncio.create_task(node.server.run(stop))
            try:
                yield node
            finally:
                stop.set()
                await running


def layers(message: str | bytes) -> list[dict[str, Any]]:
    """The documents of a request, the outer first, taken apart without the code under test."""
    transport = json.loads(message)
    secure = json.loads(base64.b64decode(transport["data"]))
    if "message" in secure:
        return [transport, secure, json.loads(secure["message"])]
    return [transport, secure, json.loads(base64.b64decode(secure["request"]))]


def payload_of(message: str | bytes) -> bytes:
    """What the innermost document carries."""
    request = layers(message)[-1]
    text: str = request["message"]
    return text.encode() if "envelope" in request else base64.b64decode(text)
