"""Whole books on a real broker, with nodes that do what a test tells them."""

import json
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

import pytest
import pytest_asyncio

from choria_core.config.problems import InvalidConfigError
from choria_playbooks.engine.events import State, TryEnded
from choria_testing.fixtures import MakeBroker
from choria_testing.scripted_nodes import Asked, ScriptedNodes, scripted_nodes
from packages.playbooks.tests.engine.conftest import Lab
from packages.playbooks.tests.rpc.conftest import DDL, client_config

N1, N2, N3, N4 = NODES = tuple(f"n{number}.example" for number in range(1, 5))
NAMES = ", ".join(NODES)

Versions = Callable[[str], str]


@pytest_asyncio.fixture
async def nodes(lab: Lab, make_broker: MakeBroker) -> AsyncIterator[ScriptedNodes]:
    """Four nodes, and a lab whose books can ask them."""
    broker = await make_broker(jetstream=False)
    folder = lab.folder / "lib" / "choria" / "agent"
    folder.mkdir(parents=True)
    (folder / "puppet.json").write_text(DDL, encoding="utf-8")
    lab.load_config = lambda: client_config(lab.folder, broker.port)
    async with scripted_nodes(broker, *NODES) as four:
        yield four


def said(asked: Asked, data: object, *, status: int = 0) -> Iterable[bytes]:
    document = {"statuscode": status, "statusmsg": "OK" if not status else "bad", "data": data}
    return [asked.reply(json.dumps(document).encode())]


def wanted(asked: Asked) -> Any:
    return json.loads(asked.request.payload)


def with_versions(versions: Versions) -> Callable[[Asked], Iterable[bytes]]:
    """Nodes that say which version of the agent they have."""

    def answer(asked: Asked) -> Iterable[bytes]:
        if wanted(asked)["action"] == "agent_inventory":
            agents = [{"agent": "puppet", "version": versions(asked.node)}]
            return said(asked, {"agents": agents})
        return said(asked, {"idling": True})

    return answer


BOOK = f"""
uses: {{puppet: "~1.1.0"}}
nodes: {{web: {{type: listed, names: [{NAMES}], test: true, uses: [puppet]}}}}
tasks:
  - mcollective: {{action: puppet.status, nodes: "{{{{ nodes.web }}}}", register: it}}
  - note: {{value: "{{{{ registered.it.data }}}}"}}
"""


async def test_nodes_and_agents_are_looked_at_before_the_first_task(
    lab: Lab, nodes: ScriptedNodes
) -> None:
    nodes.answer = with_versions(lambda _node: "1.1.7")
    ran = await lab.run(BOOK)

    assert ran.ended.is_ok, ran.lines()
    asked = [wanted(one)["action"] for one in nodes.requests]
    assert asked == ["ping"] * 4 + ["agent_inventory"] * 4 + ["status"] * 4
    rows = lab.values()[0]
    assert sorted(row["sender"] for row in rows) == list(NODES)
    assert {row["data"]["idling"] for row in rows} == {True}


async def test_a_node_that_does_not_answer_ends_the_run(lab: Lab, nodes: ScriptedNodes) -> None:
    nodes.answer = lambda asked: [] if asked.node == N3 else said(asked, {})
    ran = await lab.run(BOOK)

    assert ran.ended.exit_code == 5
    assert N3 in ran.ended.error
    assert {wanted(one)["action"] for one in nodes.requests} == {"ping"}


async def test_an_agent_of_another_version_ends_the_run(lab: Lab, nodes: ScriptedNodes) -> None:
    nodes.answer = with_versions(lambda node: "2.0.0" if node == N2 else "1.1.0")
    ran = await lab.run(BOOK)

    assert ran.ended.exit_code == 5
    assert f"{N2}: agent puppet is '2.0.0', wanted is ~1.1.0" in ran.ended.error
    assert lab.values() == []


@pytest.mark.parametrize("uses", ["{puppet: ~2.0.0}", '{puppet: "1.x", nosuch: "1.x"}'])
async def test_agents_that_are_not_known_here_end_the_run_before_anybody_is_asked(
    lab: Lab, nodes: ScriptedNodes, uses: str
) -> None:
    ran = await lab.run(f"uses: {uses}\nnodes: {{web: {{type: listed, names: [a]}}}}\n")

    assert ran.ended.exit_code == 2
    assert nodes.requests == []
    assert lab.diary.sets == []


async def test_versions_may_be_inputs(lab: Lab, nodes: ScriptedNodes) -> None:
    book = 'inputs: {v: {type: String}}\nuses: {puppet: "{{ inputs.v }}"}\n'

    assert (await lab.run(book, inputs={"v": "1.x"})).ended.is_ok
    assert (await lab.run(book, inputs={"v": "2.x"})).ended.exit_code == 2
    assert nodes.requests == []


async def test_node_sets_use_agents_whose_versions_the_book_names(lab: Lab) -> None:
    with pytest.raises(InvalidConfigError, match="puppet"):
        await lab.run("nodes: {web: {type: listed, names: [a], uses: [puppet]}}\n")


async def test_a_rolling_task_leaves_out_nodes_that_failed(lab: Lab, nodes: ScriptedNodes) -> None:
    def answer(asked: Asked) -> Iterable[bytes]:
        if asked.node == N1:
            return said(asked, {}, status=1)
        return [] if asked.node == N4 else said(asked, {"idling": asked.node != N3})

    nodes.answer = answer
    ran = await lab.run(f"""
nodes: {{web: {{type: listed, names: [{NAMES}]}}}}
tasks:
  - block:
      nodes: "{{{{ nodes.web }}}}"
      serial: 2
      max_fail: 3
      tasks:
        - choria:
            action: puppet.status
            nodes: "{{{{ batch }}}}"
            assert: idling=true
            reply_timeout: 1s
        - note: {{value: "{{{{ batch }}}}"}}
""")

    assert ran.ended.is_ok, ran.lines()
    assert lab.values() == [[N2]]
    failed = {
        node: result.kind
        for step in ran.steps.values()
        for node, result in step.results.items()
        if not result.is_ok
    }
    assert failed == {N1: "failed", N3: "assert", N4: "silent"}


async def test_at_its_timeout_a_task_knows_who_had_answered(lab: Lab, nodes: ScriptedNodes) -> None:
    nodes.answer = lambda asked: [] if asked.node == N4 else said(asked, {})
    ran = await lab.run(f"""
tasks:
  - choria: {{action: puppet.status, nodes: [{NAMES}], reply_timeout: 1h, timeout: 500ms}}
""")

    step = ran.steps["tasks[0]"]
    assert step.state is State.FAILED
    assert step.message == "ended at its timeout of 0.5 s"
    assert {node for node, one in step.results.items() if one.is_ok} == {N1, N2, N3}
    assert step.results[N4].kind == "silent"


async def test_a_task_waits_until_an_assertion_holds(lab: Lab, nodes: ScriptedNodes) -> None:
    def answer(asked: Asked) -> Iterable[bytes]:
        return said(asked, {"idling": len(nodes.requests) > 8})

    nodes.answer = answer
    ran = await lab.run(f"""
tasks:
  - mcollective:
      action: puppet.status
      nodes: [{NAMES}]
      assert: idling=true
      tries: 5
      try_sleep: 0
""")

    assert ran.ended.is_ok
    assert [event.is_ok for event in ran.of(TryEnded)] == [False, False, True]


async def test_without_a_broker_a_task_fails_and_a_test_of_nodes_ends_the_run(lab: Lab) -> None:
    lab.load_config = lambda: client_config(lab.folder, 1)
    tested = await lab.run("nodes: {web: {type: listed, names: [a], test: true}}\n")

    assert tested.ended.exit_code == 3
    assert lab.notes() == []
