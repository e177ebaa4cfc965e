"""Whether a broker has to wait for us.

The broker answers a PING behind all that it has for us, so that the time to its PONG tells
how far behind we are, in its buffers and the system's as well as in ours.
"""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

from choria_core.errors import TransportError
from choria_core.nats.lean_transport import LeanTransport

LATE_SECONDS: Final = 0.5
"""A broker cuts us off only when it has waited for ten seconds, or has 64 MiB for us."""

PAUSE_SECONDS: Final = 0.1
_PATIENCE_SECONDS: Final = 3600.0


async def watch_lag(transport: LeanTransport, tell: Callable[[bool], None]) -> None:
    """Call ``tell`` with whether we are behind, for ever; True also while nobody answers."""
    while True:
        await transport.wait_connected()
        pong = asyncio.create_task(_pong(transport))
        try:
            await asyncio.wait({pong}, timeout=LATE_SECONDS)
            if not pong.done():
                tell(True)
                await asyncio.wait({pong})
        finally:
            pong.cancel()
        tell(False)
        await asyncio.sleep(PAUSE_SECONDS)


async def _pong(transport: LeanTransport) -> None:
    with contextlib.suppress(TransportError):  # it is gone, and all that waited with it
        await transport.flush(timeout_seconds=_PATIENCE_SECONDS)
