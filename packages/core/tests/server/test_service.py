"""A server in its network: what it listens to, answers, tells and does at its end."""

import asyncio
import json
import re
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from choria_core.broker.server import Broker
from choria_core.protocol.codec import codec_of, decode_transport
from choria_core.protocol.messages import Federation, Filter, Headers, Reply, Version
from choria_testing.fixtures import MakeBroker, MakeProxy
from choria_testing.programs import PATIENCE_SECONDS
from choria_testing.serving import REPLIES, ServedNode, serving
from packages.core.tests.server.conftest import ALICE, WriteConfig

NODE = "mcollective.node.node1.example"


def opened(body: bytes) -> Reply:
    transport = decode_transport(body)
    codec = codec_of(transport.version)
    return codec.decode_reply(codec.decode_secure_reply(transport.document()).signed)


async def subscriptions(broker: Broker, name: str) -> list[str]:
    """What the connection called ``name`` listens to, by the broker's own account."""

    def look() -> list[str]:
        with urllib.request.urlopen(f"{broker.monitor_url}/connz?subs=1") as answer:
            connections: list[dict[str, Any]] = json.load(answer)["connections"]
        [one] = [one for one in connections if one.get("name") == name]
        return sorted(one["subscriptions_list"])

    return await asyncio.to_thread(look)


async def rpc(node: ServedNode, action: str, **data: Any) -> dict[str, Any]:
    payload = json.dumps({"agent": "rpcutil", "action": action, "data": data}).encode()
    message = await node.ask(ALICE, NODE, agent="rpcutil", payload=payload)
    reply: dict[str, Any] = json.loads(opened(message.data).payload)
    return reply


async def test_a_node_listens_to_its_agents_and_its_name_in_each_collective(
    configure: WriteConfig, plain_broker: Broker
) -> None:
    async with serving(configure(), plain_broker):
        found = await subscriptions(plain_broker, "node1.example")

    inbox = [one for one in found if one.startswith("mcollective.reply.")]
    assert len(inbox) == 1
    assert [one for one in found if one not in inbox] == sorted(
        [
            *(
                f"{collective}.broadcast.agent.{agent}"
                for collective in ("mcollective", "uk")
                for agent in ("discovery", "rpcutil", "choria_util")
            ),
            "mcollective.node.node1.example",
            "uk.node.node1.example",
        ]
    )


async def test_a_ping_is_answered(configure: WriteConfig, plain_broker: Broker) -> None:
    async with serving(configure(), plain_broker) as node:
        message = await node.ask(ALICE)
        counts = node.server.node.counts

        transport = decode_transport(message.data)
        assert transport.version is Version.V1
        assert transport.headers.sender == "node1.example"
        assert transport.headers.seen_by == ((plain_broker.url, "node1.example", plain_broker.url),)
        assert opened(message.data).payload == b"pong"
        assert (counts.total, counts.valid, counts.replies) == (1, 1, 1)


async def test_a_filter_for_others_is_counted_and_not_answered(
    configure: WriteConfig, plain_broker: Broker
) -> None:
    async with serving(configure(), plain_broker) as node:
        await node.send(
            ALICE.request(
                reply_to=f"{REPLIES}.none",
                now_ns=time.time_ns(),
                filter=Filter(identity=("node2.example",)),
            )
        )
        await node.ask(ALICE)

        assert len(node.replies) == 1
        assert node.server.node.counts.filtered == 1


async def test_a_reply_crosses_back_between_networks(
    configure: WriteConfig, plain_broker: Broker
) -> None:
    federation = Federation(request_id="a" * 32, reply_to="far.away", targets=(NODE,))
    async with serving(configure(), plain_broker) as node:
        secure = ALICE.sealed(ALICE.document(now_ns=time.time_ns()))
        reply_to = f"{REPLIES}.federated"
        headers = Headers(sender="x.example", reply_to=reply_to, federation=federation)
        await node.send(codec_of(Version.V1).encode_transport(secure, headers))

        message = await node.reply(reply_to)

    assert decode_transport(message.data).headers.federation == federation


async def test_bodies_for_another_agent_are_refused_by_the_agent(
    configure: WriteConfig, plain_broker: Broker
) -> None:
    payload = b'{"agent":"choria_util","action":"info","data":{}}'
    async with serving(configure(), plain_broker) as node:
        message = await node.ask(ALICE, NODE, agent="rpcutil", payload=payload)

    assert json.loads(opened(message.data).payload)["statuscode"] == 1


async def test_an_agent_that_is_not_there_does_not_answer(
    configure: WriteConfig, plain_broker: Broker
) -> None:
    async with serving(configure(), plain_broker) as node:
        request = {"reply_to": f"{REPLIES}.none", "now_ns": time.time_ns()}
        await node.send(ALICE.request(agent="puppet", **request))  # type: ignore[arg-type]
        await node.ask(ALICE)

        assert len(node.replies) == 1


async def test_a_malformed_policy_denies_the_whole_agent(
    configure: WriteConfig, plain_broker: Broker, tmp_path: Path
) -> None:
    (tmp_path / "policies").mkdir()
    policy = tmp_path / "policies" / "rpcutil.policy"
    policy.write_text("policy default allow\nallow choria=alice.mcollective\n")
    async with serving(configure("rpcauthorization = true"), plain_broker) as node:
        reply = await rpc(node, "ping")

    assert (reply["statuscode"], reply["statusmsg"]) == (
        1,
        "You are not authorized to call this agent or action",
    )


async def test_a_reply_larger_than_the_broker_takes_becomes_an_error_with_its_size(
    make_broker: MakeBroker, configure: WriteConfig, tmp_path: Path
) -> None:
    broker = await make_broker(jetstream=False, max_payload_bytes=20_000)
    facts = tmp_path / "large.json"
    facts.write_text(json.dumps({"large": "x" * 40_000}))
    config = configure(
        f"plugin.choria.middleware_hosts = 127.0.0.1:{broker.port}", f"plugin.yaml = {facts}"
    )
    async with serving(config, broker) as node:
        reply = await rpc(node, "get_fact", fact="large")
        again = await rpc(node, "ping")

        assert (reply["action"], reply["statuscode"], reply["data"]) == ("get_fact", 5, {})
        assert re.fullmatch(
            r"the reply has \d{5} bytes, the broker takes 20000", reply["statusmsg"]
        )
        assert again["statuscode"] == 0
        assert node.server.figures.large_replies == 1
        assert node.server.monitoring.health().is_ok


async def test_facts_and_classes_are_read_anew_when_they_change(
    configure: WriteConfig, plain_broker: Broker, tmp_path: Path
) -> None:
    first, second, classes = (tmp_path / name for name in ("1.yaml", "2.json", "classes"))
    first.write_text("place: roof\ndepth: {a: 1, b: 2}\n")
    second.write_text('{"depth": {"a": 3}}')
    classes.write_text("web\napache\n")
    config = configure(f"plugin.yaml = {first}:{second}", f"classesfile = {classes}")
    async with serving(config, plain_broker) as node:
        before = await rpc(node, "inventory")
        first.write_text("place: cellar\n")
        classes.write_text("apache\r\nweb\r\nwet\r\n")
        after = await rpc(node, "inventory")

    assert before["data"]["facts"] == {"place": "roof", "depth": {"a": 3}}
    assert before["data"]["classes"] == ["apache", "web"]
    assert after["data"]["facts"] == {"place": "cellar", "depth": {"a": 3}}
    assert after["data"]["classes"] == ["apache", "web", "wet"]


@pytest.mark.parametrize("broken", [b"a: [", b"- 1", b"\xff", None])
async def test_a_broken_file_of_facts_leaves_those_that_were_there(
    broken: bytes | None, configure: WriteConfig, plain_broker: Broker, tmp_path: Path
) -> None:
    facts = tmp_path / "facts.yaml"
    facts.write_text("place: roof\n")
    with capture_logs() as logs:
        async with serving(configure(f"plugin.yaml = {facts}"), plain_broker) as node:
            await rpc(node, "get_fact", fact="place")
            if broken is None:
                facts.unlink()
            else:
                facts.write_bytes(broken)
            during = await rpc(node, "get_fact", fact="place")
            facts.write_text("place: mended\n")
            after = await rpc(node, "get_fact", fact="place")

    assert during["data"]["value"] == "roof"
    assert after["data"]["value"] == "mended"
    [warning] = [line for line in logs if line.get("file") == str(facts)]
    assert warning["log_level"] == "warning"


async def test_a_node_comes_back_with_its_broker(
    configure: WriteConfig, plain_broker: Broker, make_proxy: MakeProxy
) -> None:
    proxy = await make_proxy(plain_broker)
    port = proxy.url.rpartition(":")[2]
    config = configure(f"plugin.choria.middleware_hosts = 127.0.0.1:{port}")
    async with serving(config, plain_broker) as node:
        await node.ask(ALICE)
        uplink = node.server.uplink
        assert uplink.transport is not None
        await proxy.cut()
        await until(lambda: not uplink.is_up)
        assert node.server.status().connected_server == ""
        assert not node.server.monitoring.health().is_ok
        await proxy.restore()
        await uplink.transport.wait_connected()
        await uplink.transport.flush()

        await node.ask(ALICE)
        assert node.server.node.connection().reconnects == 1
        assert node.server.node.counts.replies == 2


async def test_a_node_outlives_the_restart_of_its_broker(
    configure: WriteConfig, plain_broker: Broker
) -> None:
    async with serving(configure(), plain_broker) as node:
        await node.ask(ALICE)
        uplink = node.server.uplink.transport
        assert uplink is not None
        await plain_broker.restart()
        await until(lambda: uplink.connections == node.wire.connections == 2)
        await uplink.flush()
        await node.wire.flush()

        await node.ask(ALICE)
        assert len(await subscriptions(plain_broker, "node1.example")) == 9


async def test_what_a_configuration_asks_for_in_vain_is_named(
    configure: WriteConfig, plain_broker: Broker
) -> None:
    config = configure("plugin.choria.prometheus_textfile_directory = /a")
    with capture_logs() as logs:
        async with serving(config, plain_broker):
            pass

    warnings = [line["event"] for line in logs if line["log_level"] == "warning"]
    assert any("prometheus_textfile_directory: is not supported yet" in text for text in warnings)
    assert any("INSECURE_YES_REALLY" in text for text in warnings)


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something that nobody tells of."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not holds():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.01)
