"""The proxy passes everything on, late or not at all, as told."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
import uvloop

from choria_testing.proxy import MAX_QUEUED_BYTES, Proxy

HOST = "127.0.0.1"
DELAY_SECONDS = 0.05


class Echo:
    """A server that sends back what it gets."""

    def __init__(self) -> None:
        self.port = 0
        self.accepted = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        try:
            while chunk := await reader.read(65536):
                writer.write(chunk)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()


@pytest.fixture
async def echo() -> AsyncIterator[Echo]:
    server = Echo()
    listening = await asyncio.start_server(server.serve, HOST, 0)
    server.port = listening.sockets[0].getsockname()[1]
    yield server
    listening.close()


GONE = (ConnectionError, asyncio.IncompleteReadError)


@contextlib.asynccontextmanager
async def open_through(
    proxy: Proxy,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(HOST, proxy.port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


@contextlib.asynccontextmanager
async def far_client(
    port: int, delay_seconds: float = DELAY_SECONDS
) -> AsyncIterator[tuple[Proxy, asyncio.StreamReader, asyncio.StreamWriter]]:
    async with (
        Proxy(HOST, port, delay_seconds=delay_seconds) as proxy,
        open_through(proxy) as (reader, writer),
    ):
        yield proxy, reader, writer


async def test_bytes_pass_both_ways_unharmed(echo: Echo) -> None:
    payload = bytes(range(256)) * 40_000
    async with far_client(echo.port, 0.01) as (_, reader, writer):
        writer.write(payload)

        assert await reader.readexactly(len(payload)) == payload


async def test_a_delay_holds_in_each_direction(echo: Echo) -> None:
    loop = asyncio.get_running_loop()
    async with far_client(echo.port) as (_, reader, writer):
        start = loop.time()
        writer.write(b"ping")
        await reader.readexactly(4)
        elapsed = loop.time() - start

    assert elapsed >= 2 * DELAY_SECONDS


async def test_a_delay_is_not_paid_for_each_chunk(echo: Echo) -> None:
    """A hundred chunks sent one by one are under way together."""
    loop = asyncio.get_running_loop()
    async with far_client(echo.port) as (_, reader, writer):
        start = loop.time()
        for _ in range(100):
            writer.write(b"x" * 1000)
            await writer.drain()
            await asyncio.sleep(0)
        await reader.readexactly(100_000)
        elapsed = loop.time() - start

    assert elapsed < 100 * DELAY_SECONDS


async def test_what_was_sent_before_a_close_still_arrives() -> None:
    received = asyncio.get_running_loop().create_future()

    async def collect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.set_result(await reader.read())
        writer.close()

    server = await asyncio.start_server(collect, HOST, 0)
    port = server.sockets[0].getsockname()[1]
    async with far_client(port) as (_, _, writer):
        writer.write(b"last words")
        writer.close()

        assert await received == b"last words"
    server.close()


async def test_cut_drops_connections_and_refuses_new_ones(echo: Echo) -> None:
    async with Proxy(HOST, echo.port) as proxy, open_through(proxy) as (reader, writer):
        writer.write(b"a")
        await reader.readexactly(1)

        await proxy.cut()

        with pytest.raises(GONE):
            await reader.readexactly(1)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(HOST, proxy.port)
        assert proxy.connections == 0


async def test_restore_takes_connections_on_the_same_port(echo: Echo) -> None:
    async with Proxy(HOST, echo.port) as proxy:
        port = proxy.port
        await proxy.cut()
        await proxy.restore()

        async with open_through(proxy) as (reader, writer):
            writer.write(b"again")

            assert await reader.readexactly(5) == b"again"
            assert proxy.port == port


async def test_a_stalled_proxy_passes_nothing_until_it_resumes(echo: Echo) -> None:
    async with Proxy(HOST, echo.port) as proxy, open_through(proxy) as (reader, writer):
        writer.write(b"a")
        await reader.readexactly(1)

        proxy.stall()
        writer.write(b"held back")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await reader.readexactly(1)
        proxy.resume()

        assert await reader.readexactly(9) == b"held back"


async def test_a_stalled_proxy_accepts_and_says_nothing(echo: Echo) -> None:
    async with Proxy(HOST, echo.port) as proxy:
        proxy.stall()
        async with open_through(proxy) as (reader, writer):
            writer.write(b"hello")
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await reader.readexactly(1)

            proxy.resume()

            assert await reader.readexactly(5) == b"hello"


async def test_a_stalled_proxy_does_not_swallow_without_bound(echo: Echo) -> None:
    """The sender is held back once the queue is full, and all arrives later."""
    total = MAX_QUEUED_BYTES + 48 * 1024 * 1024
    async with Proxy(HOST, echo.port) as proxy, open_through(proxy) as (reader, writer):
        proxy.stall()
        writer.write(bytes(total))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.0):
                await writer.drain()
        proxy.resume()

        left = total
        while left:
            left -= len(await reader.read(1024 * 1024))


async def test_an_absent_upstream_ends_the_connection() -> None:
    async with Proxy(HOST, 1) as proxy, open_through(proxy) as (reader, _):
        with pytest.raises(GONE):
            await reader.readexactly(1)


def test_it_works_on_uvloop_too() -> None:
    async def through() -> bytes:
        echo = Echo()
        server = await asyncio.start_server(echo.serve, HOST, 0)
        async with far_client(server.sockets[0].getsockname()[1]) as (_, reader, writer):
            writer.write(b"fast")
            answer = await reader.readexactly(4)
        server.close()
        return answer

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(through()) == b"fast"
