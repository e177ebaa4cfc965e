"""What ``choria plugin new`` writes installs beside our wheels, passes its tests, and works.

One empty environment has a plugin of each kind.
"""

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from choria_core.broker.server import Broker
from choria_core.nats.endpoint import Endpoint, ServerAddress
from choria_core.nats.lean_transport import connect
from choria_core.nats.transport import Message
from choria_core.plugin_template.kinds import KINDS
from choria_testing.programs import PATIENCE_SECONDS, Program
from choria_testing.registering import SUBJECT, payload_of
from tests.empty_environment import EmptyEnvironment, build_wheels, closure

NAMES = {
    "agent": "greeter",
    "registration": "how-long",
    "auditing": "who_did_what",
    "data-store": "drawer",
    "node-set": "listed",
    "task": "say",
    "command": "say-hi",
}
HOOKS = {
    "agent": "choria_agents",
    "registration": "choria_registrations",
    "auditing": "choria_auditors",
    "data-store": "choria_data_stores",
    "node-set": "choria_node_sets",
    "task": "choria_tasks",
    "command": "choria_commands",
}
BOOK = """\
schema: 1
name: morning
version: 1.0.0
author: Jane Doe
description: Uses a plugin of each kind that playbooks have

data_stores:
  notes: {type: drawer, folder: notes}

nodes:
  web: {type: listed, file: nodes.txt}

inputs:
  who: {description: Who is greeted, type: String, data: notes/who}

tasks:
  - say: {loop: "{{ nodes.web }}", text: "hello {{ inputs.who }} on {{ item }}"}
  - data: {action: write, key: notes/done, value: greeted}
"""

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def environment(root: Path, tmp_path_factory: pytest.TempPathFactory) -> EmptyEnvironment:
    """Our wheels, the test kit among them, and what builds packages."""
    environment = EmptyEnvironment(tmp_path_factory.mktemp("empty") / "venv")
    names = {"uv-build"}.union(*map(closure, ("choria", "choria-testing")))
    environment.install_pinned(names, root / "constraints.txt")
    environment.install(*build_wheels(root, tmp_path_factory.mktemp("wheels")))
    environment.variables["INSECURE_YES_REALLY"] = "true"  # for networks without certificates
    return environment


@pytest.fixture(scope="module")
def packages(
    environment: EmptyEnvironment, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """A package of each kind, written by the program that is installed, and installed itself."""
    folder = tmp_path_factory.mktemp("plugins")
    for kind, name in NAMES.items():
        environment.run("choria", "plugin", "new", kind, name, cwd=folder)
    packages = {
        kind: folder / f"choria-plugin-{name.replace('_', '-')}" for kind, name in NAMES.items()
    }
    environment.install(*packages.values())
    return packages


@pytest.fixture
def configured(packages: dict[str, Path], broker: Broker, tmp_path: Path) -> Path:
    """A folder with the configurations of a client, and of a server with what it may have."""
    assert packages
    common = (
        f"plugin.choria.middleware_hosts = 127.0.0.1:{broker.port}",
        "plugin.choria.use_srv = false",
        "plugin.security.provider = file",
    )
    server = (
        "identity = node1.example",
        "rpcauthorization = false",
        "registration = how_long",
        "registration_splay = false",
        "plugin.how_long.note = rack 7",
        "rpcaudit = true",
        "rpcauditprovider = who_did_what",
        f"plugin.rpcaudit.logfile = {tmp_path / 'audit.log'}",
    )
    (tmp_path / "server.conf").write_text("\n".join((*common, *server)) + "\n")
    (tmp_path / "client.conf").write_text("\n".join((*common, "identity = desk.example")) + "\n")
    return tmp_path


def test_all_of_them_are_listed(environment: EmptyEnvironment, packages: dict[str, Path]) -> None:
    rows = json.loads(environment.run("choria", "plugin", "list", "--json"))

    listed = {row["distribution"]: (row["hooks"], row["state"], row["problems"]) for row in rows}
    assert {package.name: listed[package.name] for package in packages.values()} == {
        package.name: ([HOOKS[kind]], "ok", []) for kind, package in packages.items()
    }


@pytest.mark.parametrize("kind", KINDS)
def test_its_own_tests_pass(
    kind: str, environment: EmptyEnvironment, packages: dict[str, Path]
) -> None:
    told = environment.run("python", "-m", "pytest", "-q", str(packages[kind]))

    assert " passed" in told


def test_its_types_are_in_order(environment: EmptyEnvironment, packages: dict[str, Path]) -> None:
    """With nothing but what is installed: our wheels say that they are typed."""
    python = str(environment.programs / "python")
    folders = [str(package / part) for package in packages.values() for part in ("src", "tests")]
    mypy = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir=/dev/null"]
    done = subprocess.run(
        [*mypy, "--python-executable", python, *folders],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


async def test_a_server_has_them(
    environment: EmptyEnvironment, broker: Broker, configured: Path
) -> None:
    """The registration is read, the agent called, and the auditor has it."""
    endpoint = Endpoint((ServerAddress("127.0.0.1", broker.port),))
    heard: asyncio.Queue[Message] = asyncio.Queue()
    async with await connect(endpoint, name="reader", timeout_seconds=PATIENCE_SECONDS) as wire:
        await wire.subscribe(SUBJECT, heard.put_nowait)
        await wire.flush()
        async with _served(environment, configured):
            told = await asyncio.to_thread(
                environment.run,
                *("choria", "rpc", "greeter", "hello", "who=Jane", "-I", "node1.example"),
                *("--json", "--config", "client.conf"),
                cwd=configured,
            )
            async with asyncio.timeout(PATIENCE_SECONDS):
                message = await heard.get()

    [reply] = json.loads(told)["replies"]
    assert reply["data"] == {"text": "hello Jane", "node": "node1.example"}
    body = json.loads(payload_of(message.data))
    assert (body["identity"], body["note"]) == ("node1.example", "rack 7")
    [line] = [json.loads(line) for line in (configured / "audit.log").read_text().splitlines()]
    assert (line["agent"], line["action"], line["data"]) == ("greeter", "hello", {"who": "Jane"})


def test_a_playbook_has_them(
    environment: EmptyEnvironment, packages: dict[str, Path], tmp_path: Path
) -> None:
    assert packages
    (tmp_path / "book.yaml").write_text(BOOK)
    (tmp_path / "nodes.txt").write_text("web1.example\nweb2.example\n")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "who.txt").write_text("Jane")

    options = ("--report-file", "report.yaml")
    environment.run("choria", "playbook", "run", "book.yaml", *options, cwd=tmp_path)

    report = (tmp_path / "report.yaml").read_text()
    assert all(f"said hello Jane on web{number}.example" in report for number in (1, 2))
    assert (tmp_path / "notes" / "done.txt").read_text() == "greeted"


def test_the_program_has_the_command(
    environment: EmptyEnvironment, packages: dict[str, Path]
) -> None:
    assert packages
    assert environment.run("choria", "say-hi", "Jane") == "hello Jane\n"
    assert "Greet somebody." in environment.run("choria", "--help")


@contextlib.asynccontextmanager
async def _served(environment: EmptyEnvironment, folder: Path) -> AsyncIterator[None]:
    """``choria server run`` of the environment, ready, and killed at the end of the block."""
    process = await asyncio.create_subprocess_exec(
        environment.programs / "choria",
        *("server", "run", "--config", "server.conf"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=environment.variables,
        cwd=folder,
    )
    program = Program(process)
    try:
        await program.said("ready")
        yield
    finally:
        program.kill()
        await program.ended()
