"""A crossing for each test: two fresh brokers and the program between them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from choria_core.broker.server import Broker
from choria_testing.crossing import Crossing, crossing_of


@pytest_asyncio.fixture
async def crossing(broker_pair: tuple[Broker, Broker], tmp_path: Path) -> AsyncIterator[Crossing]:
    """Two brokers, and `choria replicate` to run between them."""
    async with crossing_of(*broker_pair, tmp_path) as crossing:
        yield crossing
