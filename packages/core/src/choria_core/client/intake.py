"""Replies that arrive, held until somebody looks at them: once for each read of a socket."""

import asyncio
import time
from collections.abc import Iterable
from typing import Final, Self

from choria_core.nats.lean_transport import LeanTransport
from choria_core.nats.wire import Delivery

MAX_HELD: Final = 1_000_000
"""Replies that wait; more than any network has nodes.  What comes then is dropped and counted."""

Arrived = list[tuple[int, list[Delivery]]]
"""Deliveries with the moment when they were read, in nanoseconds of the performance counter."""


class Intake:
    """Receives on one subject; used as ``with``.

    Args:
        transports: connections that receive; with more than one, each reply comes to one of them.
        subject: where the replies come.
        group: name of the queue group of several connections.
    """

    def __init__(
        self, transports: Iterable[LeanTransport], subject: str, *, group: str = ""
    ) -> None:
        self.dropped = 0
        """Replies that found no room."""
        self._transports = list(transports)
        self._subject = subject
        self._group = group if len(self._transports) > 1 else ""
        self._delivered: list[Delivery] = []
        self._arrived: Arrived = []
        self._held = 0
        self._news = asyncio.Event()
        self._subscriptions = [
            transport.add_sink(subject, self._delivered.append, queue=self._group)
            for transport in self._transports
        ]
        for transport in self._transports:
            transport.after_chunk.append(self._look)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for transport in self._transports:
            transport.after_chunk.remove(self._look)
        for subscription in self._subscriptions:
            subscription.end()

    async def flush(self) -> None:
        """Return when the brokers know where the replies are wanted."""
        for transport in self._transports:
            await transport.flush()

    async def next(self, deadline: float) -> Arrived:
        """What arrived since the last call; waits for something, empty at the deadline.

        Args:
            deadline: by the clock of the event loop.
        """
        if not self._arrived:
            self._news.clear()
            try:
                async with asyncio.timeout_at(deadline):
                    await self._news.wait()
            except TimeoutError:
                return []
        return self.take()

    def take(self) -> Arrived:
        """What arrived since the last call, without waiting."""
        arrived, self._arrived = self._arrived, []
        self._held = 0
        return arrived

    def _look(self) -> None:
        if not self._delivered:
            return
        taken = self._delivered[: max(0, MAX_HELD - self._held)]
        self.dropped += len(self._delivered) - len(taken)
        self._delivered.clear()
        if taken:
            self._held += len(taken)
            self._arrived.append((time.perf_counter_ns(), taken))
            self._news.set()
