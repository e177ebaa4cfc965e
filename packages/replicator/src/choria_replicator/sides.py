"""The two connections of a copy, as long as both stand."""

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Final

from choria_core.errors import ConnectError, DisconnectedError
from choria_core.nats.lean_transport import LeanTransport

ONCE_PATIENCE_SECONDS: Final = 30.0
"""With ``once``, how long there may be no connection or no progress."""

Generation = tuple[int, int]
"""How often either side was connected: another one means that messages may be lost."""


@dataclass(frozen=True, slots=True)
class Sides:
    """Source and target of a copy."""

    source: LeanTransport
    target: LeanTransport

    @property
    def generation(self) -> Generation:
        """Of the connections as they are now."""
        return self.source.connections, self.target.connections

    async def wait_connected(self, stop: asyncio.Event, *, once: bool) -> bool:
        """Wait until both are connected; False when told to stop meanwhile.

        Raises:
            ConnectError: with ``once``, it took too long.
        """
        stopped = asyncio.ensure_future(stop.wait())
        up = asyncio.ensure_future(self._both())
        try:
            done, _ = await asyncio.wait(
                {stopped, up},
                timeout=ONCE_PATIENCE_SECONDS if once else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            stopped.cancel()
            up.cancel()
        if not done:
            raise ConnectError(f"not connected again within {ONCE_PATIENCE_SECONDS:g} s")
        return not stop.is_set()

    async def _both(self) -> None:
        await self.source.wait_connected()
        await self.target.wait_connected()

    def trouble(self, since: Generation) -> DisconnectedError | None:
        """What happened to the connections since ``since``; None when nothing did."""
        if not self.source.is_connected:
            return DisconnectedError("the connection to the source is down")
        if not self.target.is_connected:
            return DisconnectedError("the connection to the target is down")
        if self.generation != since:
            return DisconnectedError("a connection was down for a moment")
        return None


async def rest(seconds: float, stop: asyncio.Event) -> None:
    """Wait for so long, or until told to stop."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
