"""From no connection to the first."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from choria_core.broker.options import ANY_PORT
from choria_core.broker.server import Broker
from choria_core.errors import AuthenticationError, ConnectError
from choria_core.nats.endpoint import Endpoint, ServerAddress
from choria_core.nats.endpoint_url import parse_endpoint
from choria_core.nats.transport import ConnectionState
from choria_testing.brokers import monitor_answer
from choria_testing.connectors import Connect
from choria_testing.fixtures import MakeBroker
from choria_testing.proxy import Proxy
from choria_testing.secured_brokers import password_broker
from choria_testing.transport_logs import StateLog

CONNECTED, DISCONNECTED = ConnectionState.CONNECTED, ConnectionState.DISCONNECTED


@pytest.fixture
def nobody() -> Iterator[ServerAddress]:
    """Where nobody listens, nor can."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield ServerAddress("127.0.0.1", holder.getsockname()[1])


@pytest_asyncio.fixture
async def mute() -> AsyncIterator[ServerAddress]:
    """A server that takes connections and says nothing."""

    async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(wait, "127.0.0.1", 0)
    yield ServerAddress("127.0.0.1", server.sockets[0].getsockname()[1])
    server.close()


@pytest_asyncio.fixture
async def web() -> AsyncIterator[ServerAddress]:
    """A server that speaks something else."""

    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    yield ServerAddress("127.0.0.1", server.sockets[0].getsockname()[1])
    server.close()


async def test_the_server_is_described(
    connect: Connect, make_broker: MakeBroker, states: StateLog
) -> None:
    broker = await make_broker(name="one", max_payload_bytes=4096, jetstream=True)
    endpoint = parse_endpoint(broker.url)

    transport = await connect(endpoint, on_state=states)

    assert transport.is_connected
    assert transport.server.name == "one"
    assert transport.server.max_payload_bytes == 4096
    assert transport.server.release >= (2, 14, 0)
    assert transport.server.url == str(endpoint)
    assert transport.server.server_id.startswith("N")
    assert transport.server.jetstream
    assert [(change.state, change.server) for change in states.changes] == [
        (CONNECTED, str(endpoint))
    ]


async def test_the_server_sees_our_name(connect: Connect, make_broker: MakeBroker) -> None:
    broker = await make_broker(monitor_port=ANY_PORT)

    await connect(parse_endpoint(broker.url), name="a name of ours")

    match await monitor_answer(broker, "connz"):
        case {"connections": [{"name": name}]}:
            assert name == "a name of ours"
        case other:
            pytest.fail(f"unexpected: {other}")


async def test_an_absent_server_is_tried_until_it_comes(
    connect: Connect, broker: Broker, states: StateLog
) -> None:
    async with Proxy("127.0.0.1", broker.port) as proxy:
        await proxy.cut()
        connecting = asyncio.create_task(
            connect(parse_endpoint(proxy.url), on_state=states, timeout_seconds=None)
        )
        failure = await states.until(DISCONNECTED, count=3)
        await proxy.restore()
        transport = await connecting

        assert transport.is_connected
        assert states.states == [DISCONNECTED, CONNECTED]
        assert failure.server == proxy.url
        assert failure.cause
        await transport.close()


async def test_the_first_connect_may_be_limited_in_time(
    connect: Connect, nobody: ServerAddress
) -> None:
    other = ServerAddress("127.0.0.1", nobody.port, "nats")

    with pytest.raises(ConnectError) as caught:
        await connect(Endpoint((nobody, other)), timeout_seconds=1.0)

    assert f"{nobody},{other}" in str(caught.value)
    assert "1 s" in str(caught.value)
    assert "refused" in str(caught.value).lower()


async def test_a_server_that_does_not_greet_is_given_up(
    connect: Connect, mute: ServerAddress, broker: Broker, states: StateLog
) -> None:
    (good,) = parse_endpoint(broker.url).servers

    transport = await connect(Endpoint((mute, good), connect_timeout_seconds=0.2), on_state=states)

    assert transport.server.url == str(good)
    assert (await states.until(DISCONNECTED)).server == str(mute)
    assert "0.2 s" in states.changes[0].cause


async def test_a_server_of_another_kind_is_given_up(
    connect: Connect, web: ServerAddress, broker: Broker, states: StateLog
) -> None:
    (good,) = parse_endpoint(broker.url).servers

    transport = await connect(Endpoint((web, good)), on_state=states)

    assert transport.server.url == str(good)
    assert [(change.state, change.server) for change in states.changes] == [
        (DISCONNECTED, str(web)),
        (CONNECTED, str(good)),
    ]


async def test_servers_are_tried_in_their_order(
    connect: Connect, make_broker: MakeBroker, nobody: ServerAddress, states: StateLog
) -> None:
    first, second = await make_broker(), await make_broker()
    servers = (nobody, *parse_endpoint(f"{first.url},{second.url}").servers)

    for _ in range(3):
        transport = await connect(Endpoint(servers), on_state=states)
        assert transport.server.url == first.url

    assert states.changes[0].server == str(nobody)


async def test_one_server_may_refuse_if_another_takes_us(
    connect: Connect, broker: Broker, states: StateLog
) -> None:
    async with password_broker() as secured:
        endpoint = parse_endpoint(f"{secured.broker.url},{broker.url}", credentials=secured.wrong)

        transport = await connect(endpoint, on_state=states)

        assert transport.server.url == broker.url
        assert states.changes[0].server == secured.broker.url


async def test_refused_by_all_that_can_be_reached(connect: Connect, nobody: ServerAddress) -> None:
    async with password_broker() as secured:
        (closed,) = parse_endpoint(secured.broker.url).servers
        endpoint = Endpoint((nobody, closed), secured.wrong)

        with pytest.raises(AuthenticationError) as caught:
            await connect(endpoint, timeout_seconds=None)

        assert str(closed) in str(caught.value)


async def test_giving_up_leaves_nothing_behind(
    connect: Connect, nobody: ServerAddress, mute: ServerAddress
) -> None:
    before = asyncio.all_tasks()
    states = StateLog()
    connecting = asyncio.create_task(
        connect(Endpoint((nobody, mute)), on_state=states, timeout_seconds=None)
    )
    await states.until(DISCONNECTED)

    connecting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await connecting

    left = asyncio.all_tasks() - before  # the mute server's, until it sees that we hung up
    assert not left or not (await asyncio.wait(left, timeout=20))[1]
