"""The example of a maintenance window, while the work in it takes its time."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
import pytest_asyncio

from choria_core.broker.server import Broker
from choria_testing.programs import Program, run_choria
from choria_testing.scripted_nodes import DONE, Asked, scripted_nodes
from choria_testing.web_server import RealServer, served
from packages.playbooks.tests.examples.conftest import EXAMPLES

NAMES = tuple(f"web-{number:02}" for number in range(1, 13))
DDL = """{
  "metadata": {"name": "app", "version": "1.0.0", "timeout": 60},
  "actions": [
    {"action": "disable", "input": {}, "output": {}},
    {"action": "work", "input": {}, "output": {}},
    {"action": "enable", "input": {}, "output": {}}]
}"""
LOCK_TAKEN = '"event":"lock_taken"'
ASKED = '"event":"nodes_waiting"'

StartWindow = Callable[[], AbstractAsyncContextManager[Program]]


class Fleet:
    """Nodes that are in service or not.

    Attributes:
        disabled: those that are not.
        is_slow: work is never done.
    """

    def __init__(self) -> None:
        self.disabled: set[str] = set()
        self.is_slow = True

    def answer(self, asked: Asked) -> Iterable[bytes]:
        """What a node replies."""
        if asked.request.agent == "discovery":
            return [asked.reply()]
        match json.loads(asked.request.payload)["action"]:
            case "disable":
                self.disabled.add(asked.node)
            case "enable":
                self.disabled.discard(asked.node)
            case "work" if self.is_slow:
                return []
        return [asked.reply(DONE)]


@pytest_asyncio.fixture
async def nodes(broker: Broker) -> AsyncIterator[Fleet]:
    """A dozen of them."""
    fleet = Fleet()
    async with scripted_nodes(broker, *NAMES) as scripted:
        scripted.answer = fleet.answer
        yield fleet


@pytest_asyncio.fixture
async def chat() -> AsyncIterator[RealServer]:
    """Where windows are announced."""
    async with served() as server:
        yield server


@pytest.fixture
def window(
    broker: Broker,
    chat: RealServer,
    client: Callable[[Broker], Path],
    environment: dict[str, str],
    tmp_path: Path,
) -> StartWindow:
    """Starts a window."""
    folder = tmp_path / "lib" / "choria" / "agent"
    folder.mkdir(parents=True)
    (folder / "app.json").write_text(DDL)
    actions = [f"--{name}_action=app.{name}" for name in ("disable", "work", "enable")]
    words = ("playbook", "run", str(EXAMPLES / "maintenance_window.yaml"), "--json")
    config = ("--config", str(client(broker)))

    def start() -> AbstractAsyncContextManager[Program]:
        return run_choria(
            *(*words, *config, "--reason", "new kernel", *actions),
            environment=environment | {"MAINTENANCE_WEBHOOK": f"{chat.url}/hooks/s3cret"},
            folder=tmp_path,
        )

    return start


def announced(chat: RealServer) -> list[str]:
    """What was said in the chat."""
    return [json.loads(seen.body)["text"] for seen in chat.seen]


async def test_a_window_that_is_stopped_brings_its_nodes_back(
    nodes: Fleet, window: StartWindow, chat: RealServer
) -> None:
    async with window() as program:
        await program.said(ASKED, count=2)
        assert nodes.disabled == set(NAMES)

        program.terminate()
        code = await program.ended()

    assert code == 128 + signal.SIGTERM
    assert nodes.disabled == set()
    assert announced(chat)[-1] == "Maintenance of role::web failed"


async def test_a_second_window_waits_for_the_first(
    nodes: Fleet, window: StartWindow, chat: RealServer
) -> None:
    async with window() as first, window() as second:
        one = await _first_to_say(LOCK_TAKEN, first, second)
        other = second if one is first else first
        await one.said(ASKED, count=2)
        waiting = json.loads(await other.said('"event":"lock_waiting"'))
        assert waiting["lock"] == "locks/maintenance"
        assert "choria=desk.mcollective" in waiting["holder"]
        assert not any(LOCK_TAKEN in line for line in other.lines)

        nodes.is_slow = False
        one.terminate()

        assert await one.ended() == 128 + signal.SIGTERM
        assert await other.ended() == 0, other.output
    assert announced(chat)[-1] == "Maintenance of role::web is over"


async def _first_to_say(text: str, *programs: Program) -> Program:
    """The program that says it; the others may never do."""
    tasks = {asyncio.create_task(program.said(text)): program for program in programs}
    done, waiting = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    return tasks[done.pop()]
