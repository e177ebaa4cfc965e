"""Variables of a broker's own process."""

import asyncio
import sys
from pathlib import Path

import pytest

from choria_testing.fixtures import MakeBroker


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not show it")
async def test_a_broker_gets_the_variables_that_its_options_name(make_broker: MakeBroker) -> None:
    broker = await make_broker(environment={"GOGC": "123"})
    environment = await asyncio.to_thread(Path(f"/proc/{broker.pid}/environ").read_bytes)
    assert b"GOGC=123" in environment.split(b"\0")
