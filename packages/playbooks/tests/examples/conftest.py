"""The books that come with the package, and networks to run them in."""

import contextlib
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pytest
import pytest_asyncio

import choria_playbooks.examples
from choria_core.broker.server import Broker
from choria_testing.brokers import jetstream_broker
from choria_testing.emulated_fleets import emulated_fleet
from choria_testing.programs import run_choria

EXAMPLES = Path(choria_playbooks.examples.__file__).parent
FLEET = """\
seed: 7
groups:
  web:
    count: 60
    classes: ["role::web"]
    facts: {cluster: {choice: [alpha, bravo]}, health: good, os: {family: Debian}}
  db:
    count: 12
    classes: ["role::db"]
    facts: {cluster: none, health: bad, os: {family: RedHat}}
"""
COUNT = 72


@dataclass
class Ran:
    """How a run ended.

    Attributes:
        code: it ended with.
        output: all that it printed.
        events: that ``--json`` printed.
    """

    code: int
    output: str
    events: list[dict[str, Any]] = field(default_factory=list)

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Events of a kind."""
        return [event for event in self.events if event["event"] == kind]

    @property
    def told(self) -> list[str]:
        """Descriptions of the tasks that were done, in order."""
        containers = {"block", "parallel", "tasks", "playbook", "batch", "loop"}
        return [
            event["description"]
            for event in self.of("step_ended")
            if event["started"] and event["type"] not in containers
        ]

    @property
    def lines(self) -> list[str]:
        """What its programs wrote."""
        return [event["text"] for event in self.of("log") if event["is_output"]]


class RunExample(Protocol):
    """Runs an example by its name."""

    def __call__(self, name: str, *words: str, **environment: str) -> Awaitable[Ran]:
        """Return when it is over."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def fleet(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Broker]:
    """The broker of a fleet of 72 emulated nodes."""
    file = tmp_path_factory.mktemp("fleet") / "fleet.yaml"
    file.write_text(FLEET)
    async with jetstream_broker() as broker:
        server = f"127.0.0.1:{broker.port}"
        async with emulated_fleet("--fleet", str(file), "--server", server, "--no-view") as nodes:
            await nodes.holds(COUNT)
            yield broker


@pytest.fixture
def client(tmp_path: Path) -> Callable[[Broker], Path]:
    """Writes the configuration of a client of a broker."""

    def write(broker: Broker) -> Path:
        file = tmp_path / "client.cfg"
        lines = (
            "identity = desk.example",
            "collectives = mcollective",
            "plugin.choria.use_srv = false",
            "plugin.security.provider = file",
            f"plugin.choria.middleware_hosts = 127.0.0.1:{broker.port}",
            "discovery_timeout = 1",
            f"libdir = {tmp_path / 'lib'}",
        )
        file.write_text("\n".join(lines) + "\n")
        return file

    return write


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """What runs have."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "USER": "alice",
        "MCOLLECTIVE_CERTNAME": "desk.mcollective",
        "INSECURE_YES_REALLY": "true",
        "NO_COLOR": "1",
    }


@pytest.fixture
def run_example(
    fleet: Broker,
    client: Callable[[Broker], Path],
    environment: dict[str, str],
    tmp_path: Path,
) -> RunExample:
    """Runs an example over the fleet, in the test's folder."""

    async def run(name: str, *words: str, **more: str) -> Ran:
        book = ("playbook", "run", str(EXAMPLES / name), "--config", str(client(fleet)), "--json")
        return await run_book(*book, *words, environment=environment | more, folder=tmp_path)

    return run


async def run_book(*words: str, environment: dict[str, str], folder: Path) -> Ran:
    """Run a book by the program, which prints JSON."""
    async with run_choria(*words, environment=environment, folder=folder) as program:
        code = await program.ended()
        events = []
        for line in program.lines:
            with contextlib.suppress(json.JSONDecodeError):
                events.append(json.loads(line))
        return Ran(code, program.output, events)
