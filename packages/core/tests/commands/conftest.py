"""A fleet of two nodes of our own on a real broker, and the program asking it."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
import pytest
import pytest_asyncio

from choria_core import hooks
from choria_core.agents.agent import ActionError, Agent, AgentRequest, Output, action
from choria_core.agents.loading import load_agent
from choria_core.client.client import Client
from choria_core.ddl.document import encode_ddl
from choria_core.discovery.request import DiscoveryRequest
from choria_core.hookspecs import AgentPlugin, hookimpl
from choria_core.network_config.host import Host, HostNames
from choria_core.network_config.load import load_client, load_server
from choria_core.plugins import Plugins
from choria_core.protocol.rpc_body import StatusCode
from choria_core.server.service import Server
from choria_testing import vectors
from choria_testing.brokers import jetstream_broker

NASTY = "[/x] [red]red\x1b[31m \x9b2J \u202e first\nFinished processing 9 / 9 hosts"


class Said(msgspec.Struct):
    """What the nasty agent says."""

    text: Annotated[str, Output("A text", display_as="Said")]


class Nasty(Agent):
    """Says what terminals obey, and fails on some nodes."""

    name = "nasty"
    description = "Says what it should not"
    author = "Nobody"
    license = "Apache-2.0"
    version = "1.0.0"
    url = "https://example.net"
    timeout_seconds = 2

    @action("Say it", display="always")
    def say(self, request: AgentRequest) -> Said:
        return Said(text=NASTY)

    @action("Fail with it", display="failed")
    def fail(self, request: AgentRequest) -> Said:
        if request.node.identity == "node1.example":
            raise ActionError(StatusCode.ABORTED, NASTY)
        return Said(text="all is well")


class Clerk(Agent):
    """Serves, whichever node it is on."""

    name = "clerk"
    description = "Serves"
    author = "Nobody"
    license = "Apache-2.0"
    version = "1.0.0"
    url = "https://example.net"
    timeout_seconds = 2
    service = True

    @action("Serve", display="always")
    def serve(self, request: AgentRequest) -> Said:
        return Said(text=request.node.identity)


AGENTS = {"clerk": Clerk, "nasty": Nasty}


class FleetHooks:
    @hookimpl
    def choria_agents(self) -> list[AgentPlugin]:
        return [AgentPlugin(name, made) for name, made in AGENTS.items()]


@dataclass(frozen=True)
class Told:
    """What the program printed, and how it ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Fleet:
    """Nodes, and a folder with the configuration of a client."""

    folder: Path

    async def choria(
        self, *words: str, piped: str | None = None, config: str = "client.cfg"
    ) -> Told:
        """Run the program in the folder; ``piped`` is its standard input."""
        kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        own = {"HOME": str(self.folder), "INSECURE_YES_REALLY": "true", "COLUMNS": "80"}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "choria",
            *words,
            "--config",
            config,
            cwd=self.folder,
            env=kept | own,
            stdin=asyncio.subprocess.DEVNULL if piped is None else asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate(None if piped is None else piped.encode())
        assert process.returncode is not None
        return Told(process.returncode, out.decode(), _without_warnings(err.decode()))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def fleet(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fleet]:
    """Two nodes, ``node1.example`` and ``node2.example``, with the recorded facts and classes."""
    folder = tmp_path_factory.mktemp("fleet")
    stop = asyncio.Event()
    async with jetstream_broker(jetstream=False) as broker, asyncio.TaskGroup() as group:
        _configure_client(folder, broker.port)
        for number in (1, 2):
            group.create_task(_node(number, broker.port, folder).run(stop))
        with contextlib.ExitStack() as stack:
            stack.callback(stop.set)
            await _until_complete(folder)
            yield Fleet(folder)


async def _until_complete(folder: Path) -> None:
    """Wait until both nodes answer."""
    config = load_client(folder / "client.cfg", host=_host(folder))
    async with Client(config) as client:
        while len(await client.discover(DiscoveryRequest(expected=2))) < 2:
            pass


def _host(folder: Path) -> Host:
    names = HostNames(host_name=lambda: "machine.example.net")
    return Host(names, {"INSECURE_YES_REALLY": "true", "HOME": str(folder)})


def _configure_client(folder: Path, port: int) -> None:
    plugins = Plugins()
    plugins.register(FleetHooks(), "fleet")
    described = folder / "lib" / "choria" / "agent"
    described.mkdir(parents=True)
    for name in AGENTS:
        ddl = load_agent(plugins.agents()[name]).ddl
        (described / f"{name}.json").write_bytes(encode_ddl(ddl))
    (folder / "client.cfg").write_text(
        "identity = client.example\n"
        "collectives = mcollective\n"
        f"plugin.choria.middleware_hosts = 127.0.0.1:{port}\n"
        "plugin.choria.use_srv = false\n"
        "plugin.security.provider = file\n"
        "discovery_timeout = 1\n"
        f"libdir = {folder / 'lib'}\n"
    )


def _node(number: int, port: int, folder: Path) -> Server:
    plugins = Plugins()
    plugins.register(hooks, "core")
    plugins.register(FleetHooks(), "nasty")
    file = folder / f"server{number}.cfg"
    file.write_text(
        f"identity = node{number}.example\n"
        "collectives = mcollective,uk\n"
        f"plugin.choria.middleware_hosts = 127.0.0.1:{port}\n"
        "plugin.security.provider = file\n"
        "rpcauthorization = false\n"
        f"plugin.yaml = {vectors.path(f'facts-node{number}.yaml')}\n"
        f"classesfile = {vectors.path(f'classes-node{number}.txt')}\n"
    )
    return Server(load_server(file, host=_host(folder)), plugins)


def _without_warnings(text: str) -> str:
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if "INSECURE_YES_REALLY" not in line)
