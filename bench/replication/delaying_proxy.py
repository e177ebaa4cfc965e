"""A delaying proxy as a process of its own: ``python -m … PORT DELAY_SECONDS``.

It prints its URL and ends when its standard input does.
"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from typing import Final

from bench.kit.child import module_command, start_child
from choria_core.event_loop import run_async
from choria_testing.proxy import HOST, Proxy

_POLL_SECONDS: Final = 0.02
_START_SECONDS: Final = 20.0


@contextlib.asynccontextmanager
async def start_proxy(port: int, *, delay_seconds: float) -> AsyncIterator[str]:
    """The URL of a running proxy before ``port``; ``delay_seconds`` each way."""
    words = module_command(__name__, str(port), str(delay_seconds))
    async with start_child(*words) as child, asyncio.timeout(None) as limit:
        limit.reschedule(asyncio.get_running_loop().time() + _START_SECONDS)
        while not child.output.endswith("\n"):
            child.check()
            await asyncio.sleep(_POLL_SECONDS)
        limit.reschedule(None)
        yield child.output.strip()


async def _serve(port: int, delay_seconds: float) -> None:
    async with Proxy(HOST, port, delay_seconds=delay_seconds) as proxy:
        print(proxy.url, flush=True)
        await _until_input_ends()


async def _until_input_ends() -> None:
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    await reader.read()


if __name__ == "__main__":
    run_async(_serve(int(sys.argv[1]), float(sys.argv[2])))
