"""Whether brokers know of each other's subscriptions.

A broker answers a node's PING when it has the node's subscriptions itself; the other brokers
of a cluster learn of them later.  Subscriptions travel in order: when a subscription that was
made last is known to a broker, so are all before it.
"""

import asyncio
import contextlib
import itertools
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from choria_core.errors import DisconnectedError, WorkError
from choria_core.nats.endpoint import Endpoint
from choria_core.nats.lean_transport import LeanTransport, connect
from choria_core.nats.wire import Delivery
from choria_core.protocol.subjects import inbox_prefix

AGAIN_SECONDS: Final = 0.05
"""Between two sentinels: one that comes before the subscription is lost."""

CONNECT_SECONDS: Final = 10.0


@dataclass(slots=True)
class _Post:
    """One broker.

    Attributes:
        place: of the broker, for messages.
        transport: a connection to it.
        subject: of the sentinels that come to it.
        heard: set when the sentinel of another broker came, by that broker's number.
    """

    place: str
    transport: LeanTransport
    subject: str
    heard: dict[bytes, asyncio.Event] = field(default_factory=dict)

    def expect(self, number: bytes) -> asyncio.Event:
        """Told when the sentinel of this broker has come."""
        return self.heard.setdefault(number, asyncio.Event())

    def take(self, delivery: Delivery) -> None:
        """A sentinel came."""
        self.expect(bytes(delivery[3])).set()


async def interest_spread(
    endpoints: Sequence[Endpoint], *, collective: str, timeout_seconds: float = 60.0
) -> None:
    """Return when each broker knows all subscriptions that any other had when this was called.

    Args:
        endpoints: one for each broker; one alone is always ready.
        collective: that the sentinels belong to: ``COLLECTIVE.reply.…``.
        timeout_seconds: for all of it.

    Raises:
        ConnectError, AuthenticationError: a broker cannot be reached.
        WorkError: a sentinel did not arrive in time; both brokers are named.
    """
    if len(endpoints) < 2:
        return
    async with contextlib.AsyncExitStack() as stack:
        posts: list[_Post] = []
        try:
            async with asyncio.timeout(timeout_seconds):
                while len(posts) < len(endpoints):
                    posts.append(await _open(stack, endpoints[len(posts)], collective))
                await _cross(posts)
        except TimeoutError:
            raise WorkError(_missing(posts, len(endpoints), timeout_seconds)) from None


async def _open(stack: contextlib.AsyncExitStack, endpoint: Endpoint, collective: str) -> _Post:
    prefix = inbox_prefix(collective)
    transport = await stack.enter_async_context(
        await connect(
            endpoint,
            name="emulator readiness",
            timeout_seconds=CONNECT_SECONDS,
            inbox_prefix=prefix,
        )
    )
    post = _Post(str(endpoint), transport, f"{prefix}.{os.urandom(12).hex()}")
    transport.add_sink(post.subject, post.take)
    await transport.flush()
    return post


async def _cross(posts: Sequence[_Post]) -> None:
    """Send sentinels from each broker to each other one until all have come."""
    async with asyncio.TaskGroup() as group:
        for (number, here), (_, there) in _pairs(posts):
            group.create_task(_send(here, there, number))


async def _send(here: _Post, there: _Post, number: bytes) -> None:
    arrived = there.expect(number)
    while not arrived.is_set():
        with contextlib.suppress(DisconnectedError):  # it reconnects; the deadline is ours
            await here.transport.publish(there.subject, number)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(AGAIN_SECONDS):
                await arrived.wait()


def _pairs(posts: Sequence[_Post]) -> Iterator[tuple[tuple[bytes, _Post], tuple[bytes, _Post]]]:
    numbered = [(b"%d" % number, post) for number, post in enumerate(posts)]
    return itertools.permutations(numbered, 2)


def _missing(posts: Sequence[_Post], wanted: int, seconds: float) -> str:
    if len(posts) < wanted:
        return f"not all brokers could be reached within {seconds:g} s"
    lost = [
        f"from {here.place} to {there.place}"
        for (number, here), (_, there) in _pairs(posts)
        if not there.expect(number).is_set()
    ]
    return (
        f"after {seconds:g} s brokers do not pass on messages {', '.join(lost)}: "
        "are they members of one cluster?"
    )
