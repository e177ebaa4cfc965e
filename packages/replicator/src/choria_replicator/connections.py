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
        stats: of its workers, where reconnects are counted.
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
            on_state=self._counting(side, worker),
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
        self, stack: contextlib.AsyncExitStack
    ) -> tuple[LeanTransport, LeanTransport]:
        """Source and target for an entry without a pool, to be closed with ``stack``."""

        async def one(side: Side) -> LeanTransport:
            transport = await self.open(side, self.settings.worker)
            stack.push_async_callback(transport.close)
            return transport

        try:
            async with asyncio.TaskGroup() as group:
                source, target = group.create_task(one("source")), group.create_task(one("target"))
        except* ChoriaError as errors:
            raise _first(errors) from None
        return source.result(), target.result()

    def _counting(self, side: Side, worker: str) -> StateListener:
        """Count the times that a connection was made again."""
        listener = self.observe(f"{worker} {side}")
        mine = [stats for stats in self.stats if stats.worker == worker]
        made = 0

        def listen(change: StateChange) -> None:
            nonlocal made
            listener(change)
            if change.state is not ConnectionState.CONNECTED:
                return
            made += 1
            for stats in mine:
                if side == "source":
                    stats.reconnects_source = made - 1
                else:
                    stats.reconnects_target = made - 1

        return listen


def _first(errors: BaseExceptionGroup[ChoriaError]) -> ChoriaError:
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, ChoriaError)
    return error
