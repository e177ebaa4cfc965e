"""``choria demo`` while it runs: its pages, its view on a terminal, and how it is ended."""

import asyncio
import contextlib
import fcntl
import os
import pty
import re
import signal
import struct
import sys
import termios
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from choria_testing.emulated_fleets import all_gone, descendants, fetched
from choria_testing.peers import require_peer
from choria_testing.programs import Program, run_choria

PATIENCE_SECONDS = 60
SMALL = ("--nodes", "20", "--seconds", "2")


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """An empty folder for temporary files, so that what is left behind can be seen."""
    require_peer("nats-server")
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


@pytest.fixture
def environment(scratch: Path) -> Mapping[str, str]:
    return {**os.environ, "TMPDIR": str(scratch), "COLUMNS": "120", "PYTHONUNBUFFERED": "1"}


def is_empty(folder: Path) -> bool:
    return not any(folder.iterdir())


async def url_of(program: Program, name: str) -> str:
    """The address that it names so."""
    line = await program.said(f"{name}:")
    found = re.search(r"http://\S+", line)
    assert found is not None, line
    return found[0]


async def test_what_is_served_has_pages_until_it_is_stopped(
    scratch: Path, environment: Mapping[str, str]
) -> None:
    async with run_choria("demo", *SMALL, "--serve", environment=environment) as program:
        page = await url_of(program, "live page")
        adapter = await url_of(program, "adapter metrics")
        replicator = await url_of(program, "replicator metrics")
        await program.said("Ctrl-C ends all of it")
        children = descendants(program.pid)

        status, _ = await fetched(f"{page}healthz")
        assert status == 200
        _, html = await fetched(page)
        assert "<title>" in html
        _, metrics = await fetched(f"{page}metrics")
        assert "20" in metrics
        status, metrics = await fetched(adapter)
        assert status == 200
        assert re.search(r"^choria_adapter_published_msgs{.*} [1-9]", metrics, re.MULTILINE)
        assert re.search(r"^choria_adapter_dropped_msgs{.*} 0(\.0)?$", metrics, re.MULTILINE)
        _, metrics = await fetched(replicator)
        copied = r"^choria_stream_replicator_replicator_copied_messages{.*} [1-9]"
        assert re.search(copied, metrics, re.MULTILINE)
        program.send(signal.SIGINT)

        assert await program.ended() == 0
    assert children
    await all_gone(children)
    assert "order verified" in program.output
    assert is_empty(scratch)


@pytest.mark.parametrize("moment", ["brokers are up", "nodes connect"])
async def test_a_signal_ends_it_and_all_that_it_started(
    scratch: Path, environment: Mapping[str, str], moment: str
) -> None:
    async with run_choria("demo", *SMALL, environment=environment) as program:
        await program.said(moment)
        children = descendants(program.pid)
        program.terminate()

        assert await program.ended() == 128 + signal.SIGTERM
    assert children
    await all_gone(children)
    assert "Traceback" not in program.output
    assert is_empty(scratch)


async def test_nothing_outlives_it_when_it_is_killed(environment: Mapping[str, str]) -> None:
    async with run_choria("demo", *SMALL, environment=environment) as program:
        await program.said("a playbook")
        children = descendants(program.pid)
        program.kill()
        await program.ended()

    assert any("choria_emulator.worker" in words for words in children.values())
    assert any("nats-server" in words for words in children.values())
    await all_gone(children)


async def test_a_terminal_shows_the_path_and_then_the_figures(
    scratch: Path, environment: Mapping[str, str]
) -> None:
    async with on_terminal("demo", *SMALL, environment=environment) as (process, shown):
        text = await shown

        assert await process.wait() == 0
    for seen in ("nodes.*", "dc1.nodes.*", "sampled away", "lock with token", "emulated0#generate"):
        assert seen in text
    assert text.index("replicator") < text.index("order verified")
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")
    assert is_empty(scratch)


async def test_ctrl_c_gives_the_terminal_back(
    scratch: Path, environment: Mapping[str, str]
) -> None:
    async with on_terminal("demo", *SMALL, environment=environment, ends_at="token") as (
        process,
        shown,
    ):
        text = await shown

        assert await process.wait() == 128 + signal.SIGINT
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")
    assert "Traceback" not in text
    assert is_empty(scratch)


@contextlib.asynccontextmanager
async def on_terminal(
    *words: str, environment: Mapping[str, str], ends_at: str = ""
) -> AsyncIterator[tuple[asyncio.subprocess.Process, "asyncio.Task[str]"]]:
    """``choria`` on a terminal of its own, and all that it will have shown.

    Args:
        words: arguments.
        environment: variables.
        ends_at: when this is shown Ctrl-C is typed; empty for never.
    """
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "choria", *words),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**environment, "TERM": "xterm", "COLUMNS": "80", "LINES": "24"},
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(slave)
    screen = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(screen), os.fdopen(os.dup(master), "rb", 0)
    )

    async def all_shown() -> str:
        text, is_typed = "", not ends_at
        with contextlib.suppress(OSError):  # how Linux says that the other end is closed
            async with asyncio.timeout(PATIENCE_SECONDS):
                while chunk := await screen.read(65_536):
                    text += chunk.decode(errors="replace")
                    if not is_typed and ends_at in text:
                        is_typed = True
                        os.write(master, b"\x03")
        return text

    try:
        yield process, asyncio.create_task(all_shown())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        transport.close()
        os.close(master)
