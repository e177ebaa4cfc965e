"""Nodes that must answer and agents that must be there, before a book does anything."""

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from choria_core.broker.server import Broker
from choria_core.errors import ConfigError, NodesError
from choria_core.playbook.workbench import Workbench
from choria_playbooks.node_sets import checks
from choria_testing.scripted_nodes import Asked, ScriptedNodes, scripted_nodes
from packages.playbooks.tests.node_sets.conftest import DB, WEB

N1, N2, N3 = "n1.example", "n2.example", "n3.example"

DDL = {"actions": [{"action": "status", "input": {}, "output": {}}]}


def described(folder: Path, agent: str, version: str) -> None:
    """A description of an agent on this machine."""
    below = folder / "lib" / "choria" / "agent"
    below.mkdir(parents=True, exist_ok=True)
    document = {"metadata": {"name": agent, "version": version, "timeout": 5}, **DDL}
    (below / f"{agent}.json").write_text(json.dumps(document))


def said(asked: Asked, data: object, *, status: int = 0, message: str = "OK") -> Iterable[bytes]:
    """A reply."""
    document = {"statuscode": status, "statusmsg": message, "data": data}
    return [asked.reply(json.dumps(document).encode())]


def with_agents(nodes: ScriptedNodes, agents: dict[str, dict[str, object]]) -> None:
    """Nodes say that they have these agents, by node and name of agent; others are silent."""

    def answer(asked: Asked) -> Iterable[bytes]:
        if asked.node not in agents:
            return []
        found = [
            {"agent": name, "version": version} for name, version in agents[asked.node].items()
        ]
        return said(asked, {"agents": found})

    nodes.answer = answer


def asked_for(nodes: ScriptedNodes) -> set[str]:
    """The actions that nodes were asked for."""
    return {json.loads(one.request.payload)["action"] for one in nodes.requests}


async def test_nodes_that_answer_pass(bench: Workbench, plain_broker: Broker) -> None:
    async with scripted_nodes(plain_broker, N1, N2, N3) as nodes:
        await checks.test_connectivity(bench, [N1, N2, N1])
    assert sorted(one.node for one in nodes.requests) == [N1, N2]
    assert {one.request.agent for one in nodes.requests} == {"rpcutil"}
    assert asked_for(nodes) == {"ping"}


async def test_who_fails_or_is_silent_is_named(bench: Workbench, plain_broker: Broker) -> None:
    def answer(asked: Asked) -> Iterable[bytes]:
        if asked.node == N1:
            return [asked.reply()]
        return said(asked, {}, status=5, message="out of order") if asked.node == N2 else []

    async with scripted_nodes(plain_broker, N1, N2, N3) as nodes:
        nodes.answer = answer
        with pytest.raises(NodesError) as caught:
            await checks.test_connectivity(bench, [N1, N2, N3, N3])
    told = "2 of 3 nodes fail the connectivity test: "
    assert str(caught.value) == f"{told}{N2}: out of order; {N3}: no answer"


async def test_without_nodes_nobody_is_asked(lonely_bench: Workbench) -> None:
    await checks.test_connectivity(lonely_bench, [])
    await checks.check_remote_agents(lonely_bench, {"puppet": "1.x"}, {})
    await checks.check_remote_agents(lonely_bench, {"puppet": "1.x"}, {"puppet": []})


async def test_of_very_many_the_first_are_told(bench: Workbench, plain_broker: Broker) -> None:
    names = [f"n{number}.example" for number in range(25)]
    async with scripted_nodes(plain_broker, *names) as nodes:
        nodes.answer = lambda asked: said(asked, {}, status=1, message="no")
        with pytest.raises(NodesError) as caught:
            await checks.test_connectivity(bench, names)
    assert str(caught.value).count(": no") == 20
    assert str(caught.value).endswith("; and 5 more")


def test_agents_described_here_in_the_range_pass(lonely_bench: Workbench, tmp_path: Path) -> None:
    described(tmp_path, "puppet", "1.4")
    described(tmp_path, "service", "3.2.1")
    uses = {"puppet": "~1.4.0", "service": ">=3.0.0 <4.0.0", "rpcutil": "*"}
    checks.check_local_agents(lonely_bench, uses)
    checks.check_local_agents(lonely_bench, {})


def test_all_that_is_wrong_here_is_told(lonely_bench: Workbench, tmp_path: Path) -> None:
    described(tmp_path, "puppet", "1.4.0")
    described(tmp_path, "broken", "one")
    described(tmp_path, "service", "1.0.0")
    uses = {"puppet": "~2.0.0", "nosuch": "1.x", "broken": "*", "service": "newest", "a b": "*"}
    with pytest.raises(ConfigError) as caught:
        checks.check_local_agents(lonely_bench, uses)
    told = str(caught.value).split("; ")
    assert told[0].startswith("agent puppet: its description here is of version '1.4.0', and the")
    assert told[0].endswith("book uses ~2.0.0")
    assert told[1].startswith("no installed plugin has an agent nosuch, and no nosuch.json")
    assert told[2].startswith("agent broken: its description here is of version 'one'")
    assert told[3].startswith("uses.service: 'newest' is no range of versions")
    assert told[4].startswith("'a b' is no name of an agent")
    assert len(told) == 5


async def test_nodes_with_the_agents_pass(bench: Workbench, plain_broker: Broker) -> None:
    async with scripted_nodes(plain_broker, N1, N2, N3) as nodes:
        with_agents(
            nodes,
            {N1: {"puppet": "1.4", "service": "3.0.0"}, N2: {"puppet": "1.4.9"}, N3: {}},
        )
        uses = {"puppet": "~1.4.0", "service": "3.x", "unused": "9.x"}
        await checks.check_remote_agents(bench, uses, {"puppet": [N1, N2, N1], "service": [N1]})
    assert sorted(one.node for one in nodes.requests) == [N1, N2]
    assert asked_for(nodes) == {"agent_inventory"}


async def test_each_inventory_agent_and_version_that_is_missing_is_told(
    bench: Workbench, plain_broker: Broker
) -> None:
    async with scripted_nodes(plain_broker, N1, N2, N3) as nodes:
        with_agents(nodes, {N1: {"puppet": "1.3.9", "service": "3.0.0"}, N2: {"service": 4}})
        with pytest.raises(NodesError) as caught:
            await checks.check_remote_agents(
                bench,
                {"puppet": "~1.4.0", "service": "3.x"},
                {"puppet": [N1, N2, N3], "service": [N1, N2]},
            )
    assert str(caught.value).split(": ", 1)[1].split("; ") == [
        f"{N3}: no inventory of its agents: no answer",
        f"{N1}: agent puppet is '1.3.9', wanted is ~1.4.0",
        f"{N2}: no agent puppet",
        f"{N2}: agent service is '4', wanted is 3.x",
    ]


@pytest.mark.parametrize("data", [{}, {"agents": None}, {"agents": ["puppet", 5, {}]}])
async def test_inventories_of_any_shape_are_no_agents(
    bench: Workbench, plain_broker: Broker, data: object
) -> None:
    async with scripted_nodes(plain_broker, N1) as nodes:
        nodes.answer = lambda asked: said(asked, data)
        with pytest.raises(NodesError, match="no agent puppet"):
            await checks.check_remote_agents(bench, {"puppet": "*"}, {"puppet": [N1]})


async def test_agents_that_nobody_gave_a_range_are_refused(lonely_bench: Workbench) -> None:
    with pytest.raises(ConfigError, match="agent puppet is used by a node set; name its versions"):
        await checks.check_remote_agents(lonely_bench, {}, {"puppet": [N1]})
    with pytest.raises(ConfigError, match=r"uses\.puppet: 'new' is no range"):
        await checks.check_remote_agents(lonely_bench, {"puppet": "new"}, {"puppet": [N1]})


@pytest.mark.usefixtures("servers")
async def test_servers_of_ours_pass_and_fail_as_others(bench: Workbench) -> None:
    both = [WEB, DB]
    await checks.test_connectivity(bench, both)
    await checks.check_remote_agents(bench, {"rpcutil": ">=0.1.0"}, {"rpcutil": both})
    with pytest.raises(NodesError) as caught:
        await checks.check_remote_agents(
            bench, {"rpcutil": "99.x", "nosuch": "*"}, {"rpcutil": both, "nosuch": [DB]}
        )
    told = str(caught.value)
    assert told.count(", wanted is 99.x") == 2
    assert f"{DB}: no agent nosuch" in told
