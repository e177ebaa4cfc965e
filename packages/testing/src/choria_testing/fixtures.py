"""Pytest fixtures: real brokers, in every constellation that tests need, Consul and etcd.

Each broker is fresh, has JetStream on an empty store and ends with its test;
one starts in about a tenth of a second.  ``make_broker(**settings)`` takes
every field of ``BrokerOptions``; the other fixtures are for common cases.
Certificates are made once for each run.

``consul`` and ``etcd`` are shared by the whole run: keep to keys of your own.
``make_consul`` and ``make_etcd`` give servers that a test may stop and kill.
"""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Iterator
from typing import Protocol, Unpack

import pytest
import pytest_asyncio

from choria_core.broker.server import Broker
from choria_testing import brokers, secured_brokers
from choria_testing.broker_settings import BrokerSettings
from choria_testing.browser import Browser, open_browser
from choria_testing.certificates import Certificates, make_certificates
from choria_testing.clock import ManualClock
from choria_testing.consul_agent import ConsulAgent
from choria_testing.etcd_server import EtcdServer
from choria_testing.peers import require_peer
from choria_testing.proxy import Proxy
from choria_testing.secured_brokers import SecuredBroker


class MakeBroker(Protocol):
    """``await make_broker(**settings)``: another broker, which ends with the test."""

    def __call__(self, **settings: Unpack[BrokerSettings]) -> Awaitable[Broker]:
        """Start a broker; ``settings`` are fields of ``BrokerOptions``."""


class MakeProxy(Protocol):
    """``await make_proxy(broker)``: a proxy before a broker, which ends with the test."""

    def __call__(self, broker: Broker, *, delay_seconds: float = 0.0) -> Awaitable[Proxy]:
        """Open a proxy; the delay is one way, for each direction."""


class MakeConsul(Protocol):
    """``await make_consul()``: another Consul agent, which ends with the test."""

    def __call__(self, *, keeps_data: bool = False, settings: str = "") -> Awaitable[ConsulAgent]:
        """Start an agent; the arguments are those of ``ConsulAgent``."""


class MakeEtcd(Protocol):
    """``await make_etcd()``: another etcd, which ends with the test."""

    def __call__(self) -> Awaitable[EtcdServer]:
        """Start a server."""


@pytest_asyncio.fixture
async def make_broker() -> AsyncIterator[MakeBroker]:
    """A function that starts brokers, with JetStream unless told otherwise."""
    async with contextlib.AsyncExitStack() as stack:

        async def make(**settings: Unpack[BrokerSettings]) -> Broker:
            return await stack.enter_async_context(brokers.jetstream_broker(**settings))

        yield make


@pytest_asyncio.fixture
async def broker(make_broker: MakeBroker) -> Broker:
    """A JetStream broker."""
    return await make_broker()


@pytest_asyncio.fixture
async def broker_pair(make_broker: MakeBroker) -> tuple[Broker, Broker]:
    """Two JetStream brokers that know nothing of each other: a source and a target."""
    return await make_broker(), await make_broker()


@pytest_asyncio.fixture
async def jetstream_cluster() -> AsyncIterator[brokers.JetStreamCluster]:
    """Three brokers that keep streams together."""
    async with brokers.jetstream_cluster() as cluster:
        yield cluster


@pytest_asyncio.fixture
async def leafnode_pair() -> AsyncIterator[brokers.LeafnodePair]:
    """Two JetStream brokers, one joined to the other as a leafnode."""
    async with brokers.leafnode_pair() as pair:
        yield pair


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """An authority, a server, a client, and a stranger."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest_asyncio.fixture
async def tls_broker(make_broker: MakeBroker, certificates: Certificates) -> Broker:
    """A broker that takes TLS connections only."""
    return await make_broker(tls=certificates.broker_tls())


@pytest_asyncio.fixture
async def mutual_tls_broker(make_broker: MakeBroker, certificates: Certificates) -> Broker:
    """A TLS broker that demands a client certificate."""
    return await make_broker(tls=certificates.broker_tls(verify=True))


@pytest_asyncio.fixture
async def tls_first_broker(make_broker: MakeBroker, certificates: Certificates) -> Broker:
    """A TLS broker that greets only after the handshake."""
    return await make_broker(tls=certificates.broker_tls(handshake_first=True))


@pytest_asyncio.fixture
async def password_broker() -> AsyncIterator[SecuredBroker]:
    """A broker with a user and a password."""
    async with secured_brokers.password_broker() as secured:
        yield secured


@pytest_asyncio.fixture
async def token_broker() -> AsyncIterator[SecuredBroker]:
    """A broker with one token for everybody."""
    async with secured_brokers.token_broker() as secured:
        yield secured


@pytest_asyncio.fixture
async def nkey_broker() -> AsyncIterator[SecuredBroker]:
    """A broker that knows a user by its public nkey."""
    async with secured_brokers.nkey_broker() as secured:
        yield secured


@pytest_asyncio.fixture
async def jwt_broker() -> AsyncIterator[SecuredBroker]:
    """A broker in operator mode, with ``.creds`` files."""
    async with secured_brokers.jwt_broker() as secured:
        yield secured


@pytest_asyncio.fixture
async def make_proxy() -> AsyncIterator[MakeProxy]:
    """A function that puts proxies before brokers."""
    async with contextlib.AsyncExitStack() as stack:

        async def make(broker: Broker, *, delay_seconds: float = 0.0) -> Proxy:
            proxy = Proxy("127.0.0.1", broker.port, delay_seconds=delay_seconds)
            return await stack.enter_async_context(proxy)

        yield make


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def consul() -> AsyncIterator[ConsulAgent]:
    """A Consul agent for the whole run; never stopped."""
    async with ConsulAgent(require_peer("consul")) as agent:
        yield agent


@pytest_asyncio.fixture
async def make_consul() -> AsyncIterator[MakeConsul]:
    """A function that starts Consul agents, which may be stopped and killed."""
    program = require_peer("consul")
    async with contextlib.AsyncExitStack() as stack:

        async def make(*, keeps_data: bool = False, settings: str = "") -> ConsulAgent:
            agent = ConsulAgent(program, keeps_data=keeps_data, settings=settings)
            return await stack.enter_async_context(agent)

        yield make


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def etcd() -> AsyncIterator[EtcdServer]:
    """An etcd for the whole run; never stopped."""
    async with EtcdServer(require_peer("etcd")) as server:
        yield server


@pytest_asyncio.fixture
async def make_etcd() -> AsyncIterator[MakeEtcd]:
    """A function that starts etcd servers, which may be stopped and killed."""
    program = require_peer("etcd")
    async with contextlib.AsyncExitStack() as stack:

        async def make() -> EtcdServer:
            return await stack.enter_async_context(EtcdServer(program))

        yield make


@pytest.fixture
def manual_clock() -> ManualClock:
    """Time that passes only when the test says so."""
    return ManualClock()


@pytest.fixture(scope="session")
def browser_window() -> Iterator[Browser]:
    """A real browser, begun once for each run; tests want :func:`browser`."""
    with open_browser() as window:
        yield window


@pytest_asyncio.fixture
async def browser(browser_window: Browser) -> Browser:
    """The browser with an empty window."""
    await browser_window.reset()
    return browser_window
