"""Where a fleet connects to, and with what: brokers of others, credentials, certificates."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

from choria_core.broker.options import ANY_PORT
from choria_core.broker.server import Broker
from choria_testing.askers import asking
from choria_testing.brokers import JetStreamCluster
from choria_testing.emulated_fleets import connections, emulated_fleet, monitored
from choria_testing.fixtures import MakeBroker
from choria_testing.programs import run_choria
from choria_testing.secured_brokers import SecuredBroker

NODES: Final = 30
FLEET: Final = ("--instances", str(NODES), "--name", "emu")

pytestmark = pytest.mark.timeout(180)


def address(broker: Broker) -> str:
    """Where it listens."""
    return f"127.0.0.1:{broker.port}"


def numbered(numbers: Sequence[int]) -> set[str]:
    """Names of nodes."""
    return {f"emu-{number}" for number in numbers}


async def names_at(broker: Broker) -> set[str]:
    """The nodes that a broker has."""
    found = {str(one.get("name")) for one in await connections(broker.monitor_url)}
    return {name for name in found if name.startswith("emu-")}


def audit_files(folder: Path) -> dict[str, list[str]]:
    """Lines of audit files by name."""
    return {path.name: path.read_text().splitlines() for path in folder.glob("audit-*.log")}


async def test_a_broker_gets_exactly_the_subscriptions_of_all_nodes(
    make_broker: MakeBroker,
) -> None:
    broker = await make_broker(jetstream=False, monitor_port=ANY_PORT)
    before = await monitored(broker.monitor_url, "varz")
    words = ("--server", address(broker), "--agents", "10", "--collectives", "5", "--workers", "2")
    async with emulated_fleet(*FLEET, *words) as fleet:
        await fleet.ready()
        now = await monitored(broker.monitor_url, "varz")
        assert now["connections"] - before["connections"] == NODES
        assert now["subscriptions"] - before["subscriptions"] == NODES * 5 * (1 + 3 + 10)
        assert "brokers: " not in fleet.program.output  # it started none


async def test_brokers_of_a_cluster_get_a_share_each(jetstream_cluster: JetStreamCluster) -> None:
    members = jetstream_cluster.brokers
    words = [word for broker in members for word in ("--server", address(broker))]
    async with emulated_fleet(*FLEET, *words) as fleet:
        await fleet.ready()
        shares = [await names_at(broker) for broker in members]
        assert [len(share) for share in shares] == [NODES // 3] * 3
        assert set().union(*shares) == numbered(range(1, NODES + 1))
        for broker in members:
            async with asking(address(broker)) as asker:
                assert len(await asker.ping(NODES)) == NODES


async def test_the_configuration_names_brokers_and_the_offset_moves_names(
    make_broker: MakeBroker, tmp_path: Path
) -> None:
    broker = await make_broker(jetstream=False, monitor_port=ANY_PORT)
    config = tmp_path / "server.conf"
    config.write_text(
        "plugin.security.provider = file\nplugin.choria.use_srv = false\n"
        f"plugin.choria.middleware_hosts = {address(broker)}\n"
    )
    words = ("--config", str(config), "--offset", "1000", "--workers", "2")
    async with emulated_fleet(*FLEET, *words) as fleet:
        await fleet.ready()
        assert await names_at(broker) == numbered(range(1001, 1001 + NODES))


async def test_a_server_named_by_option_is_preferred_to_the_configuration(
    make_broker: MakeBroker, tmp_path: Path
) -> None:
    broker = await make_broker(jetstream=False, monitor_port=ANY_PORT)
    config = tmp_path / "server.conf"
    config.write_text(
        "plugin.security.provider = file\nplugin.choria.use_srv = false\n"
        "plugin.choria.middleware_hosts = 127.0.0.1:1\n"
    )
    async with emulated_fleet(
        *FLEET, "--config", str(config), "--server", address(broker)
    ) as fleet:
        await fleet.ready()
        assert len(await names_at(broker)) == NODES


async def test_credentials_let_all_nodes_in(jwt_broker: SecuredBroker) -> None:
    server = ("--server", address(jwt_broker.broker))
    async with emulated_fleet(
        *FLEET, *server, "--credentials", jwt_broker.credentials.file
    ) as fleet:
        await fleet.ready()
        async with asking(address(jwt_broker.broker), credentials=jwt_broker.credentials) as asker:
            assert await asker.ping(NODES) == numbered(range(1, NODES + 1))


async def test_without_right_credentials_it_says_that_it_is_not_let_in(
    jwt_broker: SecuredBroker,
) -> None:
    server = ("--server", address(jwt_broker.broker))
    async with emulated_fleet(*FLEET, *server, "--credentials", jwt_broker.wrong.file) as fleet:
        line = await fleet.program.said("a node cannot connect")
        assert "uthori" in line  # as in Authorization Violation
        status, text = await fleet.health()
        assert status == 503
        assert f"0 of {NODES} nodes are ready" in text


async def test_every_node_writes_its_own_audit_file(broker: Broker, tmp_path: Path) -> None:
    words = ("--server", address(broker), "--audit", str(tmp_path / "audit-%s.log"))
    async with emulated_fleet(*FLEET, *words, "--workers", "2") as fleet:
        await fleet.ready()
        async with asking(address(broker)) as asker:
            await asker.ping(NODES)
            for size in (5, 7):
                await asker.call(NODES, "emulated0", "generate", {"size": size})
    files = audit_files(tmp_path)
    assert files.keys() == {f"audit-{name}.log" for name in numbered(range(1, NODES + 1))}
    for lines in files.values():
        entries = [json.loads(line) for line in lines]
        assert [entry["data"] for entry in entries] == [{"size": 5}, {"size": 7}]
        assert {entry["caller"] for entry in entries} == {"choria=alice.mcollective"}
        assert {entry["action"] for entry in entries} == {"generate"}


async def test_a_signed_and_encrypted_fleet_answers_only_who_signs(tmp_path: Path) -> None:
    words = ("--tls", "--verify", "--secure", "--write-config", str(tmp_path), "--brokers", "2")
    async with emulated_fleet(*FLEET, *words) as fleet:
        await fleet.ready()
        config = str(tmp_path / "client.conf")
        ask = ("rpc", "emulated0", "generate", "size=10", "-j", "--config", config)
        home = {"HOME": str(tmp_path)}
        async with run_choria(*ask, environment=home) as program:
            assert await program.ended() == 0, program.output
        assert program.output.count("0123456789") == NODES

        ping = ("ping", "--config", config, "--expect", "1")
        unsigned = home | {"INSECURE_YES_REALLY": "true"}
        async with run_choria(*ping, environment=unsigned) as program:
            assert await program.ended() != 0, program.output
        assert "emu-" not in program.output
