"""The adapters that are compared: how each is started, and what it is called."""

import contextlib
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.adapting.go_broker import go_ground
from bench.adapting.ground import Ground, plain_ground
from bench.adapting.names import ADAPTER, HOST, INGEST, READY, TOPIC
from bench.adapting.nats_py_adapter import CODEC
from bench.kit.child import Child, module_command, start_child

GO_VARIABLE: Final = "CHORIA_GO"
READY_SECONDS: Final = 30.0
QUEUE: Final = 20_000

OURS: Final = "choria adapter"
OURS_2: Final = f"{OURS}, 2 processes"
OURS_4: Final = f"{OURS}, 4 processes"
NATS_PY: Final = "nats-py"
NATS_PY_CODEC: Final = "nats-py with our codec"
GO: Final = "Go adapter"

Begin = Callable[[Ground], AbstractAsyncContextManager[list[int]]]
"""Within the block the adapter reads; yields the ids of its processes."""


@dataclass(frozen=True, slots=True)
class Program:
    """A kind of adapter.

    Attributes:
        name: for people.
        ground: opens the broker that it works at.
        begin: starts it there.
    """

    name: str
    ground: Callable[[], AbstractAsyncContextManager[Ground]]
    begin: Begin


def programs(go: str) -> tuple[Program, ...]:
    """Ours first; Go's only where ``go`` names its program."""
    found = (
        Program(OURS, plain_ground, _ours(1)),
        Program(NATS_PY, plain_ground, _nats_py()),
        Program(NATS_PY_CODEC, plain_ground, _nats_py(CODEC)),
        Program(OURS_2, plain_ground, _ours(2)),
        Program(OURS_4, plain_ground, _ours(4)),
    )
    return (*found, Program(GO, lambda: go_ground(go), _in_broker)) if go else found


def _ours(processes: int) -> Begin:
    @contextlib.asynccontextmanager
    async def begin(ground: Ground) -> AsyncIterator[list[int]]:
        with tempfile.TemporaryDirectory(prefix="choria-bench-") as name:
            file = Path(name) / "adapter.cfg"
            file.write_text(_configuration(ground.port))
            program = str(Path(sys.executable).parent / "choria")
            command = (program, "adapter", "run", "--config", str(file))
            environment = {"INSECURE_YES_REALLY": "true"}
            async with contextlib.AsyncExitStack() as stack:
                children: list[Child] = []
                for _ in range(processes):
                    started = start_child(*command, environment=environment)
                    children.append(await stack.enter_async_context(started))
                for child in children:
                    await child.printed("the adapter is ready", within_seconds=READY_SECONDS)
                yield [child.pid for child in children]

    return begin


def _configuration(port: int) -> str:
    prefix = f"plugin.choria.adapter.{ADAPTER}"
    return f"""\
identity = bench.example
plugin.choria.middleware_hosts = {HOST}:{port}
plugin.security.provider = file
logfile = stdout
plugin.choria.adapters = {ADAPTER}
{prefix}.type = choria_streams
{prefix}.queue_len = {QUEUE}
{prefix}.stream.topic = {TOPIC}
{prefix}.ingest.topic = {INGEST}
{prefix}.ingest.protocol = request
"""


def _nats_py(*words: str) -> Begin:
    @contextlib.asynccontextmanager
    async def begin(ground: Ground) -> AsyncIterator[list[int]]:
        command = module_command("bench.adapting.nats_py_adapter", ground.url, *words)
        async with start_child(*command) as child:
            await child.printed(READY, within_seconds=READY_SECONDS)
            yield [child.pid]

    return begin


@contextlib.asynccontextmanager
async def _in_broker(ground: Ground) -> AsyncIterator[list[int]]:
    """Go's adapter is a part of its broker."""
    yield [ground.broker_pid]
