"""What a server's configuration asks for that this version does not do yet.  Pure."""

from collections.abc import Iterator

from choria_core.config.problems import Problem
from choria_core.network_config.server_config import ServerConfig


def not_done_yet(config: ServerConfig) -> Iterator[Problem]:
    """A warning for each key that would be in vain."""
    settings = config.settings
    if config.registration.plugins:
        names = ", ".join(config.registration.plugins)
        text = f"{names}: registration is not done by this version yet"
        yield settings.problem("registration", text, "the server runs without it")
    if config.audit.enabled:
        text = "requests are not audited by this version yet"
        yield settings.problem("rpcaudit", text, "the server runs without it")
