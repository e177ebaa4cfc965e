"""All adapters of one process, their monitor and their end.

await AdapterService(config, adapters).run(stop)
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import asdict
from typing import Final

from choria_core.nats.connection_observer import ConnectionObserver
from choria_core.network.party import server_party
from choria_core.network_config.server_config import ServerConfig
from choria_core.telemetry.logs import get_logger
from choria_core.telemetry.metrics import new_registry
from choria_core.telemetry.monitor import Health, Monitor, metrics_route
from choria_plugin_adapter.adapter import Adapter
from choria_plugin_adapter.adapter_metrics import AdapterMetrics
from choria_plugin_adapter.settings import Adapters, AdapterSettings
from choria_plugin_adapter.trust import NodeTrust, check_signed, check_verifiable, node_trust
from choria_plugin_adapter.verifying import NodeVerifier

_log: Final = get_logger("choria.adapter")


class AdapterService:
    """The adapters of a configuration.

    Args:
        config: of the program.
        adapters: read from it.
        port: of the monitor, in place of the configuration's; 0 picks a free one.
        clock_ns: unix time.

    Raises:
        ConfigError: a key, certificate or token is missing or unusable, or an adapter is to
            verify what cannot be verified.

    Attributes:
        adapters: those that run.
        port: that the monitor listens on; 0 while it does not.
    """

    def __init__(
        self,
        config: ServerConfig,
        adapters: Adapters,
        *,
        port: int | None = None,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.port = 0
        self.registry = new_registry()
        self._config = config
        self._warnings = (*config.warnings, *adapters.warnings)
        self._asked_port = port
        party, trust = server_party(config), trust_of(config, adapters)
        observer = ConnectionObserver(self.registry)
        self.adapters = tuple(
            Adapter(
                config,
                settings,
                party,
                verifier=_verifier(settings, trust, clock_ns()),
                observe=observer.listener,
                clock_ns=clock_ns,
            )
            for settings in adapters.adapters
        )
        AdapterMetrics(config.identity, self.adapters, registry=self.registry)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop``, then finish what was taken.

        Raises:
            ExceptionGroup: of the ChoriaErrors that ended adapters.
            ConfigError: the port of the monitor is taken.
        """
        for warning in self._warnings:
            _log.warning(str(warning))
        async with self._monitor(), asyncio.TaskGroup() as group:
            for adapter in self.adapters:
                group.create_task(adapter.run(stop), name=f"adapter {adapter.settings.name}")

    def health(self) -> Health:
        """Well while every adapter is connected and the stream takes what it writes."""
        return Health(tuple(check for adapter in self.adapters for check in adapter.checks()))

    def variables(self) -> Mapping[str, object]:
        """Every count, for ``/debug/vars``."""
        return {adapter.settings.name: asdict(adapter.figures) for adapter in self.adapters}

    @contextlib.asynccontextmanager
    async def _monitor(self) -> AsyncIterator[None]:
        where = self._config.statistics
        port = where.port or None if self._asked_port is None else self._asked_port
        if port is None:
            yield
            return
        monitor = Monitor(
            self.registry,
            port=port,
            host=where.address,
            health=self.health,
            variables=self.variables,
            routes=[
                metrics_route("/choria/prometheus", self.registry),
                metrics_route("/choria/metrics", self.registry),
            ],
        )
        async with monitor:
            self.port = monitor.port
            _log.info("the monitor listens", port=monitor.port)
            yield
        self.port = 0


def trust_of(config: ServerConfig, adapters: Adapters) -> NodeTrust | None:
    """Who vouches for nodes; None where no adapter verifies.

    Raises:
        ConfigError: an adapter is to verify what cannot be verified.
    """
    verifying = [settings for settings in adapters.adapters if settings.verify]
    if not verifying:
        return None
    for settings in verifying:
        check_signed(config, settings)
    trust = node_trust(config)
    for settings in verifying:
        check_verifiable(config, settings, trust)
    return trust


def _verifier(
    settings: AdapterSettings, trust: NodeTrust | None, started_ns: int
) -> NodeVerifier | None:
    if trust is None or not settings.verify:
        return None
    return NodeVerifier(x509=trust.x509, tokens=trust.tokens, started_ns=started_ns)
