"""Counting and logging of changes of state."""

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from choria_core.nats.connection_observer import ConnectionObserver
from choria_core.nats.transport import ConnectionState, StateChange

SERVER = "nats://one.example:4222"
UP = StateChange(ConnectionState.CONNECTED, SERVER)
DOWN = StateChange(ConnectionState.DISCONNECTED, SERVER, "refused")
CLOSED = StateChange(ConnectionState.CLOSED, SERVER)


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def changes(registry: CollectorRegistry, state: str, connection: str = "source") -> float | None:
    return registry.get_sample_value(
        "choria_core_connection_changes_total", {"connection": connection, "state": state}
    )


def up(registry: CollectorRegistry) -> float | None:
    return registry.get_sample_value("choria_core_connection_up", {"connection": "source"})


def test_a_connection_starts_at_zero(registry: CollectorRegistry) -> None:
    ConnectionObserver(registry).listener("source")

    assert changes(registry, "connected") == 0
    assert up(registry) == 0


def test_each_change_of_state_is_counted(registry: CollectorRegistry) -> None:
    tell = ConnectionObserver(registry).listener("source")

    tell(UP)
    tell(DOWN)
    assert up(registry) == 0
    tell(UP)
    assert up(registry) == 1
    tell(CLOSED)

    assert changes(registry, "connected") == 2
    assert changes(registry, "disconnected") == 1
    assert changes(registry, "closed") == 1
    assert up(registry) == 0


def test_a_server_that_stays_away_is_one_change_and_one_line(registry: CollectorRegistry) -> None:
    tell = ConnectionObserver(registry).listener("source")

    with capture_logs() as lines:
        for _ in range(5):
            tell(DOWN)

    assert changes(registry, "disconnected") == 1
    assert len(lines) == 1


def test_a_new_cause_is_logged(registry: CollectorRegistry) -> None:
    tell = ConnectionObserver(registry).listener("source")

    with capture_logs() as lines:
        tell(DOWN)
        tell(StateChange(ConnectionState.DISCONNECTED, SERVER, "wrong password"))
        tell(UP)
        tell(DOWN)

    assert [line["event"] for line in lines] == [
        "not connected",
        "not connected",
        "connected",
        "not connected",
    ]
    assert lines[1] == {
        "event": "not connected",
        "log_level": "warning",
        "connection": "source",
        "server": SERVER,
        "cause": "wrong password",
    }


def test_several_connections_share_one_registry(registry: CollectorRegistry) -> None:
    observer = ConnectionObserver(registry)

    observer.listener("source")(UP)
    observer.listener("target")(DOWN)

    assert changes(registry, "connected", "source") == 1
    assert changes(registry, "connected", "target") == 0
