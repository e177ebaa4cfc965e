"""RPC tasks on a thousand nodes of the emulator: batches, failures, asserts."""

import contextlib
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from choria_core.network_config.client_config import ClientConfig
from choria_core.playbook.task import Outcome
from choria_core.playbook.workbench import Workbench
from choria_playbooks.tasks.rpc import RpcTask
from choria_testing.emulated_fleets import emulated_fleet
from packages.playbooks.tests.rpc.conftest import (
    RecordedRun,
    client_config,
    installed,
    read_options,
)

COUNT = 1000
NAMES = [f"node-{number}" for number in range(1, COUNT + 1)]
NODES = f"nodes: [{', '.join(NAMES)}]\n"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def good_port() -> AsyncIterator[int]:
    """Of the broker of a fleet that does as it is told."""
    async with running_fleet() as port:
        yield port


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bad_port() -> AsyncIterator[int]:
    """Of the broker of a fleet that fails at every tenth request."""
    async with running_fleet("--fail", "10%") as port:
        yield port


@contextlib.asynccontextmanager
async def running_fleet(*words: str) -> AsyncIterator[int]:
    """Run a fleet; where its broker listens."""
    usual = ("--instances", str(COUNT), "--name", "node", "--brokers", "1", "--no-view")
    async with emulated_fleet(*usual, *words) as fleet:
        await fleet.holds(COUNT)
        (broker,) = await fleet.brokers()
        yield int(broker.rpartition(":")[2])


class Fleet:
    """Tries RPC tasks on a fleet.

    Attributes:
        run: what the last of them told.
    """

    def __init__(self, folder: Path, port: int) -> None:
        def load() -> ClientConfig:
            return client_config(folder, port)

        self.bench = Workbench(plugins=installed(), load_config=load, environment={})
        self.run = RecordedRun(self.bench)

    async def attempt(self, text: str, *, patience: str = "60s") -> Outcome:
        """Try one, with options as a book has them; nobody is late on a busy machine."""
        self.run = RecordedRun(self.bench)
        options = read_options(RpcTask.Options, f"reply_timeout: {patience}\n{text}")
        outcome = await RpcTask().run(options, self.run)
        assert self.run.results == outcome.results
        return outcome


@pytest_asyncio.fixture
async def good(good_port: int, tmp_path: Path) -> AsyncIterator[Fleet]:
    """The fleet that does as it is told."""
    fleet = Fleet(tmp_path, good_port)
    async with fleet.bench:
        yield fleet


@pytest_asyncio.fixture
async def bad(bad_port: int, tmp_path: Path) -> AsyncIterator[Fleet]:
    """The fleet that fails now and then."""
    fleet = Fleet(tmp_path, bad_port)
    async with fleet.bench:
        yield fleet


def kinds_of(outcome: Outcome) -> Counter[str]:
    """How many nodes there are of each sort of failure; of those that did well, at empty."""
    return Counter(result.kind for result in outcome.results.values())


def rows_of(outcome: Outcome) -> Iterator[Any]:
    """What ``previous_task.data`` has."""
    yield from outcome.data


@pytest.mark.parametrize("size", ["0", "25%", "300"])
async def test_all_do_it_at_once_or_in_batches(good: Fleet, size: str) -> None:
    outcome = await good.attempt(
        f"action: emulated0.generate\nproperties: {{size: '12'}}\n{NODES}"
        f"batch_size: {size}\nbatch_sleep_time: 0\nassert: message=~/^0123456789/"
    )

    assert outcome.is_ok
    assert "for emulated0#generate did well on 1000 nodes in " in outcome.message
    assert good.run.waiting == NAMES
    assert set(outcome.results) == set(NAMES)
    assert {row["sender"] for row in rows_of(outcome)} == set(NAMES)
    assert {row["data"]["message"] for row in rows_of(outcome)} == {"012345678901"}
    assert len({row["requestid"] for row in rows_of(outcome)}) == 1
    assert good.run.lines[-1] == "and so on: 900 more"
    assert len(good.run.lines) == 101


async def test_facts_are_summed_up(good: Fleet) -> None:
    outcome = await good.attempt(
        f"action: rpcutil.get_fact\nproperties: {{fact: country}}\n{NODES}post: [summarize]\n"
        "silent: true"
    )
    assert outcome.is_ok
    values = Counter(row["data"]["value"] for row in rows_of(outcome))
    assert set(values) == {"de", "mt", "nl", "us"}
    summary = outcome.message.removeprefix("Summary for look around: ")
    assert json.loads(summary) == dict(values)
    assert good.run.lines == []


async def test_those_that_are_not_as_asserted_are_told_apart(good: Fleet) -> None:
    text = f"action: rpcutil.get_fact\nproperties: {{fact: country}}\n{NODES}assert: value=mt\n"

    outcome = await good.attempt(text)

    there = {row["sender"] for row in rows_of(outcome) if row["data"]["value"] == "mt"}
    assert 0 < len(there) < COUNT
    assert {name for name, result in outcome.results.items() if result.is_ok} == there
    assert kinds_of(outcome) == {"": len(there), "assert": COUNT - len(there)}
    assert not outcome.is_ok
    assert f"failed on {COUNT - len(there)} of 1000 nodes: " in outcome.message

    assert (await good.attempt(f"{text}max_fail: {COUNT - len(there)}")).is_ok
    assert not (await good.attempt(f"{text}max_fail: {COUNT - len(there) - 1}")).is_ok


async def test_those_that_fail_are_told_apart(bad: Fleet) -> None:
    text = f"action: emulated0.generate\n{NODES}"

    outcome = await bad.attempt(text)

    kinds = kinds_of(outcome)
    assert set(kinds) == {"", "failed"}
    assert 0 < kinds["failed"] < COUNT // 4
    assert not outcome.is_ok
    assert f"failed on {kinds['failed']} of 1000 nodes: {kinds['failed']} failed (" in (
        outcome.message
    )
    failed = {row["sender"] for row in rows_of(outcome) if row["statuscode"]}
    assert failed == {name for name, result in outcome.results.items() if not result.is_ok}
    assert (await bad.attempt(f"{text}max_fail: 25%")).is_ok


async def test_batches_end_when_too_many_failed(bad: Fleet) -> None:
    outcome = await bad.attempt(
        f"action: emulated0.generate\n{NODES}max_fail: 2%\nbatch_size: 10%\nbatch_sleep_time: 0"
    )

    kinds = kinds_of(outcome)
    assert not outcome.is_ok
    assert kinds["failed"] > 20
    assert kinds["unasked"] >= 100
    assert kinds["unasked"] % 100 == 0
    asked = COUNT - kinds["unasked"]
    assert {row["sender"] for row in rows_of(outcome)} == set(NAMES[:asked])
    assert f"{kinds['unasked']} not asked any more (" in outcome.message


async def test_nodes_that_are_not_there_are_silent(good: Fleet) -> None:
    outcome = await good.attempt(
        f"action: rpcutil.ping\nnodes: [ghost-1, {', '.join(NAMES)}, ghost-2]", patience="5s"
    )
    assert kinds_of(outcome) == {"": COUNT, "silent": 2}
    assert "2 did not answer (ghost-1, ghost-2)" in outcome.message
