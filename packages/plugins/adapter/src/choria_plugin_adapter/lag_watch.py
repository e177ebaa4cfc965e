"""Whether a broker has to wait for us.

The broker answers a PING behind all that it has for us, so that the time to its PONG tells
how far behind we are, in its buffers and the system's as well as in ours.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Final

from choria_core.errors import TransportError
from choria_core.nats.lean_transport import LeanTransport

LATE_SECONDS: Final = 0.5
"""A broker cuts us off only when it has waited for ten seconds, or has 64 MiB for us."""

PAUSE_SECONDS: Final = 0.1
_PATIENCE_SECONDS: Final = 3600.0


class LagWatch:
    """Watches one connection.

    Args:
        transport: the connection.
        received: how many messages came by it until now.
        tell: called with whether we are behind; True also while nobody answers.
    """

    def __init__(
        self, transport: LeanTransport, received: Callable[[], int], tell: Callable[[bool], None]
    ) -> None:
        self._transport = transport
        self._received = received
        self._tell = tell
        self._answered = (time.monotonic(), 0)
        self._ticked = self._stood_still = time.monotonic()

    @property
    def is_flooded(self) -> bool:
        """Whether the broker has waited for us too long.

        Either messages have come, but no answer behind them, or this process stood still and
        did not read at all.
        """
        now = time.monotonic()
        when, received = self._answered
        is_late = now - when > LATE_SECONDS + PAUSE_SECONDS
        return (is_late and self._received() > received) or self._has_stood_still(now)

    def _has_stood_still(self, now: float) -> bool:
        gap = PAUSE_SECONDS + LATE_SECONDS
        return now - self._ticked > gap or now - self._stood_still < gap

    async def run(self) -> None:
        """Watch for ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tick())
            group.create_task(self._ask())

    async def _tick(self) -> None:
        """Notice that this process stood still."""
        self._ticked, self._stood_still = time.monotonic(), float("-inf")
        while True:
            await asyncio.sleep(PAUSE_SECONDS)
            now = time.monotonic()
            if now - self._ticked > PAUSE_SECONDS + LATE_SECONDS:
                self._stood_still = now
            self._ticked = now

    async def _ask(self) -> None:
        while True:
            await self._transport.wait_connected()
            pong = asyncio.create_task(self._pong())
            try:
                await asyncio.wait({pong}, timeout=LATE_SECONDS)
                if not pong.done():
                    self._tell(True)
                    await asyncio.wait({pong})
            finally:
                pong.cancel()
            self._tell(False)
            await asyncio.sleep(PAUSE_SECONDS)

    async def _pong(self) -> None:
        with contextlib.suppress(TransportError):  # it is gone, and all that waited with it
            await self._transport.flush(timeout_seconds=_PATIENCE_SECONDS)
            self._answered = (time.monotonic(), self._received())
