"""Brokers that are slow, full or mad."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Coroutine

import pytest

from choria_core.broker.server import Broker
from choria_core.plugins import Plugins
from choria_emulator.fleet.plan import FleetPlan, Group
from choria_emulator.worker.messages import WorkerSpec
from choria_emulator.worker.process import WorkerProcess
from choria_testing.programs import PATIENCE_SECONDS
from choria_testing.serving import core_plugins

from .conftest import group, lonely_process

INFO = b'INFO {"server_id":"X","max_payload":1048576}\r\n'


class RogueBroker:
    """A server that does what a test wants; ``answer`` gets the connection's number.

    Attributes:
        opened: connections so far.
        waiting: of those, that got no greeting yet.
        gate: greetings wait for it.
        refusal: what is said instead of the PONG, before the end.
        after: what is said behind the PONG, by the number of the connection.
    """

    def __init__(self) -> None:
        self.opened = 0
        self.waiting = self.most_waiting = 0
        self.gate = asyncio.Event()
        self.after: Callable[[int], bytes] = lambda _number: b""
        self.refusal = b""
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.opened += 1
        number = self.opened
        self.waiting += 1
        self.most_waiting = max(self.most_waiting, self.waiting)
        await self.gate.wait()
        self.waiting -= 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            writer.write(INFO)
            await reader.readuntil(b"PING\r\n")
            writer.write(self.refusal or b"PONG\r\n" + self.after(number))
            await writer.drain()
            while not self.refusal and await reader.read(1 << 16):
                pass
        writer.close()


@contextlib.asynccontextmanager
async def rogue() -> AsyncIterator[RogueBroker]:
    """Such a server, open."""
    broker = RogueBroker()
    server = await asyncio.start_server(broker.serve, "127.0.0.1", 0)
    broker.port = server.sockets[0].getsockname()[1]
    try:
        yield broker
    finally:
        server.close()


@contextlib.asynccontextmanager
async def nodes(
    broker: RogueBroker,
    count: int,
    *more: Group,
    at_once: int = 50,
    plugins: Plugins | None = None,
) -> AsyncIterator[WorkerProcess]:
    """Nodes that try to connect to it, in one group and ``more``."""
    spec = WorkerSpec(
        worker=0,
        workers=1,
        plan=FleetPlan(groups=(group(count), *more)),
        servers=(f"127.0.0.1:{broker.port}",),
        connects_at_once=at_once,
    )
    process = WorkerProcess(spec, plugins or core_plugins())
    stop = asyncio.Event()
    running: Coroutine[None, None, None] = process.run(stop)
    task = asyncio.create_task(running)
    try:
        yield process
    finally:
        stop.set()
        await task


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_no_more_connects_are_in_flight_than_the_broker_can_take() -> None:
    async with rogue() as broker, nodes(broker, 40, at_once=7) as process:
        await until(lambda: broker.waiting == 7)
        broker.gate.set()
        await until(lambda: process.connector.ready == 40)
        assert broker.most_waiting == 7
        assert broker.opened == 40


async def test_groups_share_what_may_be_in_flight_to_their_broker() -> None:
    other = group(20, name="other", prefix="other")
    async with rogue() as broker, nodes(broker, 20, other, at_once=5) as process:
        await until(lambda: broker.waiting >= 5)
        broker.gate.set()
        await until(lambda: process.connector.ready == 40)
        assert broker.most_waiting == 5


async def test_a_mad_frame_costs_its_connection_only_and_the_node_comes_back() -> None:
    async with rogue() as broker:
        broker.after = lambda number: b"MSG this is no frame\r\n" if number == 2 else b""
        broker.gate.set()
        async with nodes(broker, 3) as process:
            await until(lambda: broker.opened == 4 and process.connector.ready == 3)
            assert process.counts.losses == 1
            assert sum(node.connections for node in process.nodes()) == 4


async def test_a_message_in_many_pieces_is_one_message() -> None:
    frame = b"MSG mcollective.broadcast.agent.discovery 2 8\r\nno-json!\r\n"
    async with rogue() as broker:
        broker.after = lambda _number: frame[:20]
        broker.gate.set()
        async with nodes(broker, 2) as process:
            await until(lambda: process.connector.ready == 2)
            for node in process.nodes():
                node.data_received(frame[20:25])
                node.data_received(frame[25:50])
                node.data_received(frame[50:] + frame)
            assert process.counts.refused == 4
            assert process.counts.losses == 0


async def test_a_broker_is_found_by_whichever_of_its_addresses_it_listens_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop = asyncio.get_running_loop()

    async def two_addresses(_host: str, port: int, **_other: object) -> list[tuple[object, ...]]:
        kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        return [(*kind, ("127.0.0.77", port)), (*kind, ("127.0.0.1", port))]

    async with rogue() as broker:
        broker.gate.set()
        monkeypatch.setattr(loop, "getaddrinfo", two_addresses)
        async with nodes(broker, 5) as process:
            await until(lambda: process.connector.ready == 5)


async def test_a_broker_whose_name_is_none_is_named(broker: Broker) -> None:
    async with lonely_process(broker, servers=("a..b:4222",)) as process:
        await until(lambda: process.counts.failed_connects >= 2)
        assert "a..b" in process.connector.last_failure


async def test_a_broker_that_refuses_is_named_with_its_words() -> None:
    async with rogue() as broker:
        broker.refusal = b"-ERR 'maximum connections exceeded'\r\n"
        broker.gate.set()
        async with nodes(broker, 1) as process:
            await until(lambda: process.counts.failed_connects >= 2)
            assert "maximum connections exceeded" in process.connector.last_failure
            assert process.connector.ready == 0


async def test_an_unreachable_broker_is_tried_again_and_named() -> None:
    async with rogue() as broker:
        pass  # its port is closed now
    async with nodes(broker, 1) as process:
        await until(lambda: process.counts.failed_connects >= 2)
        assert f"127.0.0.1:{broker.port}" in process.connector.last_failure
