"""Where a fleet runs: its brokers, its processes, and what is said before it starts."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from choria_emulator.watch.figures import BrokerFigures
from choria_emulator.worker.messages import TlsSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetNetwork:
    """Where a fleet runs.

    Attributes:
        servers: brokers of groups that name none.
        workers: processes.
        tls: None for plain connections.
        source_addresses: that connections come from.
        notes: what to say before it starts.
        spread: waits until brokers know of each other's subscriptions.
        broker_figures: what brokers tell just now.
    """

    servers: tuple[str, ...]
    workers: int
    tls: TlsSpec | None
    source_addresses: tuple[str, ...]
    notes: tuple[str, ...]
    spread: Callable[[], Awaitable[None]]
    broker_figures: Callable[[], Sequence[BrokerFigures]]
