"""Threads for actions that would keep the event loop waiting.

A thread cannot be stopped.  So an agent has only so many, which others of its actions wait
for, and nobody waits for them when the program ends: an action that hangs holds up its own
agent, not the others, and not the end.
"""

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable
from contextvars import copy_context
from typing import Final, TypeVar, cast

MOST_AT_ONCE: Final = 16

Result = TypeVar("Result")


class ActionThreads:
    """The threads of one agent, for every node of the process.

    Args:
        name: of the agent, which the threads bear.
        most: how many there are at once.
    """

    def __init__(self, name: str, *, most: int = MOST_AT_ONCE) -> None:
        self._name = name
        self._free = most
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def run(self, call: Callable[[], Result]) -> Result:
        """What ``call`` gives, once there is a thread for it; what it raises is raised.

        Whoever is cancelled leaves the thread to itself.
        """
        await self._take_place()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Result] = loop.create_future()
        context = copy_context()

        def work() -> None:
            result: Result | None = None
            error: BaseException | None = None
            try:
                result = context.run(call)
            except Exception as raised:  # noqa: BLE001 - the caller gets it
                error = raised
            except BaseException as raised:  # noqa: BLE001 - it shall not end anything but this
                error = RuntimeError(f"raised {raised!r}")
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(finish, result, error)

        def finish(result: Result | None, error: BaseException | None) -> None:
            self._leave_place()
            if done.done():
                return
            if error is None:
                done.set_result(cast("Result", result))
            else:
                done.set_exception(_raisable(error))

        threading.Thread(target=work, name=f"agent {self._name}", daemon=True).start()
        return await done

    async def _take_place(self) -> None:
        if self._free:
            self._free -= 1
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():  # it came at the same moment
                self._leave_place()
            raise

    def _leave_place(self) -> None:
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)
                return
        self._free += 1


def _raisable(error: BaseException) -> BaseException:
    """A future takes any exception but the one that ends iterators."""
    return RuntimeError(f"raised {error!r}") if isinstance(error, StopIteration) else error
