"""The lifecycle events of a node: it started, it lives, it ends."""

import asyncio
import random
import uuid
from collections.abc import Callable
from typing import Final, Literal

from choria_core.errors import TransportError
from choria_core.network_config.server_config import ServerConfig
from choria_core.protocol.lifecycle import Event, encode_bare_event, encode_event
from choria_core.protocol.messages import NANOSECONDS
from choria_core.protocol.subjects import lifecycle_event
from choria_core.server.figures import Figures
from choria_core.server.responder import Wire
from choria_core.server.served_node import VERSION
from choria_core.telemetry.logs import get_logger

COMPONENT: Final = "server"
ALIVE_SECONDS: Final = 1_800.0
"""Between two signs of life; the first comes somewhere within the first interval."""


class Lifecycle:
    """Publishes the events of one node.

    Args:
        config: its identity, and the form of its events.
        wire: carries them.
        figures: counts them.
        clock_ns: unix time.
    """

    def __init__(
        self, config: ServerConfig, *, wire: Wire, figures: Figures, clock_ns: Callable[[], int]
    ) -> None:
        self._identity = config.identity
        self._encode = encode_bare_event if config.legacy_lifecycle else encode_event
        self._wire = wire
        self._figures = figures
        self._clock_ns = clock_ns

    async def tell(self, kind: Literal["startup", "shutdown", "alive"]) -> None:
        """Publish one event; where there is no connection it is lost, and the log says so."""
        event = Event(
            kind=kind,
            event_id=str(uuid.uuid4()),
            identity=self._identity,
            component=COMPONENT,
            timestamp=self._clock_ns() // NANOSECONDS,
            version="" if kind == "shutdown" else VERSION,
        )
        try:
            await self._wire.publish(lifecycle_event(kind, COMPONENT), self._encode(event))
        except TransportError as error:
            get_logger("choria.server").warning("an event is lost", kind=kind, cause=str(error))
        else:
            self._figures.events += 1

    async def live(self) -> None:
        """Give signs of life for ever, at times that differ from node to node."""
        await asyncio.sleep(random.uniform(0, ALIVE_SECONDS))  # noqa: S311 - it only spreads
        while True:
            await self.tell("alive")
            await asyncio.sleep(ALIVE_SECONDS)
