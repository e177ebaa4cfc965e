"""What happens to nodes as time goes by: signs of life, registration, churn."""

import asyncio
import time
from collections.abc import Iterable
from typing import Final

from choria_core.nats import wire
from choria_core.server.events import ALIVE_SECONDS
from choria_emulator.fleet.draws import Draws, churn_minute
from choria_emulator.fleet.plan import Group
from choria_emulator.node.emulated_node import EmulatedNode, State
from choria_emulator.node.face import PING_INTERVAL_SECONDS
from choria_emulator.worker.connector import Connector
from choria_emulator.worker.events import EventTeller
from choria_emulator.worker.registrar import Registrar
from choria_emulator.worker.rounds import Round

MINUTE: Final = 60


class Calendar:
    """The passing of time, second by second.

    Args:
        draws: decide when it is whose turn.
        events: tell signs of life.
        registrar: publishes facts.
        connector: cuts what churn cuts.
    """

    def __init__(
        self, *, draws: Draws, events: EventTeller, registrar: Registrar, connector: Connector
    ) -> None:
        self._draws = draws
        self._events = events
        self._registrar = registrar
        self._connector = connector
        self._alive: Round[EmulatedNode] = Round(int(ALIVE_SECONDS))
        self._pings: Round[EmulatedNode] = Round(int(PING_INTERVAL_SECONDS))
        self._registrations: dict[str, Round[EmulatedNode]] = {}
        self._churning: dict[str, list[EmulatedNode]] = {}
        self._cuts: dict[int, list[EmulatedNode]] = {}

    def change(
        self, group: Group, new: Iterable[EmulatedNode], gone: Iterable[EmulatedNode]
    ) -> None:
        """Note nodes that came and went."""
        draws, behaviour = self._draws, group.behaviour
        rounds = [(self._alive, "alive"), (self._pings, "ping")]
        if behaviour.registration_seconds is not None:
            if group.name not in self._registrations:
                self._registrations[group.name] = Round(round(behaviour.registration_seconds))
            rounds.append((self._registrations[group.name], "registration"))
        lost = set(gone)
        self._registrar.forget(lost)
        for one, effect in rounds:
            if lost:
                one.keep([node for node in one if node not in lost])
            for node in new:
                one.add(node, draws.share(effect, node.identity))
        if behaviour.churn:
            kept = [node for node in self._churning.get(group.name, ()) if node not in lost]
            self._churning[group.name] = [*kept, *new]

    async def live(self) -> None:
        """Let time pass, for ever."""
        loop = asyncio.get_running_loop()
        began, second = loop.time(), 0
        while True:
            if second % MINUTE == 0:
                self._draw_cuts(second // MINUTE)
            self._tick(second)
            second += 1
            await asyncio.sleep(max(0.0, began + second - loop.time()))

    def _tick(self, second: int) -> None:
        now = int(time.time())
        for node in self._pings.due(second):
            self._ask(node)
        for node in self._alive.due(second):
            if node.state is State.READY:
                self._events.tell(node, "alive", timestamp=now)
        for one in self._registrations.values():
            for node in one.due(second):
                self._registrar.register(node)
        for node in self._cuts.pop(second, ()):
            self._connector.cut(node)

    def _ask(self, node: EmulatedNode) -> None:
        """Ask the broker for a sign of life; one that gave none since the last time is gone."""
        if node.state is not State.READY or node.transport is None:
            return
        if node.awaits_pong:
            node.transport.abort()
        else:
            node.awaits_pong = True
            node.transport.write(wire.PING)

    def _draw_cuts(self, minute: int) -> None:
        draws = self._draws
        for nodes in self._churning.values():
            for node in nodes:
                at = churn_minute(draws, node.desk.group.behaviour, node.identity, minute)
                if at is not None:
                    self._cuts.setdefault(minute * MINUTE + int(at), []).append(node)
