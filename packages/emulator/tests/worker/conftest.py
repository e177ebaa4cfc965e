"""One process of a fleet in the test's own process, and somebody who asks it."""

import asyncio
import contextlib
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any, Protocol

import pytest_asyncio
from msgspec import structs

from choria_core.broker.server import Broker
from choria_core.nats.endpoint import Credentials, Endpoint, ServerAddress
from choria_core.nats.lean_transport import LeanTransport, connect
from choria_core.nats.wire import Delivery
from choria_core.protocol.codec import codec_of, decode_transport
from choria_core.protocol.lifecycle import Event, decode_event
from choria_core.protocol.messages import Reply, Transport, Version
from choria_core.protocol.rpc_body import (
    RpcReply,
    RpcRequest,
    decode_rpc_reply,
    encode_rpc_request,
    pack_fields,
)
from choria_emulator.fleet.plan import FleetPlan, Group
from choria_emulator.worker.messages import WorkerSpec
from choria_emulator.worker.process import WorkerProcess
from choria_testing.callers import Caller
from choria_testing.programs import PATIENCE_SECONDS
from choria_testing.serving import core_plugins

REPLIES = "mcollective.reply.0123456789abcdef0123456789abcdef"


class Fleet:
    """Nodes that run, and a connection beside them.

    Attributes:
        process: of the nodes.
        wire: the other connection.
        events: lifecycle events of all nodes, in order of arrival.
        replies: subject, transport and document of each, but those of :meth:`settled`.
        stop: ends the process.
    """

    def __init__(
        self,
        process: WorkerProcess,
        wire: LeanTransport,
        caller: Caller,
        clock_ns: Callable[[], int],
    ) -> None:
        self.process = process
        self.wire = wire
        self.caller = caller
        self._clock_ns = clock_ns
        self.events: list[Event] = []
        self.replies: list[tuple[str, Transport, Reply]] = []
        self.stop = asyncio.Event()
        self._numbers = itertools.count()
        self._news = asyncio.Event()

    def listen(self) -> None:
        """Begin to keep replies and events."""
        self.wire.add_sink(f"{REPLIES}.>", self._take_reply)
        self.wire.add_sink("choria.lifecycle.event.>", self._take_event)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for something that comes with a reply or an event."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not holds():
                self._news.clear()
                await self._news.wait()

    async def until_inside(self, holds: Callable[[], bool]) -> None:
        """Wait for something inside the process, which announces nothing."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not holds():  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    async def startups(self, count: int) -> None:
        """Wait until so many nodes said that they are there."""
        await self.until(lambda: self.told("startup") >= count)

    def told(self, kind: str) -> int:
        """How many events of a kind came."""
        return Counter(event.kind for event in self.events)[kind]

    async def ask(self, subject: str, **other: Any) -> str:
        """Publish a request; the subject that replies go to."""
        token = f"{REPLIES}.{next(self._numbers)}"
        request = {"now_ns": self._clock_ns()} | other
        await self.wire.publish(subject, self.caller.request(reply_to=token, **request))
        return token

    async def answers(self, count: int, subject: str, **other: Any) -> dict[str, bytes]:
        """Ask, and wait for so many replies: payloads by sender."""
        token = await self.ask(subject, **other)
        await self.until(lambda: len(self.of(token)) >= count)
        return {reply.sender: reply.payload for _, reply in self.of(token)}

    async def ping(self, count: int, **other: Any) -> set[str]:
        """Who answers a ping, of whom so many are waited for."""
        return set(await self.answers(count, "mcollective.broadcast.agent.discovery", **other))

    async def call(
        self,
        count: int,
        agent: str,
        action: str,
        data: dict[str, object] | None = None,
        subject: str = "",
        **other: Any,
    ) -> dict[str, RpcReply]:
        """Call an action, and wait for so many replies."""
        payload = encode_rpc_request(RpcRequest(agent, action, pack_fields(data or {})))
        where = subject or f"mcollective.broadcast.agent.{agent}"
        answers = await self.answers(count, where, agent=agent, payload=payload, **other)
        return {sender: decode_rpc_reply(answer) for sender, answer in answers.items()}

    def of(self, token: str) -> list[tuple[Transport, Reply]]:
        """The replies to one request."""
        return [(transport, reply) for to, transport, reply in self.replies if to == token]

    async def settled(self) -> None:
        """Wait until every node has handled, and answered, all that was published before.

        A ping to each by its name goes the same way, behind it.
        """
        tokens = [
            await self.ask(f"mcollective.node.{node.identity}") for node in self.process.nodes()
        ]
        await self.until(lambda: all(self.of(token) for token in tokens))
        pongs = {id(reply) for token in tokens for _, reply in self.of(token)}
        self.replies = [one for one in self.replies if id(one[2]) not in pongs]

    def _take_reply(self, delivery: Delivery) -> None:
        transport = decode_transport(delivery[3])
        codec = codec_of(transport.version)
        secure = codec.decode_secure_reply(transport.document())
        self.replies.append((delivery[0].decode(), transport, codec.decode_reply(secure.signed)))
        self._news.set()

    def _take_event(self, delivery: Delivery) -> None:
        self.events.append(decode_event(delivery[3]))
        self._news.set()


class MakeFleet(Protocol):
    """``await make_fleet(brokers, groups, **spec)``."""

    async def __call__(
        self, brokers: Broker | Iterable[Broker], *groups: Group, seed: int = 0, **spec: Any
    ) -> Fleet:
        """Run nodes; all are ready when it returns."""


def group(count: int = 3, **fields: Any) -> Group:
    """Nodes node-1 and so on, with the agent emulated0."""
    usual: dict[str, Any] = {
        "name": "test",
        "prefix": "node",
        "count": count,
        "agents": ("choria_util", "discovery", "rpcutil", "emulated0"),
    }
    return Group(**usual | fields)


@pytest_asyncio.fixture
async def make_fleet() -> AsyncIterator[MakeFleet]:
    """A function that runs nodes until the test ends."""
    async with contextlib.AsyncExitStack() as stack:

        async def make(
            brokers: Broker | Iterable[Broker], *groups: Group, seed: int = 0, **spec: Any
        ) -> Fleet:
            chosen = [brokers] if isinstance(brokers, Broker) else list(brokers)
            wanted = groups or (group(),)
            caller = spec.pop("caller", Caller(Version.V1, "choria=alice.mcollective"))
            clock_ns = spec.pop("clock_ns", time.time_ns)
            plugins = spec.pop("plugins", None) or core_plugins()
            own = {
                name: spec.pop(name)
                for name in ("tls_of_wire", "credentials_of_wire")
                if name in spec
            }
            settings = WorkerSpec(
                worker=0,
                workers=1,
                plan=FleetPlan(groups=tuple(wanted), seed=seed),
                servers=tuple(f"127.0.0.1:{broker.port}" for broker in chosen),
            )
            process = WorkerProcess(structs.replace(settings, **spec), plugins, clock_ns=clock_ns)
            endpoint = Endpoint(
                (ServerAddress("127.0.0.1", chosen[0].port),),
                tls=own.get("tls_of_wire"),
                credentials=own.get("credentials_of_wire", Credentials()),
            )
            wire = await connect(endpoint, name="beside", timeout_seconds=PATIENCE_SECONDS)
            await stack.enter_async_context(wire)
            fleet = Fleet(process, wire, caller, clock_ns)
            fleet.listen()
            await wire.flush()
            running = asyncio.create_task(process.run(fleet.stop))
            stack.push_async_callback(_end, fleet, running)
            await fleet.startups(sum(one.count for one in wanted))
            return fleet

        yield make


async def _end(fleet: Fleet, running: "asyncio.Task[None]") -> None:
    fleet.stop.set()
    await running


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something inside a process, which announces nothing."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def lonely_process(broker: Broker, **spec: Any) -> AsyncIterator[WorkerProcess]:
    """Three nodes that try to connect, and nobody beside them."""
    settings = WorkerSpec(
        worker=0,
        workers=1,
        plan=FleetPlan(groups=(group(),)),
        servers=(f"127.0.0.1:{broker.port}",),
    )
    process = WorkerProcess(structs.replace(settings, **spec), core_plugins())
    stop = asyncio.Event()
    running = asyncio.create_task(process.run(stop))
    try:
        yield process
    finally:
        stop.set()
        await running
