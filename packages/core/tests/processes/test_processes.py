"""Programs of a run: what they say, how they end, and that none outlives who waits for it."""

import asyncio
import contextlib
import os
import sys
from collections import Counter
from pathlib import Path

import pytest

from choria_core.errors import ConfigError
from choria_core.processes.processes import Processes

ENVIRONMENT = dict(os.environ)

ENGINE = """
import asyncio, os, sys
from choria_core.processes.processes import Processes

async def main():
    async with Processes() as processes:
        await processes.run(sys.argv[1], folder=None, environment=dict(os.environ))

asyncio.run(main())
"""


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    """A pipe with a name: its reader sees the end when no process has it open any more."""
    path = tmp_path / "alive"
    os.mkfifo(path)
    return path


def family(fifo: Path) -> str:
    """A command with a child and a grandchild that would live for ten minutes."""
    return f"exec 9>'{fifo}'; echo up >&9; (sleep 600; true) & sleep 600; true"


async def opened(fifo: Path) -> asyncio.StreamReader:
    """The reading end of a pipe."""
    reader = asyncio.StreamReader()
    descriptor = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, os.fdopen(descriptor))
    return reader


async def test_a_program_says_its_lines_as_they_come_and_its_code() -> None:
    heard: list[str] = []
    async with Processes() as processes:
        finished = await processes.run(
            "echo one; echo two >&2; exit 3",
            folder=None,
            environment=ENVIRONMENT,
            on_line=heard.append,
        )

    assert finished.code == 3
    assert finished.output == ("one", "two") == tuple(heard)


async def test_a_talkative_program_lets_others_have_their_turn() -> None:
    loop, turns = asyncio.get_running_loop(), Counter[int]()
    turn, ended = 0, False

    def next_turn() -> None:
        nonlocal turn
        turn += 1
        if not ended:
            loop.call_soon(next_turn)

    def take(_line: str) -> None:
        turns[turn] += 1

    next_turn()
    async with Processes() as processes:
        command = "yes | head -n 100000"
        await processes.run(command, folder=None, environment=ENVIRONMENT, on_line=take)
    ended = True

    assert turns.total() == 100_000
    assert max(turns.values()) < 10_000


async def test_words_are_no_text_for_the_shell() -> None:
    async with Processes() as processes:
        finished = await processes.run(["echo", "$HOME;x"], folder=None, environment=ENVIRONMENT)

    assert finished.output == ("$HOME;x",)


async def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    async with Processes() as processes:
        with pytest.raises(ConfigError, match=r"no folder .*nowhere"):
            await processes.run("true", folder=tmp_path / "nowhere", environment=ENVIRONMENT)


async def test_at_the_timeout_children_of_children_end_too(fifo: Path) -> None:
    async with Processes() as processes:
        holder = os.open(fifo, os.O_RDWR)  # else the first writer waits for a reader
        reader = await opened(fifo)
        finished = await processes.run(
            family(fifo), folder=None, environment=ENVIRONMENT, timeout_seconds=0.5
        )
        os.close(holder)
        assert await reader.read() == b"up\n"

    assert finished.is_timed_out


async def test_when_it_is_cancelled_children_of_children_end_too(fifo: Path) -> None:
    holder = os.open(fifo, os.O_RDWR)
    reader = await opened(fifo)
    async with Processes() as processes:
        running = asyncio.create_task(
            processes.run(family(fifo), folder=None, environment=ENVIRONMENT)
        )
        assert await reader.readline() == b"up\n"
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
    os.close(holder)

    assert await reader.read() == b""
    assert running.cancelled()


async def test_when_who_waits_is_killed_children_of_children_end_too(fifo: Path) -> None:
    """By SIGKILL, after which nothing of it runs: the guardian sees the end of a pipe."""
    holder = os.open(fifo, os.O_RDWR)
    reader = await opened(fifo)
    engine = await asyncio.create_subprocess_exec(sys.executable, "-c", ENGINE, family(fifo))
    assert await reader.readline() == b"up\n"

    engine.kill()
    await engine.wait()
    os.close(holder)

    assert await reader.read() == b""
