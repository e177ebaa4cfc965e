"""``choria demo`` as a user runs it."""

import io
import os
import re
import signal
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from rich.console import Console

from choria.demo.story import Demo, demonstrated
from choria.demo.telling import LineTeller
from choria_core.cli import installed_plugins
from choria_core.hookspecs import Command
from choria_testing.peers import require_peer

SMALL = ("--nodes", "20", "--seconds", "4")


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


def rows(text: str) -> dict[str, str]:
    """The table at the end."""
    return dict(re.findall(r"│ (\w[\w ]*?) +│ +([\w,/ ]+?) │", text))


def test_it_shows_the_whole_path_verifies_and_leaves_nothing(scratch: Path) -> None:
    done = demo(scratch, *SMALL)

    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    found = rows(done.stdout)
    published = int(found["registrations published"].replace(",", ""))
    copied, left = int(found["copied to central"]), int(found["sampled away"])
    assert published >= 20
    assert found["acknowledged in dc1"] == found["registrations published"]
    assert found["dropped"] == "0"
    assert copied + left == published
    assert 20 <= copied <= published
    assert found["order verified"] == "yes"
    assert found["nodes called by the playbook"] == found["nodes"] == "20"
    assert found["entries of audit logs"] == "20"
    assert "lock kv/locks/demo  taken" in done.stdout
    assert len(re.findall(r'dc1-\d+ +emulated0#generate {"size":64}', done.stdout)) == 3
    assert list(scratch.iterdir()) == []


async def test_over_several_intervals_a_part_of_each_nodes_messages_is_copied() -> None:
    require_peer("nats-server")
    said = io.StringIO()
    wish = Demo(
        plugins=installed_plugins(),
        nodes=10,
        flow_seconds=5,
        registration_seconds=1,
        interval_seconds=2,
    )

    async with demonstrated(wish, LineTeller(Console(file=said))) as outcome:
        pass

    assert outcome.registrations == outcome.acknowledged >= 50
    assert outcome.dropped == 0
    assert 20 <= outcome.copied < outcome.acknowledged
    assert outcome.sampled_away == outcome.acknowledged - outcome.copied
    assert outcome.called == outcome.audited == 10
    assert "the centre is read back" in said.getvalue()


def test_kept_brokers_go_on_until_they_are_stopped(scratch: Path) -> None:
    done = demo(scratch, *SMALL, "--keep")
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


def test_it_serves_or_keeps_but_not_both(scratch: Path) -> None:
    done = demo(scratch, "--serve", "--keep")

    assert done.returncode == 2
    assert "--serve" in done.stderr
    assert list(scratch.iterdir()) == []


def test_the_demo_is_found_through_its_entry_point() -> None:
    (point,) = entry_points(group="choria.plugins", name="demo")
    commands: list[Command] = list(point.load().choria_commands())

    assert [command.name for command in commands] == ["demo"]
