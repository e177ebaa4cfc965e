"""Brokers of emulated fleets die, and strangers talk nonsense: all nodes are back, each once.

``CHORIA_LARGE_FLEETS=1``, which ``nox -s faults`` sets, makes the fleets ten times as large.
"""

import asyncio
import contextlib
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Final

import pytest

from choria_core.broker.options import ANY_PORT
from choria_core.broker.server import Broker
from choria_testing.askers import asking
from choria_testing.counting_proxy import counting_proxy
from choria_testing.emulated_fleets import (
    EmulatedFleet,
    connections,
    emulated_fleet,
    monitored,
)
from choria_testing.fixtures import MakeBroker

SCALE: Final = 10 if os.environ.get("CHORIA_LARGE_FLEETS") else 1
AT_ONCE: Final = 50
"""Connects that may be under way at one broker."""

SUBSCRIPTIONS: Final = 5
"""Of each node: its name, and discovery, rpcutil, choria_util and emulated0."""

LOOK_SECONDS: Final = 0.04
PATIENCE_SECONDS: Final = 120.0
_LISTENS: Final = "0A"

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]


@pytest.fixture
async def broker(make_broker: MakeBroker) -> Broker:
    """A broker with a monitor, that lets a large fleet's answers pile up."""
    return await make_broker(
        jetstream=False, monitor_port=ANY_PORT, extra_config="max_pending: 1073741824"
    )


class Crowd:
    """How many nodes a broker is just taking in, looked at again and again.

    Attributes:
        most_waiting: connections that the system holds for the broker to accept, at most.
        most_unheard: subscriptions that connected nodes have not yet made, at most.
        looks: how often it was looked at.
    """

    def __init__(self, broker: Broker) -> None:
        self.most_waiting = self.most_unheard = self.looks = 0
        self._broker = broker

    async def look(self) -> None:
        """Look for ever."""
        while True:
            self.most_waiting = max(self.most_waiting, accept_queue(self._broker.port))
            with contextlib.suppress(AssertionError):  # while it is down
                varz = await monitored(self._broker.monitor_url, "varz")
                unheard = varz["connections"] * SUBSCRIPTIONS - varz["subscriptions"]
                self.most_unheard = max(self.most_unheard, unheard)
                self.looks += 1
            await asyncio.sleep(LOOK_SECONDS)


@contextlib.asynccontextmanager
async def watched(broker: Broker) -> AsyncIterator[Crowd]:
    """Look at a broker during the block."""
    crowd = Crowd(broker)
    task = asyncio.create_task(crowd.look())
    try:
        yield crowd
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def accept_queue(port: int) -> int:
    """Connections to a port of this machine that nobody has accepted yet."""
    with Path("/proc/net/tcp").open() as table:
        for line in table:  # those that listen come first
            fields = line.split()
            if fields[1].endswith(f":{port:04X}") and fields[3] == _LISTENS:
                return int(fields[4].partition(":")[2], 16)
    return 0


async def names_at(urls: Sequence[str], prefix: str = "emu-") -> Counter[str]:
    """How often each node is connected."""
    found = [one for url in urls for one in await connections(url)]
    names = Counter(str(one.get("name")) for one in found)
    return Counter({name: times for name, times in names.items() if name.startswith(prefix)})


async def until_connected(urls: Sequence[str], nodes: int) -> None:
    """Return when all nodes are connected, each once."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            with contextlib.suppress(AssertionError):
                found = await names_at(urls)
                if len(found) == nodes and found.total() == nodes:
                    return
            await asyncio.sleep(0.2)


async def gone(fleet: EmulatedFleet, nodes: int) -> None:
    """Return when it is known that not all are there."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            if f"{nodes:,} of {nodes:,} nodes are ready" not in (await fleet.health())[1]:
                return
            await asyncio.sleep(LOOK_SECONDS)


async def test_after_a_killed_broker_is_back_all_nodes_are_each_once_and_at_a_pace(
    broker: Broker,
) -> None:
    nodes = 1_000 * SCALE
    server = f"127.0.0.1:{broker.port}"
    words = ("--instances", str(nodes), "--name", "emu", "--workers", "2", "--server", server)
    async with watched(broker) as crowd, emulated_fleet(*words) as fleet:
        await fleet.ready()
        await broker.kill()
        await gone(fleet, nodes)
        await broker.start()
        await fleet.holds(nodes)
        await until_connected([broker.monitor_url], nodes)
        async with asking(server) as asker:
            assert len(await asker.ping(nodes)) == nodes
            answers = await asker.call(nodes, "emulated0", "generate", {"size": 100})
            assert len(answers) == nodes
    assert crowd.looks > 10
    assert crowd.most_waiting <= AT_ONCE
    assert crowd.most_unheard <= AT_ONCE * SUBSCRIPTIONS


async def test_no_more_than_fifty_nodes_are_greeted_at_a_time(broker: Broker) -> None:
    nodes = 1_000
    async with counting_proxy(broker.port) as proxy:
        words = ("--instances", str(nodes), "--name", "emu", "--workers", "2")
        async with emulated_fleet(*words, "--server", f"127.0.0.1:{proxy.port}") as fleet:
            await fleet.ready()
            assert proxy.accepted == nodes
            await broker.kill()
            await gone(fleet, nodes)
            await broker.start()
            await fleet.holds(nodes)
            await until_connected([broker.monitor_url], nodes)
    assert AT_ONCE // 2 <= proxy.most_greeting <= AT_ONCE


async def test_nodes_of_a_killed_member_move_to_the_others() -> None:
    nodes = 900 * SCALE
    words = ("--instances", str(nodes), "--name", "emu", "--workers", "2", "--brokers", "3")
    async with emulated_fleet(*words) as fleet:
        await fleet.ready()
        servers, monitors = await fleet.brokers(), await fleet.monitors()
        pid = await pid_of(fleet, monitors[0])
        os.kill(pid, signal.SIGKILL)
        await until_connected(monitors[1:], nodes)
        await fleet.holds(nodes)
        shares = [(await names_at([url])).total() for url in monitors[1:]]
        assert min(shares) >= nodes // 4
        for server in servers[1:]:
            async with asking(server) as asker:
                answers = await asker.call(nodes, "emulated0", "generate", {"size": 100})
                assert len(answers) == nodes
        assert fleet.program.exit_code is None


async def test_a_malformed_request_costs_itself_alone(broker: Broker) -> None:
    nodes = 100
    server = f"127.0.0.1:{broker.port}"
    async with emulated_fleet(
        "--instances", str(nodes), "--name", "emu", "--server", server
    ) as fleet:
        await fleet.ready()
        before = await connection_ids(broker)
        async with asking(server) as asker:
            for body in (b"", b"{", b"\xff\x00", b'{"protocol":"io.choria"}', b"x" * 100_000):
                await asker.transport.publish("mcollective.broadcast.agent.discovery", body)
                await asker.transport.publish("mcollective.node.emu-7", body)
            token = await asker.ask()
            assert len(await asker.replies(token, nodes)) == nodes
        assert await connection_ids(broker) == before


async def test_a_malformed_frame_costs_that_connection_alone(broker: Broker) -> None:
    nodes = 100
    async with counting_proxy(broker.port) as proxy:
        words = ("--instances", str(nodes), "--name", "emu")
        async with emulated_fleet(*words, "--server", f"127.0.0.1:{proxy.port}") as fleet:
            await fleet.ready()
            before = await connection_ids(broker)
            name = await proxy.say(b"MSG nonsense\r\n")
            await fleet.program.said("a broker sent what is no NATS frame")
            now = await connected_anew(broker, name, before)
            assert {other for other, cid in now.items() if cid != before[other]} == {name}
            async with asking(f"127.0.0.1:{broker.port}") as asker:
                assert len(await asker.ping(nodes)) == nodes


async def connection_ids(broker: Broker) -> dict[str, int]:
    """Numbers that a broker gave the nodes' connections."""
    found = await connections(broker.monitor_url)
    return {one["name"]: one["cid"] for one in found if one.get("name", "").startswith("emu-")}


async def connected_anew(broker: Broker, name: str, before: dict[str, int]) -> dict[str, int]:
    """Numbers of all connections, once node ``name`` has another than before."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            now = await connection_ids(broker)
            if now.keys() == before.keys() and now[name] != before[name]:
                return now
            await asyncio.sleep(LOOK_SECONDS)


async def pid_of(fleet: EmulatedFleet, monitor: str) -> int:
    """The process id of the broker with that monitor."""
    name = (await monitored(monitor, "varz"))["server_name"]
    number = int(name.rpartition("-")[2])
    servers = sorted(pid for pid, words in fleet.processes().items() if is_server(words))
    return servers[number - 1]


def is_server(words: str) -> bool:
    """Whether a command line is a broker's own, not its guard's."""
    return words.split(maxsplit=1)[0].endswith("nats-server")
