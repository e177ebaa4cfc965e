"""Node sets as a book has them, and what they are resolved with."""

from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from choria_core.broker.server import Broker
from choria_core.network_config.client_config import ClientConfig
from choria_core.playbook.stores import Stores
from choria_core.playbook.workbench import Workbench
from choria_playbooks.engine.stores import BookStores, OpenStore
from choria_plugin_memory.store import MemoryOptions, MemoryStore
from choria_testing.fixtures import MakeBroker
from packages.playbooks.tests.rpc.conftest import client_config, installed, read_options

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
