"""One suite for all connectors, on every event loop that programs run on."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from choria_core.nats.endpoint import Endpoint
from choria_core.nats.transport import StateListener, Transport
from choria_testing.certificates import Certificates, make_certificates
from choria_testing.connectors import CONNECTORS, Connect, ignore, load_connector
from choria_testing.fixtures import MakeBroker
from choria_testing.transport_logs import MessageLog, StateLog

LoopFactory = Callable[[], asyncio.AbstractEventLoop]


def pytest_asyncio_loop_factories() -> Mapping[str, LoopFactory]:
    """Asyncio's own loop, and uvloop where it exists."""
    factories: dict[str, LoopFactory] = {"asyncio": asyncio.new_event_loop}
    try:
        import uvloop
    except ImportError:
        return factories
    return {**factories, "uvloop": uvloop.new_event_loop}


@pytest_asyncio.fixture(params=CONNECTORS)
async def connect(
    request: pytest.FixtureRequest, make_broker: MakeBroker
) -> AsyncIterator[Connect]:
    """``connect`` of a connector; what it opened is closed before the brokers stop."""
    connect_for_real = load_connector(request.param)
    async with AsyncExitStack() as stack:

        async def opened(
            endpoint: Endpoint,
            *,
            name: str = "conformance",
            on_state: StateListener = ignore,
            timeout_seconds: float | None = 20.0,
            inbox_prefix: str = "_INBOX",
            no_echo: bool = False,
        ) -> Transport:
            transport = await connect_for_real(
                endpoint,
                name=name,
                on_state=on_state,
                timeout_seconds=timeout_seconds,
                inbox_prefix=inbox_prefix,
                no_echo=no_echo,
            )
            stack.push_async_callback(transport.close)
            return transport

        yield opened


@pytest_asyncio.fixture
async def messages() -> MessageLog:
    return MessageLog()


@pytest_asyncio.fixture
async def states() -> StateLog:
    return StateLog()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder: Path = tmp_path_factory.mktemp("certificates")
    return make_certificates(folder)
