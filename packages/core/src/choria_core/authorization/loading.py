"""The authorizer that a server's configuration names."""

from typing import cast

from choria_core.authorization.authorizer import Authorizer
from choria_core.errors import ChoriaError, ConfigError, PluginError
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
    make = offered.load()
    if not callable(make):
        raise PluginError(offered.plugin, f"{offered.offer.target} is no maker of authorizers")
    try:
        authorizer = make(config)
    except ChoriaError:
        raise
    except Exception as error:
        raise PluginError(offered.plugin, f"authorizer {name} cannot be made: {error}") from error
    return cast("Authorizer", authorizer)
