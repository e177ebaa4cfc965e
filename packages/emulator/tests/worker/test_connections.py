"""Connections of nodes: what they listen to, how they are made, lost and made again."""

import asyncio
import json
from collections import Counter
from urllib.request import urlopen

import pytest

from choria_core.broker.options import ANY_PORT
from choria_core.broker.server import Broker
from choria_core.server.subscriptions import interests
from choria_emulator.fleet.plan import (
    BUILTIN_AGENTS,
    STOCK_AGENTS,
    Behaviour,
    collective_names,
    emulated_agents,
)
from choria_testing.fixtures import MakeBroker
from choria_testing.programs import PATIENCE_SECONDS

from .conftest import MakeFleet, group


async def monitored(url: str, path: str) -> dict[str, object]:
    def ask() -> dict[str, object]:
        with urlopen(f"{url}/{path}", timeout=PATIENCE_SECONDS) as answer:
            found: dict[str, object] = json.load(answer)
            return found

    return await asyncio.to_thread(ask)


@pytest.mark.parametrize("builtin", [BUILTIN_AGENTS, STOCK_AGENTS], ids=["original", "stock"])
async def test_a_node_listens_to_what_a_real_server_does(
    make_broker: MakeBroker, make_fleet: MakeFleet, builtin: tuple[str, ...]
) -> None:
    broker = await make_broker(monitor_port=ANY_PORT)
    agents, collectives = (*builtin, *emulated_agents(10)), collective_names(5)
    fleet = await make_fleet(broker, group(2, agents=agents, collectives=collectives))
    found = await monitored(broker.monitor_url, "connz?subs=1")
    nodes = [one for one in found["connections"] if one["name"].startswith("node-")]  # type: ignore[attr-defined]
    assert sorted(one["name"] for one in nodes) == ["node-1", "node-2"]
    for node in nodes:
        wanted = interests(node["name"], collectives, [(name, False) for name in agents])
        assert sorted(node["subscriptions_list"]) == sorted(one.subject for one in wanted)
        assert len(node["subscriptions_list"]) == 5 * (1 + len(builtin) + 10)
    assert fleet.process.connector.ready == 2


async def test_one_broadcast_is_one_message_to_each_connection_and_one_back(
    make_broker: MakeBroker, make_fleet: MakeFleet
) -> None:
    broker = await make_broker(monitor_port=ANY_PORT)
    fleet = await make_fleet(broker, group(20))

    async def traffic() -> dict[str, tuple[int, int]]:
        found = await monitored(broker.monitor_url, "connz")
        return {
            one["name"]: (one["out_msgs"], one["in_msgs"])
            for one in found["connections"]  # type: ignore[attr-defined]
            if one["name"].startswith("node-")
        }

    before = await traffic()
    assert len(await fleet.ping(20)) == 20
    after = await traffic()
    grown = {
        name: (out - before[name][0], back - before[name][1]) for name, (out, back) in after.items()
    }
    assert grown == {f"node-{number}": (1, 1) for number in range(1, 21)}


async def test_nodes_come_back_after_their_broker_was_killed(
    make_broker: MakeBroker, make_fleet: MakeFleet
) -> None:
    broker = await make_broker(monitor_port=ANY_PORT)
    fleet = await make_fleet(broker, group(50))
    await broker.kill()
    await fleet.until_inside(lambda: fleet.process.connector.connected == 0)
    await broker.start()
    await fleet.until_inside(lambda: fleet.process.connector.ready == 50)
    await fleet.wire.wait_connected()
    assert len(await fleet.ping(50)) == 50
    found = await monitored(broker.monitor_url, "connz")
    names = [one["name"] for one in found["connections"]]  # type: ignore[attr-defined]
    assert len(names) == len(set(names)) == 51
    assert fleet.told("startup") == 50


async def test_a_cut_node_comes_back_and_is_counted_as_cut(
    broker: Broker, make_fleet: MakeFleet
) -> None:
    fleet = await make_fleet(broker)
    node = next(fleet.process.nodes())
    fleet.process.connector.cut(node)
    await fleet.until_inside(lambda: node.connections == 2)
    assert fleet.process.counts.cuts == 1
    assert fleet.process.counts.losses == 0
    assert fleet.process.connector.absent == 0
    assert await fleet.ping(3) == {"node-1", "node-2", "node-3"}


async def test_after_a_storm_all_are_back(broker: Broker, make_fleet: MakeFleet) -> None:
    fleet = await make_fleet(broker, group(30))
    fleet.process.storm()
    await fleet.until_inside(lambda: fleet.process.counts.connects == 60)
    assert len(await fleet.ping(30)) == 30


async def test_a_fleet_grows_and_shrinks(broker: Broker, make_fleet: MakeFleet) -> None:
    fleet = await make_fleet(broker)
    fleet.process.resize({"test": 6})
    await fleet.startups(6)
    assert len(await fleet.ping(6)) == 6
    fleet.process.resize({"test": 2})
    await fleet.until(lambda: fleet.told("shutdown") == 4)
    await fleet.until_inside(lambda: fleet.process.connector.ready == 2)
    assert await fleet.ping(2) == {"node-1", "node-2"}


async def test_churn_cuts_the_nodes_that_chance_names(
    broker: Broker, make_fleet: MakeFleet
) -> None:
    fleet = await make_fleet(broker, group(60, behaviour=Behaviour(churn=1.0)))
    await fleet.until_inside(lambda: fleet.process.counts.cuts >= 1)


async def test_nodes_register_at_their_interval(broker: Broker, make_fleet: MakeFleet) -> None:
    fleet = await make_fleet(broker, group(3, behaviour=Behaviour(registration_seconds=1)))
    await fleet.until_inside(lambda: fleet.process.counts.registrations >= 6)


async def test_connections_come_from_the_addresses_that_are_named(
    make_broker: MakeBroker, make_fleet: MakeFleet
) -> None:
    broker = await make_broker(monitor_port=ANY_PORT)
    sources = ("127.0.9.1", "127.0.9.2")
    await make_fleet(broker, group(6), source_addresses=sources)
    found = await monitored(broker.monitor_url, "connz")
    came = Counter(
        one["ip"]
        for one in found["connections"]  # type: ignore[attr-defined]
        if one["name"].startswith("node-")
    )
    assert came == {"127.0.9.1": 3, "127.0.9.2": 3}


async def test_an_unreachable_broker_is_tried_again_from_a_named_address(
    broker: Broker, make_fleet: MakeFleet
) -> None:
    fleet = await make_fleet(broker, source_addresses=("127.0.9.3",))
    await broker.kill()
    await fleet.until_inside(lambda: fleet.process.counts.failed_connects >= 3)
    assert fleet.process.connector.connected == 0
    await broker.start()
    await fleet.until_inside(lambda: fleet.process.connector.ready == 3)
