"""A bounded number of requests in work at once."""

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Final, Self

from choria_core.telemetry.logs import get_logger

MOST_AT_ONCE: Final = 1_000


class Workload:
    """Runs the work of one node or many; what is too much is for the caller to drop.

    Leaving the block ends what is still in work.

    """

    def __init__(self, *, most: int = MOST_AT_ONCE) -> None:
        self._most = most
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def size(self) -> int:
        """How many are in work."""
        return len(self._tasks)

    @property
    def has_room(self) -> bool:
        """Whether one more may begin."""
        return len(self._tasks) < self._most

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Begin with ``work``, for which there is room."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

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
