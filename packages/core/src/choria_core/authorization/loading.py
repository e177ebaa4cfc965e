"""The authorizer that a server's configuration names."""

from typing import cast

from choria_core.authorization.authorizer import Authorizer
from choria_core.errors import ConfigError
from choria_core.network_config.server_config import ServerConfig
from choria_core.plugins import Plugins


def load_authorizer(config: ServerConfig, plugins: Plugins) -> Authorizer | None:
    """The authorizer for a server; None where ``rpcauthorization`` is off.

    Raises:
        ConfigError: nobody offers it, or it refuses the configuration.
        PluginError: it cannot be loaded.
    """
    if not config.authorization.enabled:
        return None
    name = config.authorization.provider
    offered = plugins.authorizers().get(name)
    if offered is None:
        known = ", ".join(sorted(plugins.authorizers()))
        problem = config.settings.problem(
            "rpcauthprovider", f"there is no authorizer {name!r}", f"use one of: {known}"
        )
        raise ConfigError(str(problem))
    return cast("Authorizer", offered.make(config, "authorizer"))
