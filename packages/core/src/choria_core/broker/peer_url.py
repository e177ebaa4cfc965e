"""URLs of other brokers, as an embedded one is told to reach them.  Pure."""

from typing import Final
from urllib.parse import urlsplit

from choria_core.errors import ConfigError
from choria_core.nats.endpoint_url import redact

LEAFNODE_SCHEMES: Final = ("nats-leaf", "nats", "tls", "ws", "wss")
ROUTE_SCHEMES: Final = ("nats-route", "nats", "tls")


def check_peer_url(text: str, schemes: tuple[str, ...]) -> str:
    """Return ``text`` when nats-server can reach a broker by it.

    Args:
        text: one URL, with user and password where the other wants them.
        schemes: those that fit; the first stands in the example.

    Raises:
        ConfigError: it is no such URL; the text shows it without its secrets.
    """
    if _is_peer_url(text, schemes):
        return text
    known = ", ".join(f"{scheme}://" for scheme in schemes)
    raise ConfigError(
        f"{redact(text)!r} is no URL of a broker; "
        f"write it as {schemes[0]}://HOST:PORT (schemes: {known})"
    )


def _is_peer_url(text: str, schemes: tuple[str, ...]) -> bool:
    if not text.isprintable() or " " in text:
        return False
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        return False
    is_bare = url.path in ("", "/") and not url.fragment
    return url.scheme in schemes and bool(url.hostname) and port != 0 and is_bare
