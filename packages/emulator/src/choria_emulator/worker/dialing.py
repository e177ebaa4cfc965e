"""Where connections of nodes come from and go to."""

import asyncio
import socket
import sys
from collections.abc import Sequence
from typing import Final

from choria_core.errors import ConnectError
from choria_emulator.node.broker import Broker
from choria_emulator.node.emulated_node import EmulatedNode

_BIND_WITHOUT_PORT: Final = 24  # IP_BIND_ADDRESS_NO_PORT of Linux


class NodeDialer:
    """Opens the connections of nodes.

    Args:
        sources: addresses that they come from, in turns; none for the system's choice.
    """

    def __init__(self, sources: Sequence[str]) -> None:
        self._sources = tuple(sources)
        self._opened = 0
        self._places: dict[Broker, tuple[socket.AddressFamily, str, int]] = {}

    async def open(self, node: EmulatedNode) -> None:
        """Connect a node to its broker.

        Raises:
            ConnectError: the broker's name has no address.
            OSError: the connection could not be made.
        """
        broker = node.broker
        family, host, port = self._places.get(broker) or await self._locate(broker)
        loop = asyncio.get_running_loop()
        if not self._sources:
            await loop.create_connection(lambda: node, host, port, family=family)
            return
        source = self._sources[self._opened % len(self._sources)]
        self._opened += 1
        await loop.create_connection(lambda: node, sock=_connecting(family, source, (host, port)))

    async def _locate(self, broker: Broker) -> tuple[socket.AddressFamily, str, int]:
        """The address of a broker, which is asked for once: nodes are many."""
        host, port = broker.address.host, broker.address.port
        loop = asyncio.get_running_loop()
        try:
            [(family, _, _, _, where), *_] = await loop.getaddrinfo(
                host, port, type=socket.SOCK_STREAM
            )
        except OSError as error:
            raise ConnectError(f"{host}: {error.strerror}") from error
        place = self._places[broker] = (family, str(where[0]), port)
        return place


def _connecting(
    family: socket.AddressFamily, source: str, address: tuple[str, int]
) -> socket.socket:
    """A socket on its way; what comes of that, the transport notices.

    Its port is chosen when it connects: chosen before, as ``local_addr`` does, it must be free
    for every broker, and the search for one takes ten times as long as all else.

    Raises:
        OSError: it cannot even be tried.
    """
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setblocking(False)
        if sys.platform == "linux":
            made.setsockopt(socket.IPPROTO_IP, _BIND_WITHOUT_PORT, 1)
        made.bind((source, 0))
        made.connect(address)
    except BlockingIOError:
        pass
    except OSError:
        made.close()
        raise
    return made
