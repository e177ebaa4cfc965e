"""What clients tell when the network fails them."""

import asyncio
from collections.abc import Iterable

import pytest

from choria_core.broker.server import Broker
from choria_core.client import intake as intakes
from choria_core.client.client import Client
from choria_core.client.intake import Intake
from choria_core.client.records import CallRequest
from choria_core.ddl.document import ActionDdl, Ddl, InputDdl, Metadata
from choria_core.discovery.request import DiscoveryRequest
from choria_core.errors import (
    ConnectError,
    DisconnectedError,
    LocalProtocolError,
    PayloadTooLargeError,
    PermissionsError,
)
from choria_core.nats.endpoint_url import parse_endpoint
from choria_core.nats.lean_transport import connect
from choria_testing.fixtures import MakeBroker, MakeProxy
from choria_testing.scripted_nodes import Asked, ScriptedNodes, scripted_nodes
from packages.core.tests.client.conftest import NODES, Configure

LARGE = Ddl(
    Metadata(name="large"), (ActionDdl(action="take", input={"text": InputDdl(type="string")}),)
)
NO_REPLIES = """
authorization {
  default_permissions: { publish: ">", subscribe: { deny: "*.reply.>" } }
  users: [ { user: ada, password: secret } ]
}
"""


async def test_a_broker_that_forbids_replies_is_the_cause_of_none(
    make_broker: MakeBroker, write_client: Configure
) -> None:
    broker = await make_broker(jetstream=False, extra_config=NO_REPLIES)
    config = write_client(
        f"plugin.choria.middleware_hosts = 127.0.0.1:{broker.port}",
        "plugin.nats.user = ada",
        "plugin.nats.pass = secret",
    )
    async with Client(config) as client:
        with pytest.raises(PermissionsError, match="Permissions Violation"):
            await client.discover(DiscoveryRequest(timeout_seconds=0.3))


async def test_a_broker_that_goes_away_is_the_cause_of_no_answer(
    plain_broker: Broker, nodes: ScriptedNodes, configure: Configure
) -> None:
    is_asked = asyncio.Event()

    def silent(_: Asked) -> Iterable[bytes]:
        is_asked.set()
        return []

    async def end_broker() -> None:
        await is_asked.wait()
        await plain_broker.stop()

    nodes.answer = silent
    request = CallRequest(agent="rpcutil", action="ping", nodes=NODES, timeout_seconds=3.0)
    async with Client(configure()) as client, asyncio.TaskGroup() as tasks:
        tasks.create_task(end_broker())
        call = client.call(request)
        with pytest.raises(DisconnectedError, match=r"lost|not connected|closed"):
            await call.result()
    assert call.stats.no_responses == NODES


async def until_lost(client: Client) -> None:
    """Wait until the client has seen that its connection is gone."""
    while client._transports[0].is_connected:  # noqa: ASYNC110 - it tells nobody
        await asyncio.sleep(0)


async def test_a_lost_connection_is_waited_for(
    plain_broker: Broker, nodes: ScriptedNodes, write_client: Configure, make_proxy: MakeProxy
) -> None:
    del nodes
    proxy = await make_proxy(plain_broker)
    hosts = f"plugin.choria.middleware_hosts = {proxy.url.rpartition('/')[2]}"
    wanted = DiscoveryRequest(timeout_seconds=60.0, expected=3)
    async with Client(write_client(hosts), connect_timeout_seconds=60.0) as client:
        assert await client.discover(wanted) == list(NODES)
        await proxy.cut()
        await until_lost(client)
        async with asyncio.TaskGroup() as tasks:
            finding = tasks.create_task(client.discover(wanted))
            await proxy.restore()
        assert finding.result() == list(NODES)


async def test_a_connection_that_is_lost_for_good_ends_with_its_cause(
    plain_broker: Broker, nodes: ScriptedNodes, configure: Configure
) -> None:
    del nodes
    wanted = DiscoveryRequest(timeout_seconds=60.0, expected=3)
    async with Client(configure(), connect_timeout_seconds=0.3) as client:
        assert await client.discover(wanted) == list(NODES)
        await plain_broker.kill()
        await until_lost(client)
        with pytest.raises(ConnectError, match="was lost"):
            await client.discover(wanted)


async def test_a_request_that_the_broker_does_not_take_is_not_sent(
    make_broker: MakeBroker, write_client: Configure
) -> None:
    broker = await make_broker(jetstream=False, max_payload_bytes=20_000)
    config = write_client(f"plugin.choria.middleware_hosts = 127.0.0.1:{broker.port}")
    request = CallRequest(
        agent="large", action="take", arguments={"text": "x" * 20_000}, ddl=LARGE, nodes=NODES
    )
    async with scripted_nodes(broker, *NODES) as nodes, Client(config) as client:
        with pytest.raises(PayloadTooLargeError):
            await client.call(request).result()
        assert not nodes.bodies


@pytest.mark.parametrize("subject", ["has blank", "$JS.API.STREAM.PURGE.X", "a.>", "a\r\nPUB x 0"])
async def test_replies_go_to_no_subject_that_could_do_harm(
    nodes: ScriptedNodes, configure: Configure, subject: str
) -> None:
    request = CallRequest(agent="rpcutil", action="ping", nodes=NODES)
    async with Client(configure()) as client:
        with pytest.raises(LocalProtocolError):
            await client.send(request, reply_to=subject)
    assert not nodes.bodies


async def test_replies_that_nobody_reads_fill_no_memory(
    plain_broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intakes, "MAX_HELD", 3)
    endpoint = parse_endpoint(plain_broker.url)
    async with await connect(endpoint, name="test") as transport:
        with Intake([transport], "replies") as intake:
            for number in range(5):
                await transport.publish("replies", b"%d" % number)
            await transport.flush()
            held = [body for _, some in intake.take() for _, _, _, body in some]
            assert held == [b"0", b"1", b"2"]
            assert intake.dropped == 2
            await transport.publish("replies", b"again")
            [(_, [delivery])] = await intake.next(asyncio.get_running_loop().time() + 30)
            assert delivery[3] == b"again"
        await transport.publish("replies", b"too late")
        await transport.flush()
        assert intake.take() == []
        assert transport.after_chunk == []
