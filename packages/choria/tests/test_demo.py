"""``choria demo`` as a user runs it."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from choria.demo import Demo, run_demo
from choria.machine_facts import machine_facts, node_facts
from choria_core.errors import WorkError
from choria_core.hookspecs import Command
from choria_core.nats.transport import Message, Transport
from choria_testing.peers import require_peer


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """An empty folder for temporary files, so that what is left behind can be seen."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


def demo(scratch: Path, *options: str) -> subprocess.CompletedProcess[str]:
    require_peer("nats-server")
    return subprocess.run(
        [sys.executable, "-m", "choria", "demo", *options],
        env={**os.environ, "TMPDIR": str(scratch), "COLUMNS": "100"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_it_copies_samples_verifies_and_leaves_nothing(scratch: Path) -> None:
    done = demo(scratch)

    assert done.returncode == 0, done.stderr
    figures = dict(re.findall(r"│ (\w[\w ]*?) +│ +([\w,/ ]+?) │", done.stdout))
    assert figures["messages in"] == "10,000"
    assert figures["copied"] == "2,000"
    assert figures["sampled away"] == "8,000"
    assert figures["order verified"] == "yes"
    assert list(scratch.iterdir()) == []


def test_kept_brokers_go_on_until_they_are_stopped(scratch: Path) -> None:
    done = demo(scratch, "--keep")
    pids = [int(pid) for pid in re.findall(r"process (\d+)", done.stdout)]
    try:
        assert done.returncode == 0, done.stderr
        assert len(pids) == 2
        assert len(re.findall(r"still running at nats://127\.0\.0\.1:\d+", done.stdout)) == 2
        for pid in pids:
            os.kill(pid, 0)
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGTERM)


async def test_a_copy_that_is_out_of_place_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Verification is no decoration: with a wrong expectation it fails."""
    require_peer("nats-server")
    from choria import demo as module

    first = module._first_of_each

    async def reversed_firsts(source: Transport) -> list[Message]:
        return (await first(source))[::-1]

    monkeypatch.setattr(module, "_first_of_each", reversed_firsts)
    with pytest.raises(WorkError, match=r"where .* belongs"):
        await run_demo(
            Demo(
                keep=False,
                tell=lambda _step: None,
                watch=lambda _entries: contextlib.nullcontext(),
                nodes=20,
                rounds=2,
            )
        )


def test_facts_are_this_machines_and_differ_by_node() -> None:
    facts = machine_facts()
    one, other = node_facts(facts, 1), node_facts(facts, 2)

    assert facts["architecture"] == os.uname().machine
    assert one["hostname"] != other["hostname"]
    assert one["ipaddress"] != other["ipaddress"]
    assert one["kernel"] == facts["kernel"]


def test_the_demo_is_found_through_its_entry_point() -> None:
    (point,) = entry_points(group="choria.plugins", name="demo")
    commands: list[Command] = list(point.load().choria_commands())

    assert [command.name for command in commands] == ["demo"]
