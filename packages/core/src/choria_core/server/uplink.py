"""The connection of a server, as its agents and its status show it."""

from choria_core.agents.node import ConnectionFacts, NetworkFacts
from choria_core.nats.endpoint import PING_INTERVAL_SECONDS
from choria_core.nats.lean_transport import UNANSWERED_PINGS, LeanTransport
from choria_core.network_config.protection import Tls
from choria_core.network_config.server_config import ServerConfig
from choria_core.server.figures import Figures


class Uplink:
    """What there is to say of a connection, also before it is there.

    Args:
        config: of the server.
        figures: count its messages.

    Attributes:
        transport: the connection; None until it is there.
    """

    def __init__(self, config: ServerConfig, figures: Figures) -> None:
        self.transport: LeanTransport | None = None
        self._config = config
        self._figures = figures

    @property
    def is_up(self) -> bool:
        """Whether a broker is reachable right now."""
        return self.transport is not None and self.transport.is_connected

    @property
    def broker(self) -> str:
        """URL of the broker; empty while there is none."""
        if self.transport is None or not self.transport.is_connected:
            return ""
        return self.transport.server.url

    def connection(self) -> ConnectionFacts:
        """The connection at this moment."""
        figures, transport, brokers = self._figures, self.transport, self._config.brokers
        servers = () if transport is None else tuple(map(str, transport.endpoint.servers))
        return ConnectionFacts(
            name=self._config.certname,
            connected_server=self.broker,
            servers=servers,
            has_tls=self._config.security.protection.tls is not Tls.OFF,
            connect_timeout_seconds=brokers.connect_timeout_seconds,
            ping_interval_seconds=PING_INTERVAL_SECONDS,
            max_outstanding_pings=UNANSWERED_PINGS,
            in_messages=figures.in_messages,
            out_messages=figures.out_messages,
            in_bytes=figures.in_bytes,
            out_bytes=figures.out_bytes,
            reconnects=0 if transport is None else max(0, transport.connections - 1),
        )

    def network(self) -> NetworkFacts:
        """How the network is found and trusted."""
        brokers, transport = self._config.brokers, self.transport
        servers = brokers.hosts if transport is None else transport.endpoint.servers
        return NetworkFacts(
            is_signed=self._config.security.protection.signed,
            srv_domain=brokers.srv_domain,
            uses_srv=brokers.use_srv,
            brokers=tuple(f"{server.host}:{server.port}" for server in servers),
        )
