"""Signals stop a program once in order and twice at once."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from choria_core.event_loop import run_async, run_until_stopped

STOPPABLE = """
import asyncio, sys
from choria_core.event_loop import run_until_stopped

async def main(stop):
    print("ready", flush=True)
    await stop.wait()
    print("finishing", flush=True)
    if "--stuck" in sys.argv:
        await asyncio.Event().wait()
    return 4

sys.exit(run_until_stopped(main))
"""

PLAIN = """
import asyncio
from choria_core.event_loop import run_async

async def main():
    print("ready", flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        print("cleaned up", flush=True)

run_async(main())
"""


def start(program: str, *arguments: str, folder: str = "") -> subprocess.Popen[str]:
    """Start a program, with this folder for temporary files, and wait for its first line."""
    process = subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": folder},
    )
    assert line(process) == "ready"
    return process


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_the_result_is_returned() -> None:
    async def main() -> int:
        await asyncio.sleep(0)
        return 42

    async def stoppable(stop: asyncio.Event) -> bool:
        return stop.is_set()

    assert run_async(main()) == 42
    assert run_until_stopped(stoppable) is False


def test_uvloop_is_used_where_it_exists() -> None:
    pytest.importorskip("uvloop")

    async def main() -> str:
        return type(asyncio.get_running_loop()).__module__

    assert run_async(main()) == "uvloop"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_lets_the_program_finish(number: signal.Signals) -> None:
    with start(STOPPABLE) as process:
        process.send_signal(number)

        assert line(process) == "finishing"
        assert process.wait(20) == 4


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_second_signal_ends_it_at_once(number: signal.Signals) -> None:
    with start(STOPPABLE, "--stuck") as process:
        process.send_signal(signal.SIGINT)
        assert line(process) == "finishing"
        process.send_signal(number)

        assert process.wait(20) == 128 + number


def test_sigterm_cancels_a_plain_program_and_its_cleanup_runs() -> None:
    with start(PLAIN) as process:
        process.terminate()

        assert line(process) == "cleaned up"
        assert process.wait(20) == 128 + signal.SIGTERM


def test_sigint_cancels_a_plain_program_and_its_cleanup_runs() -> None:
    with start(PLAIN) as process:
        process.send_signal(signal.SIGINT)

        assert line(process) == "cleaned up"
        _, errors = process.communicate(timeout=20)
        assert errors.rstrip().endswith("KeyboardInterrupt")


@pytest.mark.parametrize("program", [PLAIN, STOPPABLE])
def test_sigquit_writes_all_stacks_and_the_program_goes_on(program: str, tmp_path: Path) -> None:
    with start(program, folder=str(tmp_path)) as process:
        process.send_signal(signal.SIGQUIT)
        assert process.stderr is not None
        assert "stacks written to" in process.stderr.readline()
        process.terminate()

        assert line(process) in {"cleaned up", "finishing"}
        [written] = tmp_path.glob("choria-stacks-*.txt")
        assert "main" in written.read_text()


def test_the_handler_of_sigquit_goes_with_the_program() -> None:
    async def main() -> None:
        assert signal.getsignal(signal.SIGQUIT) is not before

    before = signal.getsignal(signal.SIGQUIT)
    run_async(main())

    assert signal.getsignal(signal.SIGQUIT) is before
