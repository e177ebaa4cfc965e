"""Somebody who asks nodes, and keeps every reply as it came.

async with asking("127.0.0.1:4222") as asker:
    replies = await asker.ping(50)
    assert len(replies) == 50
"""

import asyncio
import contextlib
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from choria_core.nats.endpoint import Credentials, Endpoint, ServerAddress
from choria_core.nats.lean_transport import LeanTransport, connect
from choria_core.nats.wire import Delivery
from choria_core.protocol.codec import codec_of, decode_transport
from choria_core.protocol.lifecycle import Event, decode_event
from choria_core.protocol.messages import Version
from choria_core.protocol.rpc_body import (
    RpcReply,
    RpcRequest,
    decode_rpc_reply,
    encode_rpc_request,
    pack_fields,
)
from choria_testing.callers import Caller
from choria_testing.programs import PATIENCE_SECONDS

REPLIES: Final = "mcollective.reply.0123456789abcdef0123456789abcdef"
DISCOVERY: Final = "mcollective.broadcast.agent.discovery"


class Asker:
    """A connection that asks and listens.  Made by :func:`asking`.

    Attributes:
        transport: the connection.
        events: lifecycle events of all nodes, in order of arrival.
    """

    def __init__(self, transport: LeanTransport) -> None:
        self.transport = transport
        self.events: list[Event] = []
        self._caller = Caller(Version.V1, "choria=alice.mcollective")
        self._replies: dict[str, list[tuple[str, bytes]]] = {}
        self._numbers = itertools.count()
        self._news = asyncio.Event()
        transport.add_sink(f"{REPLIES}.>", self._take_reply)
        transport.add_sink("choria.lifecycle.event.>", self._take_event)

    async def ask(self, subject: str = DISCOVERY, **other: Any) -> str:
        """Publish a request; the subject that replies go to."""
        token = f"{REPLIES}.{next(self._numbers)}"
        request = {"now_ns": time.time_ns()} | other
        await self.transport.publish(subject, self._caller.request(reply_to=token, **request))
        return token

    async def replies(self, token: str, count: int) -> dict[str, bytes]:
        """The payloads of the replies to one request by sender, once so many came.

        Raises:
            AssertionError: they did not come within a minute, or somebody replied twice.
        """
        await self.until(
            lambda: len(self._replies.get(token, ())) >= count,
            lambda: f"{len(self._replies.get(token, ()))} replies of {count}",
        )
        found = self._replies[token]
        twice = [name for name, times in Counter(name for name, _ in found).items() if times > 1]
        assert not twice, f"replied more than once: {twice[:5]}"
        return dict(found)

    async def ping(self, count: int, **other: Any) -> set[str]:
        """Who answers a ping, of whom so many are waited for."""
        return set(await self.replies(await self.ask(**other), count))

    async def call(
        self, count: int, agent: str, action: str, data: dict[str, object] | None = None
    ) -> dict[str, RpcReply]:
        """Call an action, and wait for so many replies."""
        token = await self.order(agent, action, data)
        await self.replies(token, count)
        return self.answers(token)

    async def order(self, agent: str, action: str, data: dict[str, object] | None = None) -> str:
        """Call an action; the subject that replies go to."""
        payload = encode_rpc_request(RpcRequest(agent, action, pack_fields(data or {})))
        subject = f"mcollective.broadcast.agent.{agent}"
        return await self.ask(subject, agent=agent, payload=payload)

    async def settled(self, node: str) -> None:
        """Return when ``node`` has answered what comes after all that was asked before."""
        await self.replies(await self.ask(f"mcollective.node.{node}"), 1)

    def so_far(self, token: str) -> dict[str, bytes]:
        """The replies to one request until now."""
        return dict(self._replies.get(token, ()))

    def answers(self, token: str) -> dict[str, RpcReply]:
        """The same, of an action."""
        return {sender: decode_rpc_reply(body) for sender, body in self.so_far(token).items()}

    async def told(self, kind: str, count: int) -> set[str]:
        """Which nodes published an event of ``kind``, once so many did."""

        def those() -> set[str]:
            return {event.identity for event in self.events if event.kind == kind}

        await self.until(
            lambda: len(those()) >= count, lambda: f"{len(those())} events of {count}: {kind}"
        )
        return those()

    async def until(self, holds: Callable[[], bool], state: Callable[[], str]) -> None:
        """Wait for something that comes with a reply or an event.

        Raises:
            AssertionError: a minute passed; ``state`` tells of it.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not holds():
                    self._news.clear()
                    await self._news.wait()
        assert holds(), state()

    def _take_reply(self, delivery: Delivery) -> None:
        transport = decode_transport(delivery[3])
        codec = codec_of(transport.version)
        secure = codec.decode_secure_reply(transport.document())
        reply = codec.decode_reply(secure.signed)
        self._replies.setdefault(bytes(delivery[0]).decode(), []).append(
            (reply.sender, reply.payload)
        )
        self._news.set()

    def _take_event(self, delivery: Delivery) -> None:
        self.events.append(decode_event(delivery[3]))
        self._news.set()


@contextlib.asynccontextmanager
async def asking(address: str, *, credentials: Credentials | None = None) -> AsyncIterator[Asker]:
    """An asker at the broker ``host:port``."""
    host, _, port = address.rpartition(":")
    endpoint = Endpoint((ServerAddress(host, int(port)),), credentials=credentials or Credentials())
    async with await connect(endpoint, name="asker", timeout_seconds=PATIENCE_SECONDS) as transport:
        asker = Asker(transport)
        await transport.flush()
        yield asker
