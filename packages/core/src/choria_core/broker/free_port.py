"""Ports that nobody listens on.

They are taken from below the ranges that Linux and macOS hand to outgoing
connections.  A port from within them can be lost while its server is down: to
any other program's connection, or to the very client that keeps trying to
reconnect, which may meet itself.
"""

import random
import socket
from collections.abc import Container

LOWEST, HIGHEST = 10_240, 32_000
ATTEMPTS = 1_000


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen on ``port`` of ``host`` right now.

    An address that is not this machine's counts as not free.
    """
    try:
        [(family, kind, _, _, address), *_] = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except (OSError, UnicodeError):  # the latter from a host that is no name
        return False
    return True


def pick_port(host: str, *, besides: Container[int] = ()) -> int:
    """A free port of ``host``, none of ``besides``.

    Somebody else may take it before it is used: be ready to pick again.

    Raises:
        OSError: no free port could be found.
    """
    for _ in range(ATTEMPTS):
        port = random.randint(LOWEST, HIGHEST)  # noqa: S311 - no secret depends on it
        if port not in besides and is_free(host, port):
            return port
    raise OSError(f"no free port on {host} between {LOWEST} and {HIGHEST}")
