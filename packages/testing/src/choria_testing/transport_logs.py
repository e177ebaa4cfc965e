"""What a transport told: listeners that keep everything and can be waited for."""

import asyncio
from typing import Final

from choria_core.nats.transport import ConnectionState, Message, StateChange

PATIENCE_SECONDS: Final = 30.0
"""When to give up on something that never happens; no test waits so long when all is well."""


class _Bell:
    """Wakes those who wait for something new."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        self._rung.set()
        self._rung = asyncio.Event()

    async def wait(self) -> None:
        await self._rung.wait()


class MessageLog:
    """A subscription handler that keeps every message."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self._bell = _Bell()

    def __call__(self, message: Message) -> None:
        """Keep ``message``."""
        self.messages.append(message)
        self._bell.ring()

    @property
    def bodies(self) -> list[bytes]:
        """The bodies, in order of arrival."""
        return [message.data for message in self.messages]

    async def until(self, count: int) -> list[Message]:
        """Return all messages when there are ``count``.

        Raises:
            TimeoutError: there never were.
        """
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(self.messages) < count:
                await self._bell.wait()
        return self.messages


class StateLog:
    """A state listener that keeps every change."""

    def __init__(self) -> None:
        self.changes: list[StateChange] = []
        self._bell = _Bell()

    def __call__(self, change: StateChange) -> None:
        """Keep ``change``."""
        self.changes.append(change)
        self._bell.ring()

    @property
    def states(self) -> list[ConnectionState]:
        """The states, in order, those that only repeat left out."""
        states = [change.state for change in self.changes]
        return [state for n, state in enumerate(states) if n == 0 or states[n - 1] is not state]

    async def until(self, state: ConnectionState, *, count: int = 1) -> StateChange:
        """Return the ``count``-th change to ``state``, repeats included, when it was told.

        Raises:
            TimeoutError: it never was.
        """
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(found := [c for c in self.changes if c.state is state]) < count:
                await self._bell.wait()
        return found[count - 1]
