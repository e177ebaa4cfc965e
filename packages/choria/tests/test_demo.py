"""``choria demo`` as a user runs it."""

import os
import re
import signal
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

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


def figures(text: str) -> dict[str, str]:
    """The rows of the table at the end."""
    return dict(re.findall(r"│ (\w[\w ]*?) +│ +([\w,/ ]+?) │", text))


def test_it_shows_the_whole_path_verifies_and_leaves_nothing(scratch: Path) -> None:
    done = demo(scratch, *SMALL)

    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    found = figures(done.stdout)
    counts = {
        name: int(text.replace(",", ""))
        for name, text in found.items()
        if text[0].isdigit() and "s" not in text
    }
    assert found["order verified"] == "yes"
    assert counts["nodes"] == counts["nodes called by the playbook"] == 20
    assert counts["entries of audit logs"] == 20
    assert counts["registrations published"] == counts["acknowledged in dc1"] >= 20
    assert counts["dropped"] == 0
    assert counts["copied to central"] >= 20
    assert counts["copied to central"] + counts["sampled away"] == counts["acknowledged in dc1"]
    assert "lock kv/locks/demo  taken" in done.stdout
    assert list(scratch.iterdir()) == []


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


def test_the_demo_is_found_through_its_entry_point() -> None:
    (point,) = entry_points(group="choria.plugins", name="demo")
    commands: list[Command] = list(point.load().choria_commands())

    assert [command.name for command in commands] == ["demo"]
