"""Emulated nodes register: their facts, or whatever installed plugins make of them."""

import asyncio
import base64
import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from choria_core.broker.server import Broker
from choria_core.errors import ConfigError
from choria_core.nats.endpoint import Endpoint, ServerAddress
from choria_core.nats.lean_transport import LeanTransport, connect
from choria_core.nats.transport import Message
from choria_core.server.status import Status
from choria_emulator.fleet.plan import Behaviour
from choria_plugin_agentlist import hooks as agentlist
from choria_plugin_file_content import hooks as file_content
from choria_plugin_inventory_content import hooks as inventory_content
from choria_plugin_stats import hooks as stats
from choria_testing import vectors
from choria_testing.programs import PATIENCE_SECONDS
from choria_testing.registering import SUBJECT, layers, payload_of, plugins_with

from .conftest import MakeFleet, group

OFTEN = Behaviour(registration_seconds=1)
ALL = (agentlist, file_content, inventory_content, stats)


class Reader:
    """Whoever reads registrations."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[Message] = asyncio.Queue()

    async def of_each(self, count: int) -> dict[str, Message]:
        """A message of each of so many nodes."""
        found: dict[str, Message] = {}
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(found) < count:
                message = await self.messages.get()
                headers = layers(message.data)[0]["headers"]
                found[headers.get("mc_sender") or headers["sender"]] = message
        return found


@pytest_asyncio.fixture
async def reader(broker: Broker) -> AsyncIterator[Reader]:
    """Somebody who listens before the nodes are there."""
    endpoint = Endpoint((ServerAddress("127.0.0.1", broker.port),))
    wire: LeanTransport
    async with await connect(endpoint, name="reader", timeout_seconds=PATIENCE_SECONDS) as wire:
        reader = Reader()
        await wire.subscribe("*.broadcast.agent.registration", reader.messages.put_nowait)
        await wire.flush()
        yield reader


def unpacked(message: Message) -> dict[str, Any]:
    body = json.loads(payload_of(message.data))
    content: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(body["zcontent"])))
    return content


async def test_nodes_register_their_facts_as_a_server_does(
    broker: Broker, make_fleet: MakeFleet, reader: Reader
) -> None:
    fleet = await make_fleet(broker, group(3, behaviour=OFTEN))
    told = await reader.of_each(3)

    recorded = next(
        message["data"]
        for message in vectors.messages("plain.jsonl")
        if message["subject"] == SUBJECT
    )
    facts = {node.identity: dict(node.facts()) for node in fleet.process.nodes()}
    for name, message in told.items():
        ours, theirs = layers(message.data), layers(recorded)
        assert [one.keys() for one in ours] == [one.keys() for one in theirs]
        assert ours[0]["headers"].keys() == theirs[0]["headers"].keys()
        assert ours[1]["pubcert"] == "insecure"
        envelope = ours[2]["envelope"]
        assert (envelope["senderid"], envelope["callerid"]) == (name, f"choria={name}")
        model = theirs[2]["envelope"]
        assert [envelope[key] for key in ("agent", "ttl", "filter", "collective")] == [
            model[key] for key in ("agent", "ttl", "filter", "collective")
        ]
        assert (
            json.loads(payload_of(message.data)).keys() == json.loads(payload_of(recorded)).keys()
        )
        assert unpacked(message) == facts[name]


async def test_in_a_signed_network_they_say_that_they_do_not_sign(
    broker: Broker, make_fleet: MakeFleet, reader: Reader, tmp_path: Path
) -> None:
    config = tmp_path / "server.cfg"
    config.write_text(
        "identity = all.example\n"
        "plugin.security.provider = file\n"
        "plugin.security.file.certificate = /not/read\n"
        "plugin.security.file.key = /not/read\n"
        f"plugin.security.file.ca = {vectors.path('ca.pem')}\n"
        "rpcauthorization = false\n"
    )
    await make_fleet(broker, group(1, behaviour=OFTEN), is_secure=True, config_file=str(config))
    [message] = (await reader.of_each(1)).values()
    assert layers(message.data)[1]["pubcert"] == "insecure registration"


async def test_in_a_network_of_tokens_they_speak_its_version(
    broker: Broker, make_fleet: MakeFleet, reader: Reader, tmp_path: Path
) -> None:
    config = tmp_path / "server.cfg"
    config.write_text(
        "plugin.security.provider = choria\nrpcauthorization = false\n"
        f"plugin.security.choria.token_file = {tmp_path}/none\n"
        f"plugin.security.choria.seed_file = {tmp_path}/none\n"
        f"plugin.security.choria.trusted_signers = {'0' * 64}\n"
    )
    fleet = await make_fleet(
        broker, group(1, collectives=("choria",), behaviour=OFTEN), config_file=str(config)
    )
    [message] = (await reader.of_each(1)).values()

    assert message.subject == "choria.broadcast.agent.registration"
    recorded = next(
        layers(one["data"])
        for one in vectors.messages("v2.jsonl")
        if one["subject"].endswith(".agent.registration")
    )
    ours = layers(message.data)
    assert ours[0].keys() == recorded[0].keys()
    assert ours[0]["headers"].keys() == recorded[0]["headers"].keys()
    assert ours[2].keys() == recorded[2].keys()
    assert base64.b64decode(ours[1]["signature"]) == b"insecure"
    [node] = fleet.process.nodes()
    assert unpacked(message) == dict(node.facts())
    assert ours[2]["caller"] == node.identity


async def test_plugins_register_each_node_for_itself(
    broker: Broker, make_fleet: MakeFleet, reader: Reader
) -> None:
    fleet = await make_fleet(
        broker,
        group(3, behaviour=OFTEN),
        registrations=("inventory_content",),
        plugins=plugins_with(*ALL),
    )
    told = await reader.of_each(3)

    for node in fleet.process.nodes():
        inventory = unpacked(told[node.identity])
        assert inventory["facts"] == dict(node.facts())
        assert inventory["status"]["identity"] == node.identity
        assert inventory["status"].keys() == set(Status.__struct_fields__)
        assert inventory["status"]["connected_server"] == f"nats://127.0.0.1:{broker.port}"
        assert "emulated0" in [agent["name"] for agent in inventory["agents"]]


async def test_files_of_a_node_have_its_name(
    broker: Broker, make_fleet: MakeFleet, reader: Reader, tmp_path: Path
) -> None:
    for name in ("node-1", "node-2"):
        (tmp_path / f"facts-{name}.json").write_text(json.dumps({"name": name}))
    config = tmp_path / "server.cfg"
    config.write_text(
        f"plugin.choria.registration.file_content.data = {tmp_path}/facts-%s.json\n"
        f"plugin.choria.registration.file = {tmp_path}/stats.json\n"
        f"plugin.choria.registration.prometheus_file = {tmp_path}/choria.prom\n"
        "plugin.choria.use_srv = false\n"
    )
    fleet = await make_fleet(
        broker,
        group(2, behaviour=OFTEN),
        registrations=("file_content", "choria"),
        plugins=plugins_with(*ALL),
        config_file=str(config),
    )
    told = await reader.of_each(2)
    assert {name: unpacked(message) for name, message in told.items()} == {
        name: {"name": name} for name in ("node-1", "node-2")
    }
    await fleet.until_inside(lambda: len(list(tmp_path.glob("*node-?.prom"))) == 2)
    for name in ("node-1", "node-2"):
        document = json.loads((tmp_path / f"stats-{name}.json").read_text())
        assert document["identity"] == name
        assert document["nats"]["connected_server"] in (
            "disconnected",
            f"nats://127.0.0.1:{broker.port}",
        )
        assert f'identity="{name}"' in (tmp_path / f"choria-{name}.prom").read_text()
    assert not (tmp_path / "stats.json").exists()


async def test_what_a_plugin_cannot_do_is_told_and_the_others_go_on(
    broker: Broker, make_fleet: MakeFleet, reader: Reader
) -> None:
    with capture_logs() as logs:
        await make_fleet(
            broker,
            group(2, behaviour=OFTEN),
            registrations=("file_content", "Agentlist"),
            plugins=plugins_with(*ALL),
        )
        told = await reader.of_each(2)
    names = ["choria_util", "discovery", "emulated0", "rpcutil"]
    assert [json.loads(payload_of(one.data)) for one in told.values()] == [names, names]
    refused = [line for line in logs if line["event"] == "a node does not register"]
    assert {line["registration"] for line in refused} == {"file_content"}
    assert "no file to send" in refused[0]["cause"]


async def test_nodes_that_come_and_go_leave_nothing_behind(
    broker: Broker, make_fleet: MakeFleet, reader: Reader
) -> None:
    fleet = await make_fleet(
        broker,
        group(3, behaviour=OFTEN),
        registrations=("agentlist",),
        plugins=plugins_with(*ALL),
    )
    await reader.of_each(3)
    hosted = fleet.process.registrar.hosted
    assert hosted is not None
    assert hosted.nodes == 3
    fleet.process.resize({"test": 1})
    assert hosted.nodes == 1


async def test_a_plugin_that_nobody_has_is_refused(broker: Broker, make_fleet: MakeFleet) -> None:
    with pytest.raises(ConfigError) as refused:
        await make_fleet(broker, group(1), registrations=("statistics",))
    assert str(refused.value) == (
        "--registration-plugin: there is no registration statistics; "
        "use one of: none is installed; or install the plugin that has it"
    )
