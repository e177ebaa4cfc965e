"""One book on a thousand nodes: what it does in batches, what may fail, and what is left out."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from choria_core.network_config.client_config import ClientConfig
from choria_core.plugins import Plugins
from choria_playbooks.engine.events import NodeDone, NodesFound, NodesWaiting, State, StepEnded
from choria_testing.emulated_fleets import emulated_fleet
from packages.playbooks.tests.engine.conftest import Lab, Ran
from packages.playbooks.tests.rpc.conftest import client_config

GOOD, WEAK = 960, 40
ALL = GOOD + WEAK
FLEET = f"""\
profile: stock
agents: 1
classes: [web]
facts: {{group: "${{group}}"}}
groups:
  good: {{count: {GOOD}}}
  weak: {{count: {WEAK}, fail: 100%}}
"""
BATCHES = [1, 100, 500, 399]

BOOK = """
uses:
  emulated0: ">= 0.0.1"
nodes:
  good:
    type: choria
    facts: [group=good]
    at_least: 960
    test: true
    uses: [emulated0]
  all:
    type: choria
    classes: [web]
  some:
    type: choria
    agents: [emulated0]
    facts: [group=good]
    limit: 5%
    random: true
macros:
  generate: &generate
    action: emulated0.generate
    properties: {size: 12}
    silent: true
    batch_sleep_time: 0
    reply_timeout: 60s
tasks:
  - choria:
      <<: *generate
      description: Batches of a quarter
      nodes: "{{ nodes.good }}"
      batch_size: 25%
      assert: message=~/^01234567/
      register: quarters
  - choria:
      <<: *generate
      description: As many fail as may
      when: registered.quarters.success = true
      nodes: "{{ nodes.all }}"
      max_fail: 4%
      register: all
  - block:
      description: One, a tenth, and halves
      nodes: "{{ nodes.all }}"
      serial: [1, 10%, 50%]
      max_fail: 40
      tasks:
        - choria: {<<: *generate, nodes: "{{ batch }}"}
        - choria: {<<: *generate, nodes: "{{ batch }}"}
  - choria:
      <<: *generate
      description: One more fails than may
      nodes: "{{ nodes.all }}"
      max_fail: 39
      fail_ok: true
      register: broken
  - choria:
      <<: *generate
      description: Nobody does this
      when: registered.broken.success = true or registered.all.success = false
      nodes: "{{ nodes.all }}"
  - choria:
      <<: *generate
      description: Some of them
      when: registered.broken.success = false
      nodes: "{{ nodes.some }}"
  - block:
      description: Batches that end
      nodes: "{{ nodes.all }}"
      serial: 10%
      max_fail: 1%
      tasks:
        - choria: {<<: *generate, nodes: "{{ batch }}"}
      rescue:
        - shell: {command: 'echo rescued >> "$SAID"'}
"""


@pytest_asyncio.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    """Runs books on the fleet."""
    plugins = Plugins()
    plugins.load_installed()
    file = tmp_path / "fleet.yaml"
    file.write_text(FLEET)
    async with emulated_fleet("--fleet", str(file), "--brokers", "1", "--no-view") as fleet:
        await fleet.holds(ALL)
        (broker,) = await fleet.brokers()

        def load() -> ClientConfig:
            return client_config(tmp_path, int(broker.rpartition(":")[2]))

        environment = {"PATH": "/usr/bin:/bin", "SAID": str(tmp_path / "said")}
        yield Lab(tmp_path, plugins, environment, load_config=load)


async def test_a_book_on_a_thousand_nodes(lab: Lab) -> None:
    ran = await lab.run(BOOK)

    assert ran.ended.is_ok, ran.ended.error
    found = {event.name: event.nodes for event in ran.of(NodesFound)}
    assert {name: len(nodes) for name, nodes in found.items()} == {
        "good": GOOD,
        "all": ALL,
        "some": GOOD // 20,
    }
    good = set(found["good"])
    weak = set(found["all"]) - good
    assert answered(ran, "tasks[0]") == (good, set())
    assert answered(ran, "tasks[1]") == (good, weak)
    assert ran.steps["tasks[1]"].state is State.OK
    assert answered(ran, "tasks[3]") == (good, weak)
    assert ran.steps["tasks[3]"].is_fail_ok
    assert ran.states["tasks[4]"] is State.SKIPPED
    assert answered(ran, "tasks[5]") == (set(found["some"]), set())
    assert_in_halves(ran, found["all"], weak)
    assert_broken_off(ran, found["all"], weak)


def assert_in_halves(ran: Ran, nodes: tuple[str, ...], weak: set[str]) -> None:
    """Batches that grow; who failed in the first step of one is spared the second."""
    start = 0
    for number, size in enumerate(BATCHES, 1):
        batch = nodes[start : start + size]
        start += size
        identity = f"tasks[2]@{number}"
        assert waited_for(ran, f"{identity}.tasks[0]") == batch
        assert waited_for(ran, f"{identity}.tasks[1]") == tuple(
            node for node in batch if node not in weak
        )
        assert ran.states[identity] is State.OK
    assert ran.states["tasks[2]"] is State.OK
    assert f"tasks[2]@{len(BATCHES) + 1}" not in ran.states


def assert_broken_off(ran: Ran, nodes: tuple[str, ...], weak: set[str]) -> None:
    """After the batch with the eleventh failure none is begun; what rescues is done."""
    failures = 0
    for number in range(1, 11):
        identity = f"tasks[6]@{number}"
        failures += len(weak.intersection(nodes[(number - 1) * 100 : number * 100]))
        is_last = failures > ALL // 100
        assert ran.states[identity] is (State.FAILED if is_last else State.OK)
        if is_last:
            assert f"tasks[6]@{number + 1}" not in ran.states
            break
    assert failures > ALL // 100
    assert ran.said == ["rescued"]
    assert ran.steps["tasks[6]"].state is State.OK


def answered(ran: Ran, step: str) -> tuple[set[str], set[str]]:
    """Nodes that did well at a step, and those that failed."""
    done = [event for event in ran.of(NodeDone) if event.id == step]
    assert len(done) == len({event.node for event in done})
    bad = {event.node for event in done if not event.result.is_ok}
    (ended,) = [event for event in ran.of(StepEnded) if event.id == step]
    assert set(ended.results) == {event.node for event in done}
    return {event.node for event in done} - bad, bad


def waited_for(ran: Ran, step: str) -> tuple[str, ...]:
    """Nodes that a step asked, in order."""
    return tuple(node for event in ran.of(NodesWaiting) if event.id == step for node in event.nodes)
