"""``choria playbook`` as people meet it: within this process, and as a program of its own."""

import contextlib
import os
import textwrap
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from choria_core.cli import main
from choria_core.plugins import Plugins
from choria_testing.programs import Program, run_choria
from packages.playbooks.tests.commands.terminal import COLUMNS, Terminal, on_terminal

HEAD = """\
name: deploy
version: 1.2.0
author: rip
description: deploys
run_as: choria=deployer
schema: 1
"""
WIDTH = "100"


@dataclass(frozen=True)
class Told:
    """What the program printed, and how it ended."""

    code: int
    out: str
    err: str


class Choria(Protocol):
    """``choria playbook`` with words, in the test's folder."""

    def __call__(self, *words: str | Path) -> Told:
        """What came of it."""


class Running(Protocol):
    """The same as a process of its own."""

    def __call__(
        self, *words: str | Path, **environment: str
    ) -> AbstractAsyncContextManager[Program]:
        """Killed at the end of the block if it still runs."""


class OnTerminal(Protocol):
    """The same on a terminal."""

    def __call__(
        self, *words: str | Path, **environment: str
    ) -> AbstractAsyncContextManager[Terminal]:
        """Killed at the end of the block if it still runs."""


WriteBook = Callable[[str], Path]


@pytest.fixture(scope="session")
def plugins() -> Plugins:
    """Those that are installed."""
    found = Plugins()
    found.load_installed()
    return found


@pytest.fixture
def choria(
    plugins: Plugins,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Choria:
    """Runs the command within this process."""
    monkeypatch.chdir(tmp_path)
    for name, value in _environment(tmp_path).items():
        monkeypatch.setenv(name, value)

    def run(*words: str | Path) -> Told:
        capfd.readouterr()
        code = main(["playbook", *map(str, words)], plugins=plugins)
        out, err = capfd.readouterr()
        return Told(code, out, err)

    return run


@pytest.fixture
def running(tmp_path: Path) -> Running:
    """Runs the command as a process."""

    @contextlib.asynccontextmanager
    async def run(*words: str | Path, **environment: str) -> AsyncIterator[Program]:
        whole = _inherited() | _environment(tmp_path) | environment
        all_words = ("playbook", *map(str, words))
        async with run_choria(*all_words, environment=whole, folder=tmp_path) as program:
            yield program

    return run


@pytest.fixture
def terminal(tmp_path: Path) -> OnTerminal:
    """Runs the command on a terminal."""

    @contextlib.asynccontextmanager
    async def run(*words: str | Path, **environment: str) -> AsyncIterator[Terminal]:
        own = _environment(tmp_path) | {"COLUMNS": str(COLUMNS), "TERM": "xterm"}
        whole = _inherited() | own | environment
        all_words = ("playbook", *map(str, words))
        async with on_terminal(*all_words, environment=whole, folder=tmp_path) as found:
            yield found

    return run


@pytest.fixture
def book(tmp_path: Path) -> WriteBook:
    """Writes a book of which only the part behind the metadata is given."""
    return lambda text: write_book(tmp_path / "book.yaml", text)


def write_book(file: Path, text: str) -> Path:
    """A book in a file."""
    file.write_text(HEAD + textwrap.dedent(text))
    return file


def _inherited() -> dict[str, str]:
    return {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}


def _environment(folder: Path) -> dict[str, str]:
    return {"HOME": str(folder), "USER": "alice", "COLUMNS": WIDTH, "NO_COLOR": "1"}
