"""Where connections of nodes come from and go to."""

import asyncio
import socket
from collections.abc import Sequence

from choria_core.errors import ConnectError
from choria_emulator.node.broker import Broker
from choria_emulator.node.emulated_node import EmulatedNode


class NodeDialer:
    """Opens the connections of nodes.

    Args:
        sources: addresses that they come from, in turns; none for the system's choice.
    """

    def __init__(self, sources: Sequence[str]) -> None:
        self._sources = tuple(sources)
        self._opened = 0
        self._places: dict[Broker, tuple[str, int]] = {}

    async def open(self, node: EmulatedNode) -> None:
        """Connect a node to its broker.

        Raises:
            ConnectError: the broker's name has no address.
            OSError: the connection could not be made.
        """
        broker = node.broker
        place = self._places.get(broker) or await self._locate(broker)
        source = None
        if self._sources:
            source = (self._sources[self._opened % len(self._sources)], 0)
            self._opened += 1
        # One call: a socket of our own, connected first, would take three times as long.
        await asyncio.get_running_loop().create_connection(
            lambda: node, place[0], place[1], local_addr=source
        )

    async def _locate(self, broker: Broker) -> tuple[str, int]:
        """The address of a broker, which is asked for once: nodes are many."""
        host, port = broker.address.host, broker.address.port
        loop = asyncio.get_running_loop()
        try:
            [(_, _, _, _, where), *_] = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise ConnectError(f"{host}: {error.strerror}") from error
        place = self._places[broker] = (str(where[0]), port)
        return place
