"""Node sets as a book has them, and what they are resolved with."""

import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from choria_core.broker.server import Broker
from choria_core.network_config.client_config import ClientConfig
from choria_core.network_config.host import Host, HostNames
from choria_core.network_config.load import load_server
from choria_core.playbook.stores import Stores
from choria_core.playbook.workbench import Workbench
from choria_playbooks.engine.stores import BookStores, OpenStore
from choria_plugin_memory.store import MemoryOptions, MemoryStore
from choria_testing.fixtures import MakeBroker
from choria_testing.network_files import write_config
from choria_testing.serving import serving
from packages.playbooks.tests.rpc.conftest import client_config, installed, read_options

WEB, DB = "web1.example", "db1.example"

MakeBench = Callable[..., Workbench]


@pytest_asyncio.fixture
async def plain_broker(make_broker: MakeBroker) -> Broker:
    """A broker without security."""
    return await make_broker(jetstream=False)


@pytest.fixture
def make_bench(tmp_path: Path) -> MakeBench:
    """A function that makes benches; relative names begin in the test's folder."""

    def make(port: int, *lines: str) -> Workbench:
        def load() -> ClientConfig:
            return client_config(tmp_path, port, *lines)

        return Workbench(plugins=installed(), load_config=load, environment={}, folder=tmp_path)

    return make


@pytest_asyncio.fixture
async def bench(plain_broker: Broker, make_bench: MakeBench) -> AsyncIterator[Workbench]:
    """Of a run whose client asks the broker."""
    async with make_bench(plain_broker.port, "collectives = mcollective, uk") as made:
        yield made


@pytest_asyncio.fixture
async def lonely_bench(make_bench: MakeBench) -> AsyncIterator[Workbench]:
    """Of a run that asks no network."""
    async with make_bench(1) as made:
        yield made


@pytest_asyncio.fixture
async def servers(plain_broker: Broker, tmp_path: Path) -> AsyncIterator[None]:
    """Two nodes with facts and classes."""
    async with contextlib.AsyncExitStack() as stack:
        for name, country, role in ((WEB, "mt", "apache"), (DB, "de", "postgres")):
            facts, classes = tmp_path / f"{name}.yaml", tmp_path / f"{name}.txt"
            facts.write_text(json.dumps({"country": country, "cpu": {"count": 4}}))
            classes.write_text(f"base\n{role}\n")
            file = write_config(
                tmp_path / f"{name}.cfg",
                f"identity = {name}",
                "collectives = mcollective, uk" if name == DB else "collectives = mcollective",
                "plugin.choria.use_srv = false",
                f"plugin.choria.middleware_hosts = 127.0.0.1:{plain_broker.port}",
                "plugin.security.provider = file",
                "rpcauthorization = false",
                f"plugin.yaml = {facts}",
                f"classesfile = {classes}",
            )
            environment = {"INSECURE_YES_REALLY": "true", "HOME": str(tmp_path), "USER": "root"}
            host = Host(HostNames(host_name=lambda: "machine.example.net"), environment)
            await stack.enter_async_context(serving(load_server(file, host=host), plain_broker))
        yield


async def kept_in_memory(bench: Workbench, values: Mapping[str, object]) -> Stores:
    """The stores of a book, of which ``kept`` has these values."""
    options = MemoryOptions()
    store = MemoryStore("kept", options, bench)
    await store.open()
    for key, value in values.items():
        await store.write(key, value)
    made = OpenStore(name="kept", type="memory", options=options, store=store)
    return BookStores({"kept": made}, before_change=lambda: None)


async def resolved(
    kind: Any, text: str, bench: Workbench, values: Mapping[str, object] | None = None
) -> list[str]:
    """The nodes of a set.

    Args:
        kind: of the set.
        text: its options, as a book has them.
        bench: of the run.
        values: of the store ``kept``.
    """
    stores = await kept_in_memory(bench, values or {})
    return list(await kind().resolve(read_options(kind.Options, text), bench, stores))
