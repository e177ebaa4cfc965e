"""Addresses of brokers as the files write them.  Pure."""

import re
from typing import Final

from choria_core.config.value import Refusal
from choria_core.nats.endpoint import ServerAddress

DEFAULT_PORT: Final = 4222

_ADDRESS: Final = re.compile(r"(?:([A-Za-z]+)://)?(.*)", re.DOTALL)
_PLACE: Final = re.compile(
    r"(?:\[([0-9A-Fa-f:.]+(?:%[\w.-]+)?)\]|([A-Za-z0-9_.-]+))(?::([0-9]{1,5}))?/?"
)
_SCHEMES: Final = ("nats", "tls")
_HIGHEST_PORT: Final = 65_535


def read_address(text: str) -> ServerAddress | Refusal:
    """The address that ``text`` names: ``host:port`` or ``nats://host:port``."""
    found = _ADDRESS.fullmatch(text)
    assert found is not None, "the pattern takes every text"
    scheme, rest = (found[1] or "nats").lower(), found[2]
    if scheme not in _SCHEMES:
        return Refusal(f"{scheme}:// is no scheme of a broker", "write nats:// or nothing")
    if "@" in rest:
        fix = "set plugin.nats.user and plugin.nats.pass instead"
        return Refusal("an address takes no user and password", fix)
    place = _PLACE.fullmatch(rest)
    if place is None:
        return Refusal(f'"{rest}" is no host:port', "write for example broker.example:4222")
    host, port = place[1] or place[2], place[3]
    if port is None:
        return Refusal(f"{host} has no port", f"write {rest.rstrip('/')}:{DEFAULT_PORT}")
    if not 1 <= int(port) <= _HIGHEST_PORT:
        return Refusal(f"{port} is no port", f"write one from 1 to {_HIGHEST_PORT}")
    return ServerAddress(host, int(port), scheme)
