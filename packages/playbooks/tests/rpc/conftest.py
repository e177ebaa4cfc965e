"""RPC tasks on nodes that do what a test says."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from choria_core.broker.server import Broker
from choria_core.config.record import RecordReader
from choria_core.config.yaml_text import read_yaml
from choria_core.network_config.client_config import ClientConfig
from choria_core.network_config.host import Host, HostNames
from choria_core.network_config.load import load_client
from choria_core.playbook.task import HostResult, Outcome
from choria_core.playbook.workbench import Workbench
from choria_core.plugins import Plugins
from choria_playbooks.tasks.rpc import RpcTask
from choria_testing.fixtures import MakeBroker
from choria_testing.scripted_nodes import ScriptedNodes, scripted_nodes

NODES = ("n1.example", "n2.example", "n3.example", "n4.example")

DDL = """{
  "metadata": {"name": "puppet", "version": "1.1", "timeout": 5},
  "actions": [
    {"action": "status",
     "input": {
       "message": {"type": "string", "optional": true, "maxlength": 20},
       "tries": {"type": "integer", "optional": true},
       "force": {"type": "boolean", "optional": true, "default": false}},
     "output": {"idling": {}, "version": {}},
     "aggregate": [{"function": "summary", "args": ["idling"]},
                   {"function": "summary", "args": ["version"]}]}]
}"""


@dataclass
class RecordedRun:
    """A try that remembers what it was told."""

    bench: Workbench
    stores: Any = None
    book: str = "test"
    description: str = "look around"
    caller: str = "up=rip"
    lock_token: int | None = None
    lines: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    results: dict[str, HostResult] = field(default_factory=dict)

    def line(self, text: str) -> None:
        self.lines.append(text)

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    def waiting_for(self, nodes: Sequence[str]) -> None:
        self.waiting += nodes

    def answered(self, node: str, result: HostResult) -> None:
        assert node not in self.results
        self.results[node] = result


def read_options(kind: type, text: str) -> Any:
    """Options as a book has them; an assertion names what is wrong."""
    reader = RecordReader(kind, unknown="error")
    document = read_yaml(text, file="book.yaml")
    assert document.root is not None
    options = reader.record(kind, document.root, "", document.root.location)
    assert not reader.problems, "\n".join(map(str, reader.problems))
    return options


def problems_of(kind: type, text: str) -> list[str]:
    """What is wrong with options."""
    reader = RecordReader(kind, unknown="error")
    document = read_yaml(text, file="book.yaml")
    assert document.root is not None
    reader.record(kind, document.root, "", document.root.location)
    return [str(problem) for problem in reader.problems]


def client_config(folder: Path, port: int, *lines: str) -> ClientConfig:
    """The configuration of a client of an open broker."""
    file = folder / "client.cfg"
    common = (
        "identity = client.example",
        "collectives = mcollective",
        "plugin.choria.use_srv = false",
        "plugin.security.provider = file",
        f"plugin.choria.middleware_hosts = 127.0.0.1:{port}",
        "discovery_timeout = 1",
        f"libdir = {folder / 'lib'}",
    )
    file.write_text("\n".join((*common, *lines)) + "\n")
    environment = {"INSECURE_YES_REALLY": "true", "HOME": str(folder), "USER": "alice"}
    environment["MCOLLECTIVE_CERTNAME"] = "client.example"
    names = HostNames(host_name=lambda: "machine.example.net")
    return load_client(file, host=Host(names, environment))


def installed() -> Plugins:
    """Those that are installed."""
    plugins = Plugins()
    plugins.load_installed()
    return plugins


@pytest_asyncio.fixture
async def plain_broker(make_broker: MakeBroker) -> Broker:
    """A broker without security."""
    return await make_broker(jetstream=False)


@pytest_asyncio.fixture
async def nodes(plain_broker: Broker) -> AsyncIterator[ScriptedNodes]:
    """Four nodes that answer."""
    async with scripted_nodes(plain_broker, *NODES) as four:
        yield four


@pytest_asyncio.fixture
async def bench(plain_broker: Broker, tmp_path: Path) -> AsyncIterator[Workbench]:
    """Of a run whose client knows the agent ``puppet``."""
    folder = tmp_path / "lib" / "choria" / "agent"
    folder.mkdir(parents=True)
    (folder / "puppet.json").write_text(DDL)

    def load() -> ClientConfig:
        return client_config(tmp_path, plain_broker.port)

    async with Workbench(plugins=installed(), load_config=load, environment={}) as made:
        yield made


@pytest.fixture
def recorded(bench: Workbench) -> RecordedRun:
    """A try."""
    return RecordedRun(bench)


Try = Callable[[str], Awaitable[Outcome]]


@pytest.fixture
def attempt(recorded: RecordedRun) -> Try:
    """Try an RPC task with options as a book has them."""

    async def run(text: str) -> Outcome:
        return await RpcTask().run(read_options(RpcTask.Options, text), recorded)

    return run
