"""Where connections come from.

One address has some 28,000 ports to a broker, and a port that was used stays taken for a
minute.  On Linux every address of 127.0.0.0/8 is this machine's: connections to a broker here
come from several, and from other ones with each start.
"""

import ipaddress
import socket
import sys
from collections.abc import Iterator, Sequence
from typing import Final

from choria_core.errors import UsageError
from choria_core.nats.endpoint import ServerAddress

CONNECTIONS_PER_SOURCE: Final = 10_000

EASY_SHARE: Final = 0.4
"""Of all ports, so many are found without a search: Linux tries one half of them first."""


def source_addresses(
    servers: Sequence[ServerAddress],
    *,
    nodes: int,
    turn: int,
    ports: int,
    named: Sequence[str] = (),
) -> tuple[str, ...]:
    """The addresses that connections shall come from; none for the system's choice.

    Args:
        servers: the brokers, all of them.
        nodes: connections.
        turn: anything that differs from start to start, as the process id.
        ports: of one address, to one broker.
        named: by the user: they are used and no others.

    Raises:
        UsageError: a named address is not this machine's.
    """
    if named:
        for address in named:
            _check(address)
        return tuple(named)
    if nodes <= ports * len(servers) * EASY_SHARE:
        return ()  # the system's choice is the quickest
    if sys.platform != "linux" or not all(map(_is_here, servers)):
        return ()
    return tuple(loopback_sources(-(-nodes // CONNECTIONS_PER_SOURCE) + 1, turn=turn))


def loopback_sources(count: int, *, turn: int) -> Iterator[str]:
    """So many loopback addresses, up to 254; others for another ``turn``."""
    block = f"127.{1 + turn // 256 % 254}.{turn % 256}"
    for number in range(1, min(count, 254) + 1):
        yield f"{block}.{number}"


def _is_here(server: ServerAddress) -> bool:
    """Whether connections to ``server`` go to an IPv4 loopback address."""
    try:
        [(_, _, _, _, where), *_] = socket.getaddrinfo(
            server.host, server.port, type=socket.SOCK_STREAM
        )
    except OSError:
        return False  # who connects says so
    address = ipaddress.ip_address(str(where[0]).partition("%")[0])
    return address.version == 4 and address.is_loopback


def _check(address: str) -> None:
    try:
        family = socket.AF_INET6 if ipaddress.ip_address(address).version == 6 else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.bind((address, 0))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"--source {address!a} is not an address of this machine: see  ip address"
        ) from error
