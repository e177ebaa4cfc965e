"""A bounded number of requests in work at once."""

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Final, Self

from choria_core.telemetry.logs import get_logger

MOST_AT_ONCE: Final = 1_000


class Workload:
    """Runs the work of one node or many; what is too much is dropped.

    Leaving the block ends what is still in work.

    Attributes:
        dropped: works for which there was no room.
    """

    def __init__(self, *, most: int = MOST_AT_ONCE) -> None:
        self.dropped = 0
        self._most = most
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def size(self) -> int:
        """How many are in work."""
        return len(self._tasks)

    def start(self, work: Coroutine[Any, Any, None]) -> bool:
        """Begin with ``work``; False where there is no room, and it is dropped."""
        if len(self._tasks) >= self._most:
            work.close()
            self.dropped += 1
            return False
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return True

    async def settle(self, *, seconds: float) -> int:
        """Wait until all is done, but no longer than ``seconds``; how many are not done then."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=seconds)
        return len(self._tasks)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        tasks = set(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            get_logger("choria.server").error("work failed", exc_info=task.exception())
