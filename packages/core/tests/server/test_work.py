"""Agents at work: services, ends in the middle of it, and too much of it."""

import asyncio
import json
import time
from typing import Any, ClassVar

import pytest
from structlog.testing import capture_logs

from choria_core.agents.agent import Agent, AgentRequest, RawAgent, action
from choria_core.broker.server import Broker
from choria_core.errors import ConfigError
from choria_core.hookspecs import AgentPlugin, hookimpl
from choria_core.plugins import Plugins
from choria_core.protocol.codec import codec_of, decode_transport
from choria_core.server.sparing_log import SparingLog
from choria_core.server.workload import Workload
from choria_testing.serving import REPLIES, core_plugins, serving
from packages.core.tests.server.conftest import ALICE, WriteConfig

NODE = "mcollective.node.node1.example"


class Gate:
    """Lets works begin, and end when the test says so."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.may_end = asyncio.Event()


class Slow(Agent):
    """Waits for the test."""

    name = "slow"
    description = "Waits"
    author = "Jane Doe <jane@example.net>"
    license = "Apache-2.0"
    version = "1.0.0"
    url = "https://example.net"
    timeout_seconds = 60
    gate: ClassVar[Gate]

    @action("Wait")
    async def wait(self, request: AgentRequest) -> None:
        self.gate.begun.set()
        await self.gate.may_end.wait()


class Counter(Slow):
    """A service."""

    name = "counter"
    service = True


class Large(RawAgent):
    """Answers more than brokers take, and not as RPC agents do."""

    name = "large"
    description = "Answers too much"
    author = "Jane Doe <jane@example.net>"
    license = "Apache-2.0"
    version = "1.0.0"
    url = "https://example.net"

    async def answer(self, request: AgentRequest, payload: bytes) -> bytes:
        return b"x" * 2_000_000


class Contribution:
    """A distribution with these agents."""

    @hookimpl
    def choria_agents(self) -> list[AgentPlugin]:
        return [AgentPlugin(one.name, one) for one in (Slow, Counter, Large)]


@pytest.fixture
def gate() -> Gate:
    Slow.gate = Gate()
    return Slow.gate


@pytest.fixture
def plugins() -> Plugins:
    plugins = core_plugins()
    plugins.register(Contribution(), "ours")
    return plugins


def wait_request(agent: str = "slow") -> dict[str, Any]:
    payload = json.dumps({"agent": agent, "action": "wait", "data": {}}).encode()
    return {"agent": agent, "payload": payload}


async def test_a_service_is_asked_through_its_queue_group(
    configure: WriteConfig, plain_broker: Broker, plugins: Plugins, gate: Gate
) -> None:
    gate.may_end.set()
    subject = "mcollective.broadcast.service.counter"
    async with serving(configure(), plain_broker, plugins=plugins) as node:
        await node.wire.subscribe(subject, node.replies.append, queue="counter")
        await node.wire.flush()
        for number in range(20):
            reply_to = f"{REPLIES}.service{number}"
            request = ALICE.request(
                reply_to=reply_to, now_ns=time.time_ns(), **wait_request("counter")
            )
            await node.send(request, subject)
        await node.ask(ALICE)

        taken = sum(one.subject == subject for one in node.replies)
        assert 0 < taken < 20
        assert node.server.node.counts.total == 20 - taken + 1


async def test_a_stop_finishes_what_is_in_work_and_takes_no_more(
    configure: WriteConfig, plain_broker: Broker, plugins: Plugins, gate: Gate
) -> None:
    config = configure("soft_shutdown_timeout = 30")
    async with serving(config, plain_broker, plugins=plugins) as node:
        asked = asyncio.create_task(node.ask(ALICE, NODE, **wait_request()))
        await gate.begun.wait()
        node.stop.set()
        gate.may_end.set()
        message = await asked
        shutdown = await node.event("shutdown")

    codec = codec_of(decode_transport(message.data).version)
    secure = codec.decode_secure_reply(decode_transport(message.data).document())
    assert json.loads(codec.decode_reply(secure.signed).payload)["statuscode"] == 0
    assert shutdown.version == ""


async def test_a_stop_gives_up_what_takes_too_long(
    configure: WriteConfig, plain_broker: Broker, plugins: Plugins, gate: Gate
) -> None:
    config = configure("soft_shutdown_timeout = 0")
    async with serving(config, plain_broker, plugins=plugins) as node:
        request = ALICE.request(
            reply_to=f"{REPLIES}.never", now_ns=time.time_ns(), **wait_request()
        )
        await node.send(request)
        await gate.begun.wait()
        node.stop.set()
        await node.event("shutdown")

    assert node.replies == []


async def test_a_raw_reply_that_is_too_large_is_not_sent(
    configure: WriteConfig, plain_broker: Broker, plugins: Plugins, gate: Gate
) -> None:
    async with serving(configure(), plain_broker, plugins=plugins) as node:
        request = ALICE.request(reply_to=f"{REPLIES}.no", now_ns=time.time_ns(), agent="large")
        await node.send(request)
        await node.ask(ALICE)

        assert len(node.replies) == 1
        assert node.server.figures.large_replies == 1


async def test_a_server_stops_before_it_was_ever_connected(configure: WriteConfig) -> None:
    config = configure("plugin.choria.middleware_hosts = 127.0.0.1:1")
    from choria_core.server.service import Server

    stop = asyncio.Event()
    stop.set()

    await Server(config, core_plugins()).run(stop)


async def test_a_missing_certificate_is_named_before_anything_begins(
    configure: WriteConfig,
) -> None:
    from choria_core.server.service import Server

    config = configure("plugin.security.file.ca = /nowhere/ca.pem", insecure=False)
    with pytest.raises(ConfigError, match=r"plugin\.security\.file\.certificate"):
        Server(config, core_plugins())


async def test_there_is_room_for_so_much_work_at_once() -> None:
    async def wait() -> None:
        await asyncio.Event().wait()

    async with Workload(most=2) as workload:
        for _ in range(2):
            assert workload.has_room
            workload.start(wait())
        assert not workload.has_room
        assert await workload.settle(seconds=0) == 2

    assert workload.size == 0


async def test_work_that_fails_is_logged_and_makes_room() -> None:
    async def fail() -> None:
        raise ValueError("a bug")

    async with Workload(most=1) as workload:
        workload.start(fail())
        assert await workload.settle(seconds=5) == 0
        assert workload.has_room


def test_a_flood_of_refusals_does_not_flood_the_log() -> None:
    now = 10**18
    with capture_logs() as logs:
        log = SparingLog(lambda: now)
        for _ in range(1_000):
            log.warning("refused", cause="noise")
        log.warning("dropped")
        now += 10**9
        log.warning("refused", cause="noise")
        now -= 10**10  # the clock was set back
        log.warning("refused", cause="noise")

    assert [(line["event"], line.get("left_out", 0)) for line in logs] == [
        ("refused", 0),
        ("dropped", 0),
        ("refused", 999),
        ("refused", 0),
    ]
