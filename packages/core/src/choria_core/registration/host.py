"""Runs the registrations of one node, each by itself."""

import asyncio
import random
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from choria_core.errors import ChoriaError, TransportError
from choria_core.registration.loading import MakeRegistration, is_local
from choria_core.registration.publisher import RegistrationPublisher
from choria_core.registration.registration import RegisteringNode, Registration
from choria_core.registration.schedule import Pace, Turns
from choria_core.telemetry.logs import get_logger

_log: Final = get_logger("choria.registration")


class RegistrationHost:
    """The registrations of one node.

    Args:
        kinds: by name.
        node: that registers.
        pace: how often each does.
        publisher: carries what they give.
        draw: a share from 0 to 1, by chance.
    """

    def __init__(
        self,
        kinds: Mapping[str, MakeRegistration],
        *,
        node: RegisteringNode,
        pace: Pace,
        publisher: RegistrationPublisher,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._pace = pace
        self._publisher = publisher
        self._draw = draw
        found = {} if pace.is_never else dict(_made(kinds, node))
        self._local = {name: one for name, one in found.items() if is_local(kinds[name])}
        self._others = {name: one for name, one in found.items() if name not in self._local}

    @property
    def names(self) -> tuple[str, ...]:
        """What is registered."""
        return (*self._local, *self._others)

    async def live_local(self) -> None:
        """Ask those that publish nothing, for ever: they need no connection."""
        async with asyncio.TaskGroup() as group:
            for name, one in self._local.items():
                group.create_task(self._keep(name, one, publishes=False))

    async def live(self) -> None:
        """Ask the others, for ever, from when the node was first connected."""
        async with asyncio.TaskGroup() as group:
            for name, one in self._others.items():
                group.create_task(self._keep(name, one, publishes=True))

    async def _keep(self, name: str, one: Registration, *, publishes: bool) -> None:
        pace, clock = self._pace, asyncio.get_running_loop().time
        turns = Turns(pace)
        if publishes:
            wait = pace.first_wait(splay_share=self._draw(), pause_share=self._draw())
            await asyncio.sleep(wait)
        planned = clock()
        while True:
            if self._publisher.is_up or not publishes:
                await self._look(name, one, turns, planned)
            planned = turns.next_look(planned, now=clock())
            await asyncio.sleep(planned - clock())

    async def _look(self, name: str, one: Registration, turns: Turns, planned: float) -> None:
        """Register where it is due; never raises."""
        try:
            size = one.size() if self._pace.size_trigger_bytes > 0 else 0
            if not turns.is_due(now=planned, size_bytes=size):
                return
            item = await one.item()
            if item is not None:
                await self._publisher.publish(item)
            turns.done(now=planned, size_bytes=size)
        except TransportError as error:
            self._publisher.lost()
            _log.warning("a registration is lost", registration=name, cause=str(error))
        except (ChoriaError, OSError) as error:
            _log.error("a registration failed", registration=name, cause=str(error))
        except (Exception, SystemExit):  # noqa: BLE001 - whatever a foreign plugin raises
            _log.exception("a registration failed", registration=name)


def _made(
    kinds: Mapping[str, MakeRegistration], node: RegisteringNode
) -> Iterator[tuple[str, Registration]]:
    """Those that can be made; why others cannot is told in the log."""
    for name, make in kinds.items():
        try:
            yield name, make(node)
        except ChoriaError as error:
            _log.error("the node does not register", registration=name, cause=str(error))
        except (Exception, SystemExit):  # noqa: BLE001 - whatever a foreign plugin raises
            _log.exception("the node does not register", registration=name)
