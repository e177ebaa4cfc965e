"""What the program prints, on a terminal and elsewhere."""

import asyncio
import contextlib
import json
import os
import pty
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from choria_core.broker.server import Broker
from choria_testing.crossing import Crossing, crossing_of
from choria_testing.programs import PATIENCE_SECONDS, run_choria
from choria_testing.secured_brokers import SecuredBroker
from choria_testing.streams import Sent


@pytest_asyncio.fixture
async def crossing(broker_pair: tuple[Broker, Broker], tmp_path: Path) -> AsyncIterator[Crossing]:
    async with crossing_of(*broker_pair, tmp_path) as crossing:
        await crossing.make_source()
        await crossing.source.fill(Sent("orders.a", b"%d" % n) for n in range(100))
        yield crossing


class Terminal:
    """The program on a terminal of 100 columns."""

    def __init__(self, process: asyncio.subprocess.Process, screen: asyncio.StreamReader) -> None:
        self.process = process
        self._screen = screen
        self.shown = ""

    async def shows(self, text: str) -> None:
        """Wait until it was drawn."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while text not in self.shown:
                self.shown += (await self._screen.read(65_536)).decode(errors="replace")

    async def ended(self) -> int:
        """Its exit code; what it still draws is read."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            with contextlib.suppress(OSError):  # how Linux says that the other end is closed
                while chunk := await self._screen.read(65_536):
                    self.shown += chunk.decode(errors="replace")
            return await self.process.wait()


@contextlib.asynccontextmanager
async def on_terminal(*words: str) -> AsyncIterator[Terminal]:
    here, there = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "choria", *words,
        stdin=there, stdout=there, stderr=there,
        env={**os.environ, "COLUMNS": "100", "LINES": "30", "TERM": "xterm"},
    )  # fmt: skip
    os.close(there)
    screen = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(screen), os.fdopen(here, "rb", 0)
    )
    try:
        yield Terminal(process, screen)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        transport.close()


async def test_a_terminal_shows_the_view_although_logs_go_to_a_file(crossing: Crossing) -> None:
    log = crossing.folder / "replicator.log"
    settings = crossing.write_settings(top={"logfile": str(log)})

    async with on_terminal("replicate", "--config", str(settings)) as terminal:
        await terminal.shows("msgs/s")
        await terminal.shows("idle")
        terminal.process.send_signal(signal.SIGINT)
        assert await terminal.ended() == 0

    assert '"msg": "copying"' in log.read_text()
    assert "because" not in terminal.shown


async def test_the_view_says_what_a_start_waits_for(crossing: Crossing) -> None:
    await crossing.target_broker.kill()

    async with on_terminal("replicate", "--config", str(crossing.write_settings())) as terminal:
        await terminal.shows("starting")
        await terminal.shows(f"no connection to the target {crossing.target_url}: ")
        terminal.process.send_signal(signal.SIGINT)
        assert await terminal.ended() == 0


@pytest.mark.parametrize("words", [["--once"], ["--once", "--json"]])
async def test_nothing_is_summed_up_where_the_credentials_are_refused(
    crossing: Crossing, password_broker: SecuredBroker, words: list[str]
) -> None:
    wrong = password_broker.wrong
    url = password_broker.broker.url.replace("://", f"://{wrong.user}:{wrong.password}@")
    crossing.target_url = url

    async with crossing.replicate(crossing.write_settings(), *words) as program:
        assert await program.ended() == 3, program.output

    assert "read in" not in program.output
    assert '"entries"' not in program.output


@pytest.mark.parametrize("words", [["--once"], ["--once", "--json"]])
async def test_nothing_is_summed_up_where_the_settings_are_wrong(
    crossing: Crossing, words: list[str]
) -> None:
    taken = crossing.source_broker.port
    settings = crossing.write_settings(top={"monitor_port": taken})

    async with crossing.replicate(settings, *words) as program:
        assert await program.ended() == 2, program.output

    assert "it is taken" in program.output
    assert "read in" not in program.output
    assert '"entries"' not in program.output


async def test_once_sums_up_what_was_done(crossing: Crossing) -> None:
    settings = crossing.write_settings()

    async with crossing.replicate(settings, "--once") as program:
        assert await program.ended() == 0, program.output

    ended = json.loads(await program.said('"msg": "ended"'))
    assert (ended["copied"], ended["read"], ended["lag_messages"]) == (100, 100, 0)
    await program.said("100 copied, 0 sampled away, 100 read in ")


async def test_a_summary_for_programs_says_why_nothing_was_copied(crossing: Crossing) -> None:
    """Told to stop while it waits for the target."""
    await crossing.target_broker.kill()
    settings = crossing.write_settings()

    async with run_choria("replicate", "--config", str(settings), "--json") as program:
        line = json.loads(await program.said('"msg": "not connected"'))
        program.terminate()
        ended = json.loads(await program.said('"msg": "ended"'))
        assert await program.ended() == 0, program.output

    assert line["server"] == crossing.target_url
    assert ended["cause"].startswith(f"no connection to the target {crossing.target_url}: ")
    begin = program.lines.index("{")
    summary = json.loads("\n".join(program.lines[begin:]))
    [entry] = summary["entries"]
    assert (entry["state"], entry["copied_messages"], entry["error"]) == ("stopped", 0, None)
    assert entry["last_error"].startswith(f"no connection to the target {crossing.target_url}: ")
