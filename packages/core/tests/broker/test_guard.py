"""The guard passes on what it should, and ends its program with the parent."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from choria_core.broker import guard as broker_guard

STUBBORN = "trap '' TERM; echo ready; while :; do sleep 0.05; done"
OBEDIENT = "trap 'echo told; exit 7' TERM; echo ready; while :; do sleep 0.05; done"


def guard(script: str, *, folder: str = "", grace_seconds: str = "5") -> subprocess.Popen[str]:
    command = [sys.executable, "-I", "-S", broker_guard.__file__, grace_seconds, folder]
    return subprocess.Popen(
        [*command, "/bin/sh", "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def ready(guarded: subprocess.Popen[str]) -> None:
    assert guarded.stdout is not None
    assert guarded.stdout.readline() == "ready\n"


@pytest.mark.parametrize(("script", "code"), [("exit 0", 0), ("exit 3", 3), ("kill -9 $$", 137)])
def test_it_ends_with_the_programs_exit_code(script: str, code: int) -> None:
    with guard(script) as guarded:
        assert guarded.wait(20) == code


def test_it_passes_sigterm_on() -> None:
    with guard(OBEDIENT) as guarded:
        ready(guarded)
        guarded.terminate()

        assert guarded.wait(20) == 7


def test_a_lost_parent_ends_the_program_and_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "file").touch()
    with guard(OBEDIENT, folder=str(folder)) as guarded:
        ready(guarded)
        assert guarded.stdin is not None
        guarded.stdin.close()

        assert guarded.wait(20) == 7
        assert not folder.exists()


def test_a_byte_from_the_parent_ends_the_program_and_keeps_its_folder(tmp_path: Path) -> None:
    with guard(OBEDIENT, folder=str(tmp_path)) as guarded:
        ready(guarded)
        assert guarded.stdin is not None
        guarded.stdin.write("k")
        guarded.stdin.close()

        assert guarded.wait(20) == 7
        assert tmp_path.exists()


def test_a_program_that_ends_by_itself_leaves_the_folder(tmp_path: Path) -> None:
    with guard("exit 0", folder=str(tmp_path)) as guarded:
        guarded.wait(20)

    assert tmp_path.exists()


def test_a_stubborn_program_is_killed_after_the_grace_time() -> None:
    with guard(STUBBORN, grace_seconds="0.2") as guarded:
        ready(guarded)
        assert guarded.stdin is not None
        guarded.stdin.close()

        assert guarded.wait(20) == 128 + signal.SIGKILL


def test_the_program_sees_no_input_of_the_guard() -> None:
    with guard("cat; exit 5") as guarded:
        assert guarded.wait(20) == 5


def test_a_guard_of_an_absent_program_fails() -> None:
    command = [sys.executable, "-I", "-S", broker_guard.__file__, "5", "", "/no/such/program"]
    ended = subprocess.run(
        command, stdin=subprocess.PIPE, capture_output=True, text=True, check=False
    )

    assert ended.returncode != 0
    assert "/no/such/program" in ended.stderr
