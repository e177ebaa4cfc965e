"""The names of agents are registered for agents named registration."""

import json
from pathlib import Path

from choria_core.server.service import Server
from choria_plugin_agentlist import hooks
from choria_plugin_agentlist.registration import AgentList
from choria_testing.fixtures import MakeBroker
from choria_testing.registering import layers, node_config, payload_of, plugins_with, registering

NAMES = ["choria_util", "discovery", "rpcutil"]


async def test_the_names_are_published_for_those_who_have_the_agent(
    make_broker: MakeBroker, tmp_path: Path
) -> None:
    broker = await make_broker(jetstream=False)
    config = node_config(tmp_path, "registration = Agentlist", broker=broker)
    async with registering(config, broker, plugins_with(hooks)) as node:
        message = await node.registration()

    assert json.loads(payload_of(message.data)) == NAMES
    envelope = layers(message.data)[2]["envelope"]
    assert envelope["agent"] == "registration"
    assert envelope["filter"] == {
        "fact": [],
        "cf_class": [],
        "agent": ["registration"],
        "identity": [],
        "compound": [],
    }


def test_its_size_is_that_of_the_list(tmp_path: Path) -> None:
    server = Server(node_config(tmp_path), plugins_with(hooks))
    assert AgentList(server.node).size() == len('["choria_util","discovery","rpcutil"]')
