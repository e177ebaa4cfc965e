"""Everything that a node knows is registered, packed or not."""

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from jsonschema import Draft4Validator

from choria_core.broker.server import Broker
from choria_core.protocol.schemas import schema
from choria_core.server.service import Server
from choria_plugin_inventory_content import hooks
from choria_plugin_inventory_content.registration import InventoryRegistration
from choria_testing import vectors
from choria_testing.fixtures import MakeBroker
from choria_testing.registering import node_config, payload_of, plugins_with, registering

PREFIX = "plugin.choria.registration.inventory_content"
FILES = (
    f"plugin.yaml = {vectors.path('facts-node1.yaml')}",
    f"classesfile = {vectors.path('classes-node1.txt')}",
    "collectives = mcollective, uk",
)


@pytest_asyncio.fixture
async def plain_broker(make_broker: MakeBroker) -> Broker:
    return await make_broker(jetstream=False)


def recorded_agents() -> list[dict[str, Any]]:
    """What the Go server's agents say of themselves."""
    for message in vectors.messages("plain.jsonl"):
        document = json.loads(message["data"])
        secure = json.loads(base64.b64decode(document["data"]))
        inner = json.loads(secure["message"])["message"]
        if inner.startswith("{") and '"agent":"rpcutil"' in inner and '"agents":[{' in inner:
            agents: list[dict[str, Any]] = json.loads(inner)["data"]["agents"]
            return agents
    raise AssertionError("no agent_inventory was recorded")


@pytest.mark.parametrize("compression", ["true", "false"])
async def test_the_inventory_has_the_fields_of_the_original(
    plain_broker: Broker, tmp_path: Path, compression: str
) -> None:
    lines = ("registration = inventory_content", f"{PREFIX}.compression = {compression}")
    config = node_config(tmp_path, *lines, *FILES, broker=plain_broker)
    async with registering(config, plain_broker, plugins_with(hooks)) as node:
        body = json.loads(payload_of((await node.registration()).data))

    Draft4Validator(schema("payloads/inventory_content")).validate(body)
    assert body["protocol"] == "choria:registration:inventorycontent:1"
    if compression == "true":
        assert body.keys() == {"protocol", "zcontent"}
        inventory = json.loads(gzip.decompress(base64.b64decode(body["zcontent"])))
    else:
        assert body.keys() == {"protocol", "content"}
        inventory = body["content"]
    fields = "agents classes facts status collectives build_info machines"
    assert inventory.keys() == set(fields.split())
    assert inventory["facts"]["country"] == "mt"
    classes = vectors.path("classes-node1.txt").read_text().split()
    assert inventory["classes"] == sorted(classes)
    assert inventory["collectives"] == ["mcollective", "uk"]
    assert inventory["machines"] == []
    assert inventory["build_info"].keys() == {"version", "sha"}
    status = json.loads(vectors.path("status.json").read_text())
    assert inventory["status"].keys() == status.keys()
    assert inventory["status"]["stats"].keys() == status["stats"].keys()
    assert inventory["status"]["connected_server"] == f"nats://127.0.0.1:{plain_broker.port}"
    assert [agent["name"] for agent in inventory["agents"]] == [
        "choria_util",
        "discovery",
        "rpcutil",
    ]
    theirs = recorded_agents()[0].keys() - {"agent"}
    assert all(agent.keys() == theirs for agent in inventory["agents"])


async def test_a_target_is_where_it_goes_and_the_size_is_that_of_the_object(tmp_path: Path) -> None:
    lines = (f"{PREFIX}.target = all.nodes", f"{PREFIX}.compression = no")
    server = Server(node_config(tmp_path, *lines, *FILES), plugins_with(hooks))
    registration = InventoryRegistration(server.node)

    item = await registration.item()
    assert item.target == "all.nodes"
    assert 0 < registration.size() < len(item.body) < registration.size() + 100
