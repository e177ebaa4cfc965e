"""A process that holds a lock of a data store, until it is killed.

async with held_elsewhere(ConsulStore, {"url": agent.http_url}, "deploy") as holder:
    holder.kill()
"""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Mapping
from importlib import import_module

from choria_core.errors import ConfigError
from choria_core.network_config.client_config import ClientConfig
from choria_core.playbook.lock import LockHolder
from choria_core.playbook.workbench import Workbench
from choria_core.plugins import Plugins

HOLDER = LockHolder(name="up=mallory", book="deploy", host="n9.example", pid=99, time=1.2e9)
SAYING = "held"
PATIENCE_SECONDS = 60.0


@contextlib.asynccontextmanager
async def held_elsewhere(
    store: type, options: Mapping[str, object], key: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that has the lock ``key``, by a store of its own; killed at the end of the block.

    Args:
        store: the store's class; the process imports it.
        options: fields of the store's options, of JSON's kinds.
        key: of the lock.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        __name__,
        store.__module__,
        store.__qualname__,
        json.dumps(options),
        key,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert (await process.stdout.readline()).strip() == SAYING.encode()
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


def _no_config() -> ClientConfig:
    raise ConfigError("this process has no Choria configuration")


async def _hold(module: str, name: str, options: str, key: str) -> None:
    kind = getattr(import_module(module), name)
    async with Workbench(plugins=Plugins(), load_config=_no_config) as bench:
        store = kind("elsewhere", kind.Options(**json.loads(options)), bench)
        await store.open()
        await store.acquire(key, HOLDER, timeout_seconds=PATIENCE_SECONDS)
        print(SAYING, flush=True)  # noqa: T201 - whom we talk to reads it
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_hold(*sys.argv[1:]))
