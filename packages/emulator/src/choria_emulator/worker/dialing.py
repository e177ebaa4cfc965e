"""Where connections of nodes come from and go to."""

import asyncio
import socket
import sys
from collections.abc import Sequence
from typing import Final, NamedTuple

from choria_core.errors import ConnectError
from choria_emulator.node.broker import Broker
from choria_emulator.node.emulated_node import EmulatedNode

_BIND_WITHOUT_PORT: Final = 24  # IP_BIND_ADDRESS_NO_PORT of Linux


class _Place(NamedTuple):
    """One address of a broker."""

    family: socket.AddressFamily
    host: str


class NodeDialer:
    """Opens the connections of nodes.

    Args:
        sources: addresses that they come from, in turns; none for the system's choice.
    """

    def __init__(self, sources: Sequence[str]) -> None:
        self._sources: dict[socket.AddressFamily, list[str]] = {}
        for source in sources:
            family = socket.AF_INET6 if ":" in source else socket.AF_INET
            self._sources.setdefault(family, []).append(source)
        self._opened = 0
        self._places: dict[Broker, list[_Place]] = {}
        self._tried: dict[EmulatedNode, _Place] = {}

    async def open(self, node: EmulatedNode) -> None:
        """Connect a node to its broker.

        Raises:
            ConnectError: the broker's name has no address that can be used.
            OSError: the connection could not be made.
        """
        broker = node.broker
        places = self._places.get(broker) or await self._locate(broker)
        family, host = self._tried[node] = places[0]
        port = broker.address.port
        loop = asyncio.get_running_loop()
        if not self._sources:
            await loop.create_connection(lambda: node, host, port, family=family)
            return
        sources = self._sources[family]
        source = sources[self._opened % len(sources)]
        self._opened += 1
        await loop.create_connection(lambda: node, sock=_connecting(family, source, (host, port)))

    def succeeded(self, node: EmulatedNode) -> None:
        """The node is connected: others shall be by the same address."""
        self._tried.pop(node, None)

    def failed(self, node: EmulatedNode) -> None:
        """It is not: the next try takes the broker's next address, after the last one afresh."""
        tried = self._tried.pop(node, None)
        places = self._places.get(node.broker)
        if places and places[0] == tried:
            del places[0]

    async def _locate(self, broker: Broker) -> list[_Place]:
        """The addresses of a broker, which are asked for once: nodes are many."""
        host, port = broker.address.host, broker.address.port
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise ConnectError(f"{host}: {error.strerror}") from error
        except UnicodeError as error:
            raise ConnectError(f"{host} is no name of a host") from error
        places = [_Place(family, str(where[0])) for family, _, _, _, where in found]
        if self._sources:
            places = [place for place in places if place.family in self._sources]
        if not places:
            raise ConnectError(f"{host} has no address that the addresses of --source can reach")
        self._places[broker] = places
        return places


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
