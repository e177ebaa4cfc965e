"""A run that must end before its time: what runs is ended, and the exit code says why."""

import os
import signal
from pathlib import Path

import pytest

from choria_core.broker.server import Broker
from packages.playbooks.tests.commands.conftest import OnTerminal, Running, WriteBook
from packages.playbooks.tests.commands.test_locks import answer, rows_of


def held_book(write: WriteBook, broker: Broker) -> Path:
    """A book that holds a lock until it is stopped."""
    return write(
        f"""
        data_stores:
          pb: {{type: nats_kv, servers: "{broker.url}", bucket: pb, create: true, ttl: 3}}
        locks: [pb/own]
        tasks:
          - shell: {{description: wait, command: "echo waiting; sleep 600"}}
          - shell: {{description: never, command: touch never}}
        hooks:
          on_fail:
            - shell: {{description: clean, command: touch cleaned}}
        """
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_ends_the_run_and_frees_its_locks(
    running: Running, book: WriteBook, broker: Broker, tmp_path: Path, number: signal.Signals
) -> None:
    file = held_book(book, broker)

    async with running("run", file, "--report-file", tmp_path / "report.yaml") as program:
        await program.said("waiting")
        _, before = await answer(running, file, "--json")
        program.send(number)
        assert await program.ended() == 128 + number, program.output
    _, after = await answer(running, file, "--json")

    assert rows_of(before)["pb/own"]["state"] == "held"
    assert rows_of(after)["pb/own"]["state"] == "free"
    assert (tmp_path / "cleaned").exists()
    assert not (tmp_path / "never").exists()
    assert "success: false" in (tmp_path / "report.yaml").read_text()


async def test_a_run_whose_lock_is_broken_stops_and_does_nothing_more(
    running: Running, book: WriteBook, broker: Broker, tmp_path: Path
) -> None:
    file = held_book(book, broker)

    async with running("run", file) as program:
        await program.said("waiting")
        code, said = await answer(running, file, "--break", "pb/own", "--yes")
        assert await program.ended() == 4, program.output

    assert code == 0
    assert "pb/own was taken from choria=alice.mcollective (playbook deploy, process" in said
    assert "lock pb/own was lost" in program.output
    assert not (tmp_path / "cleaned").exists()
    assert not (tmp_path / "never").exists()


async def test_a_second_signal_ends_it_at_once(
    running: Running, book: WriteBook, broker: Broker, tmp_path: Path
) -> None:
    file = book(
        """
        tasks:
          - shell: {description: wait, command: "echo waiting; sleep 600"}
        hooks:
          on_fail:
            - shell: {description: clean, command: "echo cleaning; sleep 600"}
        """
    )

    async with running("run", file) as program:
        await program.said("waiting")
        program.send(signal.SIGINT)
        await program.said("cleaning")
        program.send(signal.SIGINT)
        assert await program.ended() == 128 + signal.SIGINT


async def test_a_terminal_that_is_taken_away_ends_the_run_and_frees_its_locks(
    running: Running, terminal: OnTerminal, book: WriteBook, broker: Broker
) -> None:
    file = held_book(book, broker)

    async with terminal("run", file) as shown:
        await shown.until("waiting")
        shown.hang_up()
        assert await shown.ended() == 128 + signal.SIGHUP
    _, after = await answer(running, file, "--json")

    assert rows_of(after)["pb/own"]["state"] == "free"


async def test_a_hang_up_that_is_ignored_ends_nothing(
    running: Running, book: WriteBook, tmp_path: Path
) -> None:
    file = book(
        """
        tasks:
          - shell: {description: wait, command: "echo waiting; read line < pipe"}
        """
    )
    os.mkfifo(tmp_path / "pipe")
    previous = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        async with running("run", file) as program:
            await program.said("waiting")
            program.send(signal.SIGHUP)
            (tmp_path / "pipe").write_text("go on\n")
            assert await program.ended() == 0
    finally:
        signal.signal(signal.SIGHUP, previous)
