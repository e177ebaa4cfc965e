"""SIGQUIT on real processes: the stacks are written and the program goes on."""

import asyncio
import os
import signal
import stat
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from choria_core.stack_dump import install, write_stacks

PROGRAM = """
import asyncio, logging, sys
from pathlib import Path
from choria_core.stack_dump import install

logging.basicConfig(format="%(message)s", stream=sys.stdout, level="INFO")

async def innermost_wait(gate):
    await gate.wait()

async def outer(gate):
    await innermost_wait(gate)

async def main():
    install(asyncio.get_running_loop(), folder=Path(sys.argv[1]))
    gate = asyncio.Event()
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    task = asyncio.create_task(outer(gate), name="copier of NODES")
    print("ready", flush=True)
    await reader.readline()
    gate.set()
    await task
    print("done", flush=True)

def busy_loop():
    print("ready", flush=True)
    while not list(Path(sys.argv[1]).iterdir()):
        pass

async def busy():
    install(asyncio.get_running_loop(), folder=Path(sys.argv[1]))
    busy_loop()
    await asyncio.sleep(0)
    print("done", flush=True)

if sys.argv[2] == "uvloop":
    import uvloop
    factory = uvloop.new_event_loop
else:
    factory = asyncio.new_event_loop
with asyncio.Runner(loop_factory=factory) as runner:
    runner.run(globals()[sys.argv[3]]())
"""


@asynccontextmanager
async def _program(folder: Path, loop: str, main: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM, str(folder), loop, main),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert await _line(process) == "ready"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _line(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    return (await process.stdout.readline()).decode().strip()


def _files(folder: Path) -> list[str]:
    return [str(path) for path in folder.iterdir()]


def _text(path: str) -> str:
    return Path(path).read_text()


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
async def test_stacks_are_written_their_path_is_logged_and_the_program_goes_on(
    tmp_path: Path, loop: str
) -> None:
    if loop == "uvloop":
        pytest.importorskip("uvloop")
    async with _program(tmp_path, loop, "main") as process:
        for number in (1, 2):
            process.send_signal(signal.SIGQUIT)
            path = tmp_path / f"choria-stacks-{process.pid}-{number}.txt"
            assert await _line(process) == f"stacks written to {path}"
        assert process.stdin is not None
        process.stdin.write(b"\n")
        assert await _line(process) == "done"

        assert await process.wait() == 0

    text = path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "== thread MainThread" in text
    task = text[text.index("== task copier of NODES") :]
    assert task.index("in outer") < task.index("in innermost_wait") < task.index("in wait")
    assert "waiting for Future" in task


async def test_a_loop_that_is_busy_is_dumped_too(tmp_path: Path) -> None:
    async with _program(tmp_path, "asyncio", "busy") as process:
        process.send_signal(signal.SIGQUIT)

        path = (await _line(process)).removeprefix("stacks written to ")
        assert await _line(process) == "done"
        assert await process.wait() == 0

    assert _files(tmp_path) == [path]
    assert "in busy_loop" in _text(path)


async def test_a_folder_that_cannot_be_written_is_logged_and_the_program_goes_on(
    tmp_path: Path,
) -> None:
    async with _program(tmp_path / "absent", "asyncio", "main") as process:
        process.send_signal(signal.SIGQUIT)

        assert (await _line(process)).startswith("stacks cannot be written: ")
        assert process.stdin is not None
        process.stdin.write(b"\n")
        assert await _line(process) == "done"
        assert await process.wait() == 0


async def test_an_existing_file_is_never_overwritten(tmp_path: Path) -> None:
    mine = tmp_path / f"choria-stacks-{os.getpid()}-1.txt"
    mine.symlink_to(tmp_path / "victim")

    path = write_stacks(asyncio.get_running_loop(), tmp_path)

    assert path.name == f"choria-stacks-{os.getpid()}-2.txt"
    assert not (tmp_path / "victim").exists()


async def test_tasks_that_wait_in_generators_are_followed_as_far_as_python_tells(
    tmp_path: Path,
) -> None:
    gate = asyncio.Event()

    async def numbers() -> AsyncIterator[int]:
        await gate.wait()
        yield 1

    async def consume() -> list[int]:
        return [number async for number in numbers()]

    task = asyncio.create_task(consume(), name="consumer")
    await asyncio.sleep(0)

    text = write_stacks(asyncio.get_running_loop(), tmp_path).read_text()
    gate.set()

    assert await task == [1]
    assert "== task consumer" in text
    assert "in consume" in text


async def test_the_handler_can_be_taken_away_again(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGQUIT)

    uninstall = install(asyncio.get_running_loop(), folder=tmp_path)
    assert signal.getsignal(signal.SIGQUIT) is not before
    uninstall()

    assert signal.getsignal(signal.SIGQUIT) is before


async def test_another_thread_than_the_main_one_installs_nothing(tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    before = signal.getsignal(signal.SIGQUIT)

    thread = threading.Thread(target=lambda: install(loop, folder=tmp_path))
    thread.start()
    thread.join()

    assert signal.getsignal(signal.SIGQUIT) is before
