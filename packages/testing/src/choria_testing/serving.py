"""Our server in the test's own process, and somebody who asks it.

async with serving(config, broker, clock_ns=clock) as node:
    reply = await node.ask(caller)
    assert (await node.call("rpcutil", "ping"))["statuscode"] == 0
    assert node.server.node.counts.replies == 1
"""

import asyncio
import contextlib
import itertools
import json
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from typing import Any, Final

from choria_core import hooks
from choria_core.broker.server import Broker
from choria_core.nats.endpoint import Endpoint, ServerAddress
from choria_core.nats.lean_transport import LeanTransport, connect
from choria_core.nats.transport import Message
from choria_core.network_config.server_config import ServerConfig
from choria_core.plugins import Plugins
from choria_core.protocol.codec import codec_of, decode_transport
from choria_core.protocol.lifecycle import Event, decode_event
from choria_core.protocol.messages import Version
from choria_core.server.service import Server
from choria_testing.callers import Caller
from choria_testing.programs import PATIENCE_SECONDS

REPLIES = "mcollective.reply.0123456789abcdef0123456789abcdef"
"""Where this kit's replies go."""

SOMEBODY: Final = Caller(Version.V1, "choria=somebody.mcollective")
"""Calls where it does not matter who does."""


class ServedNode:
    """A running server and a connection beside it.  Made by :func:`serving`.

    Attributes:
        server: it runs in this process.
        wire: the other connection.
        replies: all that came to :data:`REPLIES`, with the subject.
        event_messages: the lifecycle events of all nodes.
        stop: ends the server.
    """

    def __init__(self, server: Server, wire: LeanTransport, clock_ns: Callable[[], int]) -> None:
        self.server = server
        self.wire = wire
        self.replies: list[Message] = []
        self.event_messages: list[Message] = []
        self.stop = asyncio.Event()
        self._clock_ns = clock_ns
        self._numbers = itertools.count()
        self._news = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    async def listen(self) -> None:
        """Begin to keep replies and events."""
        await self.wire.subscribe(f"{REPLIES}.>", lambda got: self._keep(self.replies, got))
        await self.wire.subscribe(
            "choria.lifecycle.event.>",
            lambda got: self._keep(self.event_messages, got),
        )
        await self.wire.flush()

    async def ask(self, caller: Caller, subject: str = "", **other: Any) -> Message:
        """Send a request and return the reply; a ping to all, unless ``other`` says more."""
        token = f"{REPLIES}.{next(self._numbers)}"
        request = {"now_ns": self._clock_ns()} | other
        body = caller.request(reply_to=token, **request)
        await self.send(body, subject or f"{caller.collective}.broadcast.agent.discovery")
        return await self.reply(token)

    async def call(
        self,
        agent: str,
        action: str,
        inputs: Mapping[str, object] | None = None,
        *,
        caller: Caller = SOMEBODY,
    ) -> dict[str, Any]:
        """What an agent answers: ``statuscode``, ``statusmsg`` and ``data``."""
        body = {"agent": agent, "action": action, "data": dict(inputs or {})}
        subject = f"{caller.collective}.node.{self.server.node.identity}"
        payload = json.dumps(body).encode()
        message = await self.ask(caller, subject, agent=agent, payload=payload)
        transport = decode_transport(message.data)
        codec = codec_of(transport.version)
        signed = codec.decode_secure_reply(transport.document()).signed
        answer: dict[str, Any] = json.loads(codec.decode_reply(signed).payload)
        return answer

    async def send(self, body: bytes, subject: str = "mcollective.node.node1.example") -> None:
        """Publish what is said to be a request."""
        await self.wire.publish(subject, body)

    async def reply(self, subject: str) -> Message:
        """The first reply on ``subject``."""

        def found() -> list[Message]:
            return [one for one in self.replies if one.subject == subject]

        await self.until(lambda: bool(found()))
        return found()[0]

    async def event(self, kind: str) -> Event:
        """The first event of a kind."""

        def found() -> list[Event]:
            events = (decode_event(message.data) for message in self.event_messages)
            return [event for event in events if event.kind == kind]

        await self.until(lambda: bool(found()))
        return found()[0]

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for something that comes with a reply or an event."""
        async with asyncio.timeout(PATIENCE_SECONDS), self._news:
            await self._news.wait_for(holds)

    def _keep(self, kept: list[Message], one: Message) -> None:
        kept.append(one)
        task = asyncio.get_running_loop().create_task(self._notify())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _notify(self) -> None:
        async with self._news:
            self._news.notify_all()


def core_plugins() -> Plugins:
    """Core's own contributions, and no installed ones."""
    plugins = Plugins()
    plugins.register(hooks, "core")
    return plugins


@contextlib.asynccontextmanager
async def serving(
    config: ServerConfig,
    broker: Broker,
    *,
    plugins: Plugins | None = None,
    clock_ns: Callable[[], int] = time.time_ns,
) -> AsyncIterator[ServedNode]:
    """Run a server until the block ends; it is ready when the block begins.

    Args:
        config: which names ``broker``.
        broker: one without security, for the connection beside it.
        plugins: core's own when None.
        clock_ns: unix time.
    """
    endpoint = Endpoint((ServerAddress("127.0.0.1", broker.port),))
    async with await connect(endpoint, name="beside", timeout_seconds=PATIENCE_SECONDS) as wire:
        node = ServedNode(
            Server(config, plugins or core_plugins(), clock_ns=clock_ns), wire, clock_ns
        )
        await node.listen()
        running = asyncio.create_task(node.server.run(node.stop))
        try:
            await _first(running, node.event("startup"))
            yield node
        finally:
            node.stop.set()
            await running


async def _first(running: asyncio.Task[None], awaited: Coroutine[Any, Any, Event]) -> None:
    """Return when ``awaited`` is there; raises what ``running`` fails with before."""
    waiting = asyncio.create_task(awaited)
    try:
        await asyncio.wait((running, waiting), return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
        else:
            await waiting
    finally:
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
