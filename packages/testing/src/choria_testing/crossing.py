"""A source, a target, and ``choria replicate`` between them, for tests of the whole program."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from choria_core.broker.server import Broker
from choria_core.errors import TransportError
from choria_testing.brokers import monitor_answer
from choria_testing.copies import newest_origin
from choria_testing.programs import PATIENCE_SECONDS, Program, run_choria
from choria_testing.streams import Held, Streams, open_streams

STREAM: Final = "ORDERS"
SUBJECTS: Final = "orders.>"
SITE: Final = "testsite"

PREMADE: Final[Mapping[str, Mapping[str, Any]]] = {
    "fast ingest": {"allow_batched": True},
    "message-id chain": {},
}
"""What a target stream must allow for each kind of writer, by the name that the log gives it."""

_POLL_SECONDS: Final = 0.002


@dataclass(slots=True)
class Crossing:
    """Two brokers and the way between them.

    Attributes:
        source_broker, target_broker: may be killed and started again at will.
        source, target: connections for the test's own eyes, around all proxies.
        folder: of configurations and states.
        source_url, target_url: where the replicator connects; set one to a
            proxy's to stand in the way.
    """

    source_broker: Broker
    target_broker: Broker
    source: Streams
    target: Streams
    folder: Path
    source_url: str = field(init=False)
    target_url: str = field(init=False)

    def __post_init__(self) -> None:
        self.source_url = self.source_broker.url
        self.target_url = self.target_broker.url

    async def make_source(self, **config: Any) -> None:
        """Make the source stream; ``config`` in the server's JSON."""
        await self.source.create_stream(_stream(config))

    async def make_target(self, **config: Any) -> None:
        """Make the target stream, as with :meth:`make_source`."""
        await self.target.create_stream(_stream(config))

    def write_settings(self, *, top: Mapping[str, Any] | None = None, **entry: Any) -> Path:
        """A configuration file with one entry; JSON is YAML too."""
        document = {
            "name": SITE,
            **(top or {}),
            "streams": [
                {
                    "stream": STREAM,
                    "source_url": self.source_url,
                    "target_url": self.target_url,
                    **entry,
                }
            ],
        }
        path = self.folder / "replicator.yaml"
        path.write_text(json.dumps(document, indent=1))
        return path

    def replicate(self, settings: Path, *words: str) -> AbstractAsyncContextManager[Program]:
        """Run the program over ``settings``."""
        return run_choria("replicate", "--config", str(settings), *words)

    async def both(self) -> tuple[list[Held], list[Held]]:
        """All that the source and the target hold."""
        return await self.source.read(STREAM), await self.target.read(STREAM)

    async def copied(self, program: Program, sequence: int) -> int:
        """Return the newest origin at the target, once it is ``sequence`` or behind it.

        Raises:
            AssertionError: the program ended first, or a minute passed.
        """
        newest = 0
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while (newest := await self._newest()) < sequence:
                    if program.exit_code is not None:
                        await program.ended()
                        break
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError:
            newest = -1
        if newest < sequence:
            raise AssertionError(f"{sequence} was never copied:\n{program.output}")
        return newest

    async def unsettled(self) -> None:
        """Return when the source has delivered what is not acknowledged.

        Raises:
            TimeoutError: a minute passed.
        """
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await self._unacknowledged():  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(_POLL_SECONDS)

    async def _unacknowledged(self) -> int:
        return sum([one.num_ack_pending async for one in self.source.consumers(STREAM)])

    async def kill_at(self, program: Program, sequence: int) -> int:
        """Kill the program once ``sequence`` is copied; returns the newest origin thereafter.

        The target's broker must have a monitor.
        """
        await self.copied(program, sequence)
        assert program.exit_code is None, f"it ended before it was killed:\n{program.output}"
        program.kill()
        await program.ended()
        await self._all_read()
        return await self._newest()

    async def _all_read(self) -> None:
        """Wait until the target's broker has read what was on its way; it needs a monitor."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await _connections(self.target_broker) != 1:  # noqa: ASYNC110 - ours
                await asyncio.sleep(_POLL_SECONDS)

    async def _newest(self) -> int:
        try:
            return await newest_origin(self.target, STREAM)
        except TransportError:  # its broker was killed
            return 0


async def _connections(broker: Broker) -> int:
    """How many a broker has; 0 where it does not say."""
    match await monitor_answer(broker, "connz"):
        case {"num_connections": int(count)}:
            return count
    return 0


def _stream(config: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": STREAM, "subjects": [SUBJECTS], "storage": "file", **config}


@asynccontextmanager
async def crossing_of(source: Broker, target: Broker, folder: Path) -> AsyncIterator[Crossing]:
    """A crossing over two brokers without credentials."""
    async with open_streams(source.url) as near, open_streams(target.url) as far:
        yield Crossing(source, target, near, far, folder)
