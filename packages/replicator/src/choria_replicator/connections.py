"""The connections of one entry to both sides."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from choria_core.errors import ChoriaError
from choria_core.nats.lean_transport import LeanTransport, connect
from choria_core.nats.transport import ConnectionState, StateChange, StateListener
from choria_replicator.settings.model import StreamSettings
from choria_replicator.sides import ONCE_PATIENCE_SECONDS
from choria_replicator.source.streaming_cluster import refuse_streaming_cluster
from choria_replicator.stats import StreamStats

Side = Literal["source", "target"]
Observe = Callable[[str], StateListener]
"""Gives the listener for a connection's changes, by the connection's name."""


@dataclass(frozen=True, slots=True)
class Connections:
    """Opens what an entry needs, and counts what happens to it.

    Attributes:
        settings: of the entry.
        stats: of its workers, where it is noted what happens to the connections.
        observe: told of every change too.
        once: give up after a while instead of trying for ever.
    """

    settings: StreamSettings
    stats: Sequence[StreamStats]
    observe: Observe
    once: bool

    async def open(self, side: Side, worker: str) -> LeanTransport:
        """One connection for the worker of that name.

        Raises:
            AuthenticationError: the servers refuse us.
            ConnectError: with ``once``, none could be reached in time.
            WorkError: there is a NATS Streaming cluster on that side.
        """
        is_source = side == "source"
        transport = await connect(
            self.settings.source if is_source else self.settings.target,
            name=f"Choria Stream Replicator: {worker}",
            on_state=self._noting(side, worker),
            timeout_seconds=ONCE_PATIENCE_SECONDS if self.once else None,
            no_echo=True,
        )
        cluster = self.settings.source_cluster if is_source else self.settings.target_cluster
        try:
            await refuse_streaming_cluster(transport, cluster)
        except BaseException:
            await transport.close()
            raise
        return transport

    async def open_pair(
        self, stack: contextlib.AsyncExitStack, on_source: Callable[[LeanTransport], None]
    ) -> tuple[LeanTransport, LeanTransport]:
        """Source and target for an entry without a pool, to be closed with ``stack``.

        ``on_source`` is called as soon as the source is connected.
        """

        async def one(side: Side) -> LeanTransport:
            transport = await self.open(side, self.settings.worker)
            stack.push_async_callback(transport.close)
            if side == "source":
                on_source(transport)
            return transport

        try:
            async with asyncio.TaskGroup() as group:
                source, target = group.create_task(one("source")), group.create_task(one("target"))
        except* ChoriaError as errors:
            raise _first(errors) from None
        return source.result(), target.result()

    def _noting(self, side: Side, worker: str) -> StateListener:
        """Note in the worker's counters what happens to its connection to one side."""
        (stats,) = (one for one in self.stats if one.worker == worker)
        listener = self.observe(f"{stats.name} {side}")
        made = 0

        def listen(change: StateChange) -> None:
            nonlocal made
            listener(change)
            down = ""
            match change.state:
                case ConnectionState.CONNECTED:
                    made += 1
                    setattr(stats, f"reconnects_{side}", made - 1)
                case ConnectionState.DISCONNECTED:
                    stats.connection_errors += 1
                    down = f"no connection to the {side} {change.server}"
                    down += f": {change.cause}" if change.cause else ""
                    stats.last_error = down
                case ConnectionState.CLOSED:
                    stats.connections_closed += 1
            setattr(stats, f"{side}_down", down)

        return listen


def _first(errors: BaseExceptionGroup[ChoriaError]) -> ChoriaError:
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, ChoriaError)
    return error
