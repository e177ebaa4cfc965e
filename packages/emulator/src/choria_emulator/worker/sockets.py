"""Sockets of nodes, and where they come from and go to."""

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
        self._addresses: dict[Broker, tuple[str, int]] = {}
        self._families: dict[Broker, socket.AddressFamily] = {}

    def address(self, broker: Broker) -> tuple[str, int]:
        """The numeric address of a broker; names are looked up once.

        Raises:
            ConnectError: the name has none.
        """
        found = self._addresses.get(broker)
        if found is None:
            host, port = broker.address.host, broker.address.port
            try:
                [(family, _, _, _, where), *_] = socket.getaddrinfo(
                    host, port, type=socket.SOCK_STREAM
                )
            except OSError as error:
                raise ConnectError(f"{host}: {error.strerror}") from error
            self._families[broker] = family
            found = self._addresses[broker] = (str(where[0]), int(where[1]))
        return found

    def make(self, node: EmulatedNode) -> socket.socket:
        """A socket for a node's connection, not connected yet."""
        broker = node.broker
        self.address(broker)
        made = socket.socket(self._families[broker], socket.SOCK_STREAM)
        try:
            made.setblocking(False)
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._sources:
                self._bind(made)
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
