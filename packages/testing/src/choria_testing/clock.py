"""Time that passes only when a test says so."""

import asyncio
import heapq
import itertools


class ManualClock:
    """Seconds that a test moves; to be handed to code that takes a clock.

    ``clock()`` is the time, ``await clock.sleep(3)`` returns once the clock was
    moved that far.  Sleepers wake in the order of their times.
    """

    def __init__(self, now: float = 0.0) -> None:
        self._now = now
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def __call__(self) -> float:
        """The time now, in seconds."""
        return self._now

    @property
    def sleepers(self) -> int:
        """How many wait for the clock to move."""
        return sum(not sleeper.done() for _, _, sleeper in self._sleepers)

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock was moved by ``seconds``; none is no wait, but a turn."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        sleeper = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + seconds, next(self._order), sleeper))
        await sleeper

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass and wake those whose time has come.

        Raises:
            ValueError: time does not run backwards.
        """
        if seconds < 0:
            raise ValueError(f"cannot advance by {seconds} s: time does not run backwards")
        self._now += seconds
        while self._sleepers and self._sleepers[0][0] <= self._now:
            _, _, sleeper = heapq.heappop(self._sleepers)
            if not sleeper.done():
                sleeper.set_result(None)
