"""Logs and counts what happens to a program's connections.

Make one :class:`ConnectionObserver` per program, and a listener per connection::

    observer = ConnectionObserver(registry)
    source = await connect(endpoint, name="…", on_state=observer.listener("source"))
"""

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge

from choria_core.nats.transport import ConnectionState, StateChange, StateListener


class ConnectionObserver:
    """The collectors of all connections of one program.

    ``choria_core_connection_changes_total`` counts changes of state; a server
    that stays away is one change, however often it is tried.
    ``choria_core_connection_up`` is 1 while a server is reachable.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._changes = Counter(
            "choria_core_connection_changes",
            "How often a NATS connection came into a state",
            ["connection", "state"],
            registry=registry,
        )
        self._up = Gauge(
            "choria_core_connection_up",
            "Whether a NATS connection is up",
            ["connection"],
            registry=registry,
        )

    def listener(self, connection: str) -> StateListener:
        """What a connector calls with every change of the connection called ``connection``."""
        for state in ConnectionState:
            self._changes.labels(connection, state.value)
        self._up.labels(connection).set(0)
        return _Listener(self, connection)

    def count(self, connection: str, state: ConnectionState) -> None:
        """Count that ``connection`` came into ``state``."""
        self._changes.labels(connection, state.value).inc()
        self._up.labels(connection).set(state is ConnectionState.CONNECTED)


class _Listener:
    """Counts changes of one connection and logs each new cause once."""

    def __init__(self, observer: ConnectionObserver, connection: str) -> None:
        self._observer = observer
        self._connection = connection
        self._state: ConnectionState | None = None
        self._told: set[tuple[str, str]] = set()
        self._log = structlog.get_logger("choria.connection")

    def __call__(self, change: StateChange) -> None:
        if change.state is not self._state:
            self._state = change.state
            self._told.clear()
            self._observer.count(self._connection, change.state)
        elif (change.server, change.cause) in self._told:
            return
        self._told.add((change.server, change.cause))
        self._write(change)

    def _write(self, change: StateChange) -> None:
        details = {"connection": self._connection, "server": change.server}
        if change.cause:
            details["cause"] = change.cause
        match change.state:
            case ConnectionState.CONNECTED:
                self._log.info("connected", **details)
            case ConnectionState.DISCONNECTED:
                self._log.warning("not connected", **details)
            case ConnectionState.CLOSED:
                self._log.info("connection closed", **details)
