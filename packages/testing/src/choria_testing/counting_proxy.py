"""A proxy before a broker that counts whose greeting is still under way, and can talk nonsense.

    async with counting_proxy(broker.port) as proxy:
        ...                                  # many connect to proxy.port
        assert proxy.most_greeting <= 50
        name = await proxy.say(b"nonsense")  # to one of them

A connection is being greeted from when it is accepted until the broker's first PONG has
passed, which clients ask for behind all that they have to say first.
"""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from typing import Final

_NAME: Final = re.compile(rb'"name":"([^"]+)"')
_CHUNK: Final = 1 << 16
_BACKLOG: Final = 4_096
_HOST: Final = "127.0.0.1"


class CountingProxy:
    """Passes connections on.  Made by :func:`counting_proxy`.

    Attributes:
        port: where it listens.
        accepted: connections until now.
        greeting, most_greeting: that are being greeted, now and at most.
    """

    def __init__(self, upstream_port: int) -> None:
        self.port = 0
        self.accepted = self.greeting = self.most_greeting = 0
        self._upstream_port = upstream_port
        self._greeted: dict[str, asyncio.StreamWriter] = {}

    async def say(self, data: bytes) -> str:
        """Send something to one of those that were greeted; its name."""
        name, writer = next(iter(self._greeted.items()))
        writer.write(data)
        await writer.drain()
        return name

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one connection on, until either side ends it."""
        self.accepted += 1
        link = _Link(self)
        try:
            with contextlib.suppress(OSError):
                above_reader, above = await asyncio.open_connection(_HOST, self._upstream_port)
                try:
                    await link.run((reader, writer), (above_reader, above))
                finally:
                    above.transport.abort()
        finally:
            link.end()
            writer.transport.abort()

    def began(self) -> None:
        """One more is being greeted."""
        self.greeting += 1
        self.most_greeting = max(self.most_greeting, self.greeting)

    def greeted(self, name: str, writer: asyncio.StreamWriter) -> None:
        """One is no longer being greeted, as all is said."""
        self.greeting -= 1
        self._greeted[name] = writer

    def ended(self, name: str, *, was_greeted: bool) -> None:
        """A connection is over."""
        if was_greeted:
            self._greeted.pop(name, None)
        else:
            self.greeting -= 1


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Link:
    """One connection."""

    def __init__(self, proxy: CountingProxy) -> None:
        self._proxy = proxy
        self._name = ""
        self._is_greeted = False
        self._is_over = False
        proxy.began()

    async def run(self, near: Streams, far: Streams) -> None:
        """Pass on in both directions until one of them ends."""
        ways = [
            asyncio.create_task(self._outward(near[0], far[1])),
            asyncio.create_task(self._inward(far[0], near[1])),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.end()
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    def end(self) -> None:
        """Count it no more."""
        if not self._is_over:
            self._is_over = True
            self._proxy.ended(self._name, was_greeted=self._is_greeted)

    async def _outward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(_CHUNK):
            if not self._name and (found := _NAME.search(data)):
                self._name = found[1].decode()
            writer.write(data)
            await writer.drain()

    async def _inward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(_CHUNK):
            if not self._is_greeted and b"PONG\r\n" in data:
                self._is_greeted = True
                self._proxy.greeted(self._name, writer)
            writer.write(data)
            await writer.drain()


@contextlib.asynccontextmanager
async def counting_proxy(upstream_port: int) -> AsyncIterator[CountingProxy]:
    """A proxy before the broker at a port of this machine."""
    proxy = CountingProxy(upstream_port)
    serving: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.add(task)
        try:
            await proxy.serve(reader, writer)
        finally:
            serving.discard(task)

    server = await asyncio.start_server(serve, _HOST, 0, backlog=_BACKLOG)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
