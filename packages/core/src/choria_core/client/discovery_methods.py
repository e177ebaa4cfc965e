"""Discovery methods that ask somebody else than the nodes; each is imported when it is used."""

from collections.abc import Awaitable, Callable, Iterable
from typing import cast

from choria_core.discovery.flat_file import find_in_file
from choria_core.discovery.request import (
    EXTERNAL,
    FLAT_FILE,
    INVENTORY,
    PUPPETDB,
    DiscoveryRequest,
)
from choria_core.errors import UsageError
from choria_core.network_config.client_config import ClientConfig
from choria_core.plugins import Plugins

Method = Callable[[DiscoveryRequest, ClientConfig], Awaitable[Iterable[str]]]


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
    method = cast("Method", offered[request.method].load())
    return list(await method(request, config))
