"""A server in its network: what it listens to, answers, tells and does at its end."""

import asyncio
import json
import urllib.request
from typing import Any

from choria_core.broker.server import Broker
from choria_core.protocol.codec import codec_of, decode_transport
from choria_core.protocol.messages import Filter, Reply, Version
from choria_testing.serving import ServedNode, serving
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
        other = Filter(identity=("node2.example",))
        await node.send(ALICE.request(reply_to="x.y", now_ns=1, filter=other), NODE)
        await node.send(b"no request at all", NODE)
        await node.ask(ALICE)

        assert len(node.replies) == 1
