"""``choria emulate`` with brokers of its own: whether the fleet is what it says."""

import json
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio

from choria_testing.askers import Asker, asking
from choria_testing.emulated_fleets import (
    EmulatedFleet,
    connections,
    emulated_fleet,
    fetched,
    monitored,
)
from choria_testing.programs import run_choria

NODES: Final = 120
AGENTS: Final = 4
COLLECTIVES: Final = 2
OWN_AGENTS: Final = 3
"""Discovery, rpcutil and choria_util."""

SUBSCRIPTIONS: Final = COLLECTIVES * (1 + OWN_AGENTS + AGENTS)
IDENTITIES: Final = {f"emu-{number}" for number in range(1, NODES + 1)}

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(180)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def fleet(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EmulatedFleet]:
    """A fleet over a cluster of three brokers, which no test changes."""
    words = ("--instances", str(NODES), "--name", "emu", "--agents", str(AGENTS))
    more = ("--collectives", str(COLLECTIVES), "--brokers", "3", "--workers", "3")
    config = tmp_path_factory.mktemp("written")
    async with emulated_fleet(*words, *more, "--write-config", str(config)) as fleet:
        await fleet.ready()
        yield fleet


@pytest_asyncio.fixture(loop_scope="module")
async def asker(fleet: EmulatedFleet) -> AsyncIterator[Asker]:
    """Somebody at the first broker."""
    async with asking((await fleet.brokers())[0]) as asker:
        yield asker


@pytest.fixture(scope="module")
def config(fleet: EmulatedFleet) -> Path:
    """The configuration of a client that was written."""
    words = next(line for line in fleet.program.lines if "choria ping --config" in line)
    return Path(words.split()[-1])


async def nodes_of(fleet: EmulatedFleet) -> list[dict[str, object]]:
    """The connections of nodes at all brokers, with their subscriptions."""
    return [
        one
        for url in await fleet.monitors()
        for one in await connections(url, subscriptions=True)
        if one.get("name") in IDENTITIES
    ]


async def test_brokers_count_every_node_and_all_its_subscriptions(fleet: EmulatedFleet) -> None:
    nodes = await nodes_of(fleet)
    assert sorted(str(one["name"]) for one in nodes) == sorted(IDENTITIES)
    assert {one["subscriptions"] for one in nodes} == {SUBSCRIPTIONS}

    connected = strangers = 0
    for url in await fleet.monitors():
        connected += (await monitored(url, "varz"))["connections"]
        strangers += sum(one.get("name") not in IDENTITIES for one in await connections(url))
    assert connected == NODES + strangers
    assert strangers <= 3


async def test_all_brokers_and_all_processes_have_their_share(fleet: EmulatedFleet) -> None:
    found = [await connections(url) for url in await fleet.monitors()]
    shares = [sum(one.get("name") in IDENTITIES for one in its) for its in found]
    assert shares == [NODES // 3] * 3
    assert len(fleet.workers()) == 3


async def test_one_request_is_one_message_to_each_connection_and_its_reply(
    fleet: EmulatedFleet, asker: Asker
) -> None:
    async def traffic() -> Counter[tuple[str, str]]:
        counted: Counter[tuple[str, str]] = Counter()
        for one in await nodes_of(fleet):
            counted[str(one["name"]), "to it"] = int(str(one["out_msgs"]))
            counted[str(one["name"]), "from it"] = int(str(one["in_msgs"]))
        return counted

    before = await traffic()
    replies = await asker.call(NODES, "emulated3", "generate", {"size": 30})
    grown = await traffic()
    grown.subtract(before)

    assert grown == {(name, way): 1 for name in IDENTITIES for way in ("to it", "from it")}
    assert replies.keys() == IDENTITIES
    assert {json.loads(bytes(reply.data))["message"] for reply in replies.values()} == {
        "0123456789" * 3
    }


async def test_a_request_in_a_collective_of_its_own_is_answered(
    asker: Asker,
) -> None:
    subject = "collective1.broadcast.agent.discovery"
    token = await asker.ask(subject, collective="collective1")
    assert (await asker.replies(token, NODES)).keys() == IDENTITIES


@pytest.mark.parametrize("number", [1, 60, NODES])
async def test_a_node_is_reached_by_its_name(asker: Asker, number: int) -> None:
    token = await asker.ask(f"mcollective.node.emu-{number}")
    await asker.settled(f"emu-{number}")
    assert asker.so_far(token).keys() == {f"emu-{number}"}


async def test_a_message_larger_than_the_broker_takes_is_refused(asker: Asker) -> None:
    replies = await asker.call(NODES, "emulated0", "generate", {"size": 2_000_000})
    assert {reply.statuscode for reply in replies.values()} == {4}
    assert all("2000000" in reply.statusmsg for reply in replies.values())


async def test_nobody_ends_a_fleet_that_does_not_allow_it(
    fleet: EmulatedFleet, asker: Asker
) -> None:
    replies = await asker.call(NODES, "emulated0", "exit_emulator")
    assert {reply.statuscode for reply in replies.values()} == {1}
    assert all("--allow-exit" in reply.statusmsg for reply in replies.values())
    assert (await fleet.health())[0] == 200


async def test_the_written_configuration_suits_our_client(config: Path) -> None:
    environment = {"INSECURE_YES_REALLY": "true", "HOME": str(config.parent)}
    words = ("find", "--config", str(config), "-I", "/^emu-1.$/", "--expect", "10")
    async with run_choria(*words, environment=environment) as program:
        assert await program.ended() == 0, program.output
    assert set(program.lines) >= {f"emu-1{digit}" for digit in range(10)}


async def test_the_original_variables_are_served(fleet: EmulatedFleet) -> None:
    status, text = await fetched(f"{await fleet.page()}/debug/vars")
    assert status == 200
    variables = json.loads(text)
    assert variables["name"] == "emu"
    told = variables["config"]
    assert (told["instances"], told["agents"], told["collectives"]) == (NODES, AGENTS, COLLECTIVES)


async def test_it_can_be_measured(fleet: EmulatedFleet, config: Path, tmp_path: Path) -> None:
    words = ("measure", "3", str(NODES), "a fleet", str(tmp_path), "--config", str(config))
    async with run_choria(*words, "--threshold", "missing==0") as program:
        assert await program.ended() == 0, program.output
    assert f"OK: {NODES} / {NODES}" in program.output
    assert (await fleet.health())[0] == 200
