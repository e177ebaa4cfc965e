"""What a server shows over HTTP, at our paths and those of the original."""

import contextlib
import os
import platform
from collections.abc import AsyncIterator, Mapping

from choria_core.network_config.protection import Tls
from choria_core.network_config.server_config import ServerConfig
from choria_core.node.gate import RequestCounts
from choria_core.server.figures import Figures
from choria_core.server.served_node import VERSION
from choria_core.server.server_metrics import ServerMetrics
from choria_core.server.uplink import Uplink
from choria_core.server.workload import Workload
from choria_core.telemetry.metrics import new_registry
from choria_core.telemetry.monitor import Check, Health, Monitor, json_route, metrics_route
from choria_core.telemetry.process_figures import rss_bytes


class Monitoring:
    """The metrics, health and figures of one server.

    Args:
        config: says where to listen, if at all.
        counts, figures, workload, uplink: what there is to show.

    Attributes:
        registry: where its metrics are.
        port: that it listens on; 0 while it does not.
    """

    def __init__(
        self,
        config: ServerConfig,
        *,
        counts: RequestCounts,
        figures: Figures,
        workload: Workload,
        uplink: Uplink,
    ) -> None:
        self.registry = new_registry()
        self.port = 0
        self._config = config
        self._counts = counts
        self._figures = figures
        self._workload = workload
        self._uplink = uplink
        ServerMetrics(
            config.identity,
            counts=counts,
            figures=figures,
            registry=self.registry,
        )

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Within the block it listens, where the configuration wants that.

        Raises:
            ConfigError: the port is taken, or the address not ours.
        """
        where = self._config.statistics
        if not where.port:
            yield
            return
        monitor = Monitor(
            self.registry,
            port=where.port,
            host=where.address,
            health=self.health,
            variables=self.variables,
            routes=[
                json_route("/choria/", self.about),
                metrics_route("/choria/prometheus", self.registry),
                metrics_route("/choria/metrics", self.registry),
            ],
        )
        async with monitor:
            self.port = monitor.port
            yield
        self.port = 0

    def health(self) -> Health:
        """Well while there is a connection."""
        broker = self._uplink.broker
        return Health((Check("broker connection", bool(broker), broker or "not connected"),))

    def variables(self) -> Mapping[str, object]:
        """Every count, for ``/debug/vars``."""
        counts, figures = self._counts, self._figures
        return {
            "identity": self._config.identity,
            "broker": self._uplink.broker,
            "requests": {name: getattr(counts, name) for name in counts.__slots__},
            "server": {name: getattr(figures, name) for name in figures.__slots__},
            "in_work": self._workload.size,
        }

    def about(self) -> Mapping[str, object]:
        """The document that the original shows at ``/choria/``."""
        protection = self._config.security.protection
        return {
            "build": {
                "version": VERSION,
                "sha": "unknown",
                "build_date": "unknown",
                "license": "Apache-2.0",
                "tls": protection.tls is not Tls.OFF,
                "secure": protection.signed,
                "go": f"python{platform.python_version()}",
                "max_broker_clients": 0,
            },
            "system": {
                "rss": rss_bytes(),
                "cpu_percent": 0.0,
                "cpu_cores": os.cpu_count() or 1,
            },
            "config_file": str(self._config.file),
            "identity": self._config.identity,
        }
