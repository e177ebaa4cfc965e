"""What the connector over nats-py does beyond the contract; the rest is transport_conformance."""

import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from nats.aio.client import Client
from structlog.testing import capture_logs

from choria_core.broker.options import BrokerOptions
from choria_core.broker.server import Broker, start_broker
from choria_core.nats.endpoint_url import parse_endpoint
from choria_core.nats.nats_link import NatsLink
from choria_core.nats.nats_transport import connect
from choria_core.nats.transport import ConnectionState, Message
from choria_testing.transport_logs import MessageLog, StateLog


def write_config(path: Path, *, password: str, more: str = "") -> None:
    user = f'user: ann, password: "{password}"'
    path.write_text(f"listen: 127.0.0.1:-1\nauthorization {{ users: [ {{ {user} {more} }} ] }}\n")


@pytest_asyncio.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[tuple[Broker, Path]]:
    """A broker that lets in user ann with the password ``old``, and its configuration."""
    config = tmp_path / "guarded.conf"
    write_config(config, password="old")
    async with start_broker(BrokerOptions(config_file=config)) as broker:
        yield broker, config


@pytest.mark.parametrize(
    "name",
    ["_process_op_err", "_process_err", "_process_info", "_process_msg", "ssl_context"],
)
def test_nats_py_still_calls_what_we_put_in_its_place(name: str) -> None:
    """These are inner parts of nats-py: a release that renames them must not pass unnoticed."""
    assert hasattr(Client, name)
    assert getattr(NatsLink, name) is not getattr(Client, name)


async def test_failing_handlers_are_counted_and_logged(broker: Broker) -> None:
    def fail(_message: Message) -> None:
        raise ValueError("on purpose")

    async with await connect(parse_endpoint(broker.url), name="counting") as transport:
        await transport.subscribe("news", fail)
        with capture_logs() as lines:
            for _ in range(3):
                await transport.publish("news")
            await transport.flush()

        assert transport.handler_errors == 3
        assert [line["event"] for line in lines] == ["a subscription's handler failed"] * 3
        assert all(line["connection"] == "counting" for line in lines)


async def test_a_user_thrown_out_comes_back_when_let_in_again(
    guarded: tuple[Broker, Path], states: StateLog, messages: MessageLog
) -> None:
    """nats-py alone would close for good at the server's authorization error."""
    broker, config = guarded
    endpoint = parse_endpoint(broker.url.replace("://", "://ann:old@"))
    async with await connect(endpoint, name="test", on_state=states) as transport:
        await transport.subscribe("news", messages)

        write_config(config, password="new")
        os.kill(broker.pid, signal.SIGHUP)
        refusal = await states.until(ConnectionState.DISCONNECTED, count=3)
        write_config(config, password="old")
        os.kill(broker.pid, signal.SIGHUP)
        await states.until(ConnectionState.CONNECTED, count=2)
        await transport.publish("news", b"x")

        await messages.until(1)
        assert "authorization" in refusal.cause.lower()


async def test_a_subject_that_is_not_allowed_ends_nothing(
    guarded: tuple[Broker, Path], messages: MessageLog
) -> None:
    broker, config = guarded
    write_config(config, password="old", more=', permissions: { publish: "open.>" }')
    await broker.restart()
    endpoint = parse_endpoint(broker.url.replace("://", "://ann:old@"))
    async with await connect(endpoint, name="test") as transport:
        await transport.subscribe("open.>", messages)
        with capture_logs() as lines:
            await transport.publish("closed.subject", b"x")
            await transport.flush()

        await transport.publish("open.subject", b"x")

        await messages.until(1)
        assert transport.is_connected
        assert [line["event"] for line in lines] == ["the server complains"]
        assert "permissions violation" in lines[0]["cause"]


@pytest_asyncio.fixture
async def messages() -> MessageLog:
    return MessageLog()


@pytest_asyncio.fixture
async def states() -> StateLog:
    return StateLog()
