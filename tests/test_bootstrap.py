"""A machine that lacks something is told the line to type."""

import shutil
import subprocess
from pathlib import Path

import pytest

NEEDED = ("sh", "dirname", "uname", "cmp", "cp", "head", "cat")


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder of programs: the shell's own tools, an apt-get, and no Python at all."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in NEEDED:
        (programs / name).symlink_to(shutil.which(name) or f"/bin/{name}")
    _program(programs / "apt-get", "exit 0")
    (programs / "uname").unlink()
    _program(programs / "uname", "echo Linux")
    return programs


@pytest.fixture
def workspace(root: Path, tmp_path: Path) -> Path:
    """The bootstrap alone, in a folder whose name has a space."""
    folder = tmp_path / "a workspace"
    (folder / ".ci").mkdir(parents=True)
    shutil.copy(root / ".ci" / "bootstrap", folder / ".ci" / "bootstrap")
    return folder


def test_without_python_the_line_installs_one(machine: Path, workspace: Path) -> None:
    done = _bootstrap(machine, workspace)

    assert done.returncode == 2
    assert "Python 3.11 to 3.14 is needed; there is no python3." in done.stderr
    assert "    sudo apt install python3.11 python3.11-venv\n" in done.stderr


def test_too_old_a_python_is_named(machine: Path, workspace: Path) -> None:
    _python(machine / "python3", minor=9)

    done = _bootstrap(machine, workspace)

    assert done.returncode == 2
    assert "python3 is Python 3.9.2" in done.stderr
    assert "    sudo apt install python3.11 python3.11-venv\n" in done.stderr


def test_a_python_without_venv_gets_its_own_line(machine: Path, workspace: Path) -> None:
    _python(machine / "python3.12", minor=12, has_venv=False)

    done = _bootstrap(machine, workspace)

    assert done.returncode == 2
    assert "python3.12 is recent enough but lacks the venv and ensurepip modules" in done.stderr
    assert "    sudo apt install python3.12-venv\n" in done.stderr


def test_on_macos_the_line_is_for_homebrew(machine: Path, workspace: Path) -> None:
    _program(machine / "uname", "echo Darwin")

    done = _bootstrap(machine, workspace)

    assert done.returncode == 2
    assert "    brew install python@3.13\n" in done.stderr


def test_the_first_suitable_python_is_taken(machine: Path, workspace: Path) -> None:
    _python(machine / "python3", minor=10)
    _python(machine / "python3.13", minor=13)
    _python(machine / "python3.11", minor=11)

    done = _bootstrap(machine, workspace)

    assert "Making .venv with Python 3.13.2" in done.stderr


def test_a_python_newer_than_the_pins_is_taken_only_by_name(machine: Path, workspace: Path) -> None:
    _python(machine / "python3", minor=15)

    assert _bootstrap(machine, workspace).returncode == 2
    named = _bootstrap(machine, workspace, python=str(machine / "python3"))
    assert "Making .venv with Python 3.15.2" in named.stderr


def test_a_named_python_may_have_a_space_in_its_path(machine: Path, workspace: Path) -> None:
    elsewhere = workspace / "python3"
    _python(elsewhere, minor=12)

    done = _bootstrap(machine, workspace, python=str(elsewhere))

    assert "Making .venv with Python 3.12.2" in done.stderr


def test_make_help_names_every_task(root: Path) -> None:
    make = shutil.which("make")
    if make is None:
        pytest.skip("make is not on PATH")

    shown = subprocess.run([make, "help"], cwd=root, capture_output=True, text=True, check=True)

    assert all(f"make {task} " in shown.stdout for task in ("demo", "test", "lint", "bench"))


def _bootstrap(
    machine: Path, workspace: Path, *, python: str = ""
) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": str(machine), "PYTHON": python, "HOME": str(workspace)}
    program = [str(workspace / ".ci" / "bootstrap")]
    return subprocess.run(program, env=environment, capture_output=True, text=True, check=False)


def _python(file: Path, *, minor: int, has_venv: bool = True) -> None:
    """A stand-in that answers what the bootstrap asks a Python before it trusts it.

    It cannot make an environment: the tests end where a real one would begin.
    """
    answers = f"""
case "$*" in
--version) echo Python 3.{minor}.2 ;;
*version_info*) echo {minor} ;;
*ensurepip*) exit {0 if has_venv else 1} ;;
*) exit 9 ;;
esac"""
    _program(file, answers)


def _program(file: Path, body: str) -> None:
    file.write_text(f"#!/bin/sh\n{body}\n")
    file.chmod(0o755)
