"""Books that lock, on each store that keeps locks, beside what another program sees of it."""

import contextlib
import json
import os
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, cast

import pytest
import pytest_asyncio

from choria_core.broker.server import Broker
from choria_core.nats.endpoint_url import parse_endpoint
from choria_core.nats.jetstream import NANOSECONDS, JetStream
from choria_core.nats.lean_transport import connect
from choria_core.network_config.client_config import ClientConfig
from choria_core.playbook.lock import LockHolder, LockingStore
from choria_core.playbook.workbench import Workbench
from choria_core.plugins import Plugins
from choria_testing.consul_agent import ConsulAgent
from choria_testing.etcd_server import EtcdServer
from choria_testing.json_api import ask_json
from choria_testing.programs import Program, run_choria
from packages.playbooks.tests.engine.conftest import HEAD, Lab
from packages.playbooks.tests.engine.recording import Diary, RecordingPlugin
from packages.playbooks.tests.locks.watching import Gate

RIVAL = LockHolder(name="up=mallory", book="rival", host="n9.example", pid=99, time=1.2e9)


def _no_config() -> ClientConfig:
    raise AssertionError("a store of these tests names its own servers")


@dataclass(frozen=True)
class Kept:
    """A store with locks: as a book writes it, and as another program opens it.

    Attributes:
        type: its kind.
        options: what the book says of it.
        plugins: offer the kind.
        prefix: of keys that no other test has.
    """

    type: str
    options: dict[str, Any]
    plugins: Plugins
    prefix: str

    def written(self, **more: object) -> str:
        """The store in a book."""
        return json.dumps({"type": self.type, **self.options, **more})

    @property
    def section(self) -> str:
        """The data stores of a book that has it alone, as ``pb``."""
        return f"data_stores: {{pb: {self.written()}}}\n"

    def key(self, name: str) -> str:
        """A key in it."""
        return f"{self.prefix}/{name}"

    def path(self, name: str) -> str:
        """The same key as a book writes it."""
        return f"pb/{self.key(name)}"

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncIterator[LockingStore]:
        """The same store for another program."""
        kind: Any = self.plugins.data_stores()[self.type].load()
        async with Workbench(plugins=self.plugins, load_config=_no_config) as bench:
            store = kind("elsewhere", kind.Options(**self.options), bench)
            await store.open()
            try:
                yield cast("LockingStore", store)
            finally:
                await store.close()


def consul_options(url: str) -> dict[str, Any]:
    """Of a store in Consul whose locks are free soon after a death."""
    return {"url": url, "ttl": 10, "lock_delay": 1}


@pytest.fixture(scope="session")
def installed_plugins() -> Plugins:
    """What is installed beside the tests."""
    plugins = Plugins()
    plugins.load_installed()
    return plugins


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """Runs books in a folder, with a task that can crash."""
    plugins, diary = Plugins(), Diary()
    plugins.load_installed()
    plugins.register(RecordingPlugin(diary), "recording")
    environment = {"PATH": "/usr/bin:/bin", "SAID": str(tmp_path / "said")}
    return Lab(tmp_path, plugins, environment, diary)


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    """Where programs of a book wait."""
    return Gate(tmp_path)


@pytest.fixture
def prefix() -> str:
    """Of keys of this test alone."""
    return f"books/{uuid.uuid4().hex}"


@pytest.fixture
def in_consul(consul: ConsulAgent, installed_plugins: Plugins, prefix: str) -> Kept:
    """A store in Consul."""
    return Kept("consul", consul_options(consul.http_url), installed_plugins, prefix)


@pytest.fixture
def in_etcd(etcd: EtcdServer, installed_plugins: Plugins, prefix: str) -> Kept:
    """A store in etcd."""
    return Kept("etcd", {"url": etcd.http_url, "ttl": 2}, installed_plugins, prefix)


@pytest.fixture
def in_nats(broker: Broker, installed_plugins: Plugins, prefix: str) -> Kept:
    """A store in a NATS bucket."""
    options = {"servers": broker.url, "bucket": "pb", "create": True, "ttl": 2}
    return Kept("nats_kv", options, installed_plugins, prefix)


@pytest_asyncio.fixture
async def in_marked_nats(broker: Broker, in_nats: Kept) -> Kept:
    """A store in a bucket where a marker follows each lock that expired, and lives for a minute."""
    config = {
        "name": "KV_pb",
        "subjects": ["$KV.pb.>"],
        "max_msgs_per_subject": 1,
        "allow_rollup_hdrs": True,
        "allow_msg_ttl": True,
        "subject_delete_marker_ttl": 60 * NANOSECONDS,
    }
    async with await connect(parse_endpoint(broker.url), name="test") as transport:
        await JetStream(transport).create_stream(config)
    return replace(in_nats, options=in_nats.options | {"create": False})


@pytest.fixture(params=["in_consul", "in_etcd", "in_nats"])
def kept(request: pytest.FixtureRequest) -> Kept:
    """Each store whose locks are there for all programs."""
    found: Kept = request.getfixturevalue(request.param)
    return found


def sessions(consul: ConsulAgent, book: str = "test") -> list[str]:
    """Sessions in Consul for runs of a book."""
    found: Any = ask_json(f"{consul.http_url}/v1/session/list")
    return [one["ID"] for one in found if one["Name"] == f"choria playbook {book}"]


class Playbook(Protocol):
    """``choria playbook`` with words, as a process in the test's folder."""

    def __call__(
        self, *words: str | Path, **environment: str
    ) -> contextlib.AbstractAsyncContextManager[Program]:
        """Killed at the end of the block if it still runs."""


@pytest.fixture
def playbook(tmp_path: Path) -> Playbook:
    """Runs the whole program."""
    inherited = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    own = {"HOME": str(tmp_path), "USER": "alice", "NO_COLOR": "1", "SAID": str(tmp_path / "said")}

    def run(
        *words: str | Path, **environment: str
    ) -> contextlib.AbstractAsyncContextManager[Program]:
        whole = inherited | own | environment
        return run_choria("playbook", *map(str, words), environment=whole, folder=tmp_path)

    return run


def locking_book(kept: Kept, command: str, *, timeout: object = 0) -> str:
    """A book that holds a lock while it runs a command; whatever comes later leaves a line."""
    lock = {"path": kept.path("one"), "timeout": timeout}
    later = {"shell": {"command": 'echo later >> "$SAID"'}}
    hooks = {name: [later] for name in ("post_task", "on_success", "on_fail", "post_book")}
    block = {"block": {"tasks": [{"shell": {"command": command}}], "always": [later]}}
    sections = {"locks": [lock], "hooks": hooks, "tasks": [block, later]}
    written = "".join(f"{key}: {json.dumps(value)}\n" for key, value in sections.items())
    return f"{kept.section}{written}"


def write_locking_book(file: Path, kept: Kept, command: str, timeout: object = 0) -> Path:
    """The same as a file."""
    file.write_text(f"schema: 1\n{HEAD}{locking_book(kept, command, timeout=timeout)}")
    return file


def events_of(program: Program, kind: str) -> list[dict[str, Any]]:
    """What a run with ``--json`` told so far, of one kind of events."""
    found = [json.loads(line) for line in program.lines]
    return [event for event in found if event["event"] == kind]
