"""Discovery methods that ask somebody else than the nodes; each is imported when it is used."""

import inspect

from choria_core.discovery.flat_file import find_in_file
from choria_core.discovery.request import (
    EXTERNAL,
    FLAT_FILE,
    INVENTORY,
    PUPPETDB,
    DiscoveryRequest,
)
from choria_core.errors import ChoriaError, PluginError, UsageError
from choria_core.hookspecs import DiscoveryMethodPlugin
from choria_core.network_config.client_config import ClientConfig
from choria_core.plugins import Offered, Plugins
from choria_core.protocol.names import is_identity


async def find_without_asking(
    request: DiscoveryRequest, config: ClientConfig, plugins: Plugins | None
) -> list[str]:
    """The identities that the method of a complete request knows.

    Raises:
        UsageError: nobody knows the method, or it does not understand the filter.
        ConfigError: it lacks a setting.
        WorkError: its source is not as it should be.
        PluginError: the method of a plugin cannot be used.
    """
    if request.method in FLAT_FILE:
        return find_in_file(request)
    if request.method == INVENTORY:
        from choria_core.discovery.inventory_file import find_in_inventory

        return find_in_inventory(request, config)
    if request.method == EXTERNAL:
        from choria_core.discovery.external import find_by_program

        return await find_by_program(request, config)
    if request.method in PUPPETDB:
        from choria_core.discovery.puppetdb import find_in_puppetdb

        return await find_in_puppetdb(request, config)
    offered = {} if plugins is None else plugins.discovery_methods()
    if request.method not in offered:
        known = ", ".join(sorted(offered)) or "none"
        raise UsageError(
            f"there is no discovery method {request.method!r}; use mc, choria, file, external, "
            f"inventory or one of a plugin ({known})"
        )
    return await _ask_plugin(offered[request.method], request, config)


async def _ask_plugin(
    offered: Offered[DiscoveryMethodPlugin], request: DiscoveryRequest, config: ClientConfig
) -> list[str]:
    method = offered.load()
    what = f"its discovery method {offered.offer.name}"
    if not inspect.iscoroutinefunction(method):
        raise PluginError(offered.plugin, f"{what} is no async function")
    try:
        found = list(await method(request, config))
    except ChoriaError:
        raise
    except Exception as error:
        problem = f"{what} failed: {type(error).__name__}: {error}"
        raise PluginError(offered.plugin, problem) from error
    for name in found:
        if not isinstance(name, str) or not is_identity(name):
            raise PluginError(offered.plugin, f"{what} gives {name!a:.80}, which is no node's name")
    return found
