"""Sockets of nodes, and where they come from and go to."""

import asyncio
import socket
import sys
from collections.abc import Sequence
from typing import Final

from choria_core.errors import ConnectError
from choria_emulator.node.broker import Broker
from choria_emulator.node.emulated_node import EmulatedNode

_BIND_WITHOUT_PORT: Final = 24  # IP_BIND_ADDRESS_NO_PORT of Linux: the port is chosen at connect


class SocketMaker:
    """Makes sockets.

    Args:
        sources: addresses that they come from, in turns; none for the system's choice.
        per_source: how many come from one address before the next is used.
    """

    def __init__(self, sources: Sequence[str], *, per_source: int = 1) -> None:
        self._sources = tuple(sources)
        self._per_source = per_source
        self._made = 0
        self._places: dict[Broker, tuple[int, tuple[object, ...]]] = {}

    async def locate(self, broker: Broker) -> None:
        """Find the address of a broker by its name, once.

        Raises:
            ConnectError: the name has none.
        """
        if broker in self._places:
            return
        host, port = broker.address.host, broker.address.port
        loop = asyncio.get_running_loop()
        try:
            [(family, _, _, _, where), *_] = await loop.getaddrinfo(
                host, port, type=socket.SOCK_STREAM
            )
        except OSError as error:
            raise ConnectError(f"{host}: {error.strerror}") from error
        self._places[broker] = (family, where[:2])

    def connecting(self, node: EmulatedNode) -> socket.socket:
        """A socket for a node, on its way to the node's broker, which was located.

        Raises:
            OSError: it cannot even be tried.
        """
        family, address = self._places[node.broker]
        made = socket.socket(family, socket.SOCK_STREAM)
        try:
            made.setblocking(False)
            if self._sources:
                self._bind(made)
            made.connect(address)
        except BlockingIOError:
            pass
        except OSError:
            made.close()
            raise
        return made

    def _bind(self, made: socket.socket) -> None:
        source = self._sources[self._made // self._per_source % len(self._sources)]
        self._made += 1
        if sys.platform == "linux":
            made.setsockopt(socket.IPPROTO_IP, _BIND_WITHOUT_PORT, 1)
        made.bind((source, 0))
