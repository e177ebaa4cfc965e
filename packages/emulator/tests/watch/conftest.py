"""A fleet as it looks while it is watched."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest_asyncio
from msgspec.structs import replace

from choria_emulator.watch.figures import (
    LATENCY_BOUNDS_SECONDS,
    BrokerFigures,
    Counts,
    FleetFigures,
    WorkerFigures,
)

BEGIN = 1_700_000_000.0


def counts_of(*, latency: dict[float, int] | None = None, **counts: int) -> Counts:
    """Totals; ``latency`` gives replies by a bound of the histogram, or by infinity."""
    buckets = [0] * (len(LATENCY_BOUNDS_SECONDS) + 1)
    for bound, count in (latency or {}).items():
        known = bound in LATENCY_BOUNDS_SECONDS
        buckets[LATENCY_BOUNDS_SECONDS.index(bound) if known else -1] = count
    return Counts(latency=buckets, **counts)


def look(seconds: float = 0.0, **changes: Any) -> FleetFigures:
    """Figures of a fleet of 1,000 that is ready, so many seconds after it began."""
    basis = FleetFigures(
        time=BEGIN + seconds,
        uptime_seconds=seconds,
        name="node",
        wanted=1_000,
        connected=1_000,
        ready=1_000,
        is_ready=True,
        stage="running",
        counts=Counts(),
        workers=(worker(0), worker(1)),
    )
    return replace(basis, **changes)


def worker(number: int, **changes: Any) -> WorkerFigures:
    """One process, with 500 nodes in 20 MB."""
    basis = WorkerFigures(
        worker=number,
        pid=4_000 + number,
        wanted=500,
        connected=500,
        ready=500,
        memory_bytes=20_000_000,
        last_failure="",
        counts=Counts(),
    )
    return replace(basis, **changes)


def broker_figures(name: str = "broker0", **changes: Any) -> BrokerFigures:
    """A broker with 1,000 connections in 60 MB."""
    basis = BrokerFigures(
        name=name,
        url="nats://127.0.0.1:4222",
        connections=1_000,
        subscriptions=14_000,
        memory_bytes=60_000_000,
        cpu_percent=12.5,
        slow_consumers=2,
        in_messages=70,
        out_messages=80,
    )
    return replace(basis, **changes)


@pytest_asyncio.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    """What asks over HTTP."""
    async with aiohttp.ClientSession() as session:
        yield session
