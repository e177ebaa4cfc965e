"""The auditor that a server's configuration names."""

from collections.abc import Callable
from typing import cast

from choria_core.audit.auditor import Auditor
from choria_core.audit.trail import AuditTrail
from choria_core.errors import ConfigError, PluginError
from choria_core.network_config.server_config import ServerConfig
from choria_core.plugins import Plugins


def load_audit(
    config: ServerConfig,
    plugins: Plugins,
    *,
    on_lost: Callable[[], None],
    clock_ns: Callable[[], int],
) -> AuditTrail | None:
    """The audit of a server; as :func:`load_auditor`, and with the arguments of the trail."""
    auditor = load_auditor(config, plugins)
    if auditor is None:
        return None
    return AuditTrail(auditor, on_lost=on_lost, clock_ns=clock_ns)


def load_auditor(config: ServerConfig, plugins: Plugins) -> Auditor | None:
    """The auditor for a server; None where ``rpcaudit`` is off.

    Raises:
        ConfigError: nobody offers it, or it refuses the configuration.
        PluginError: it cannot be loaded.
    """
    if not config.audit.enabled:
        return None
    name = config.audit.provider
    offered = plugins.auditors().get(name)
    if offered is None:
        known = ", ".join(sorted(plugins.auditors()))
        problem = config.settings.problem(
            "rpcauditprovider",
            f"there is no auditor {name!r}",
            f"use one of: {known}" if known else "install choria-plugin-json-audit",
        )
        raise ConfigError(str(problem))
    auditor = offered.make(config, "auditor")
    if not callable(getattr(auditor, "record", None)):
        raise PluginError(offered.plugin, f"auditor {name} has no method record")
    return cast("Auditor", auditor)
