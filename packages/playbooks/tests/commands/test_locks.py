"""``choria playbook locks``: who has the locks of a book."""

import json
from pathlib import Path
from typing import Any

import pytest

from choria_core.broker.server import Broker
from choria_plugin_nats_kv.store import NatsKvStore
from choria_testing.lock_holder import HOLDER, held_elsewhere
from packages.playbooks.tests.commands.conftest import Choria, OnTerminal, Running, WriteBook

BOOK = """
inputs:
  cluster: {description: Where, type: string}
  server: {description: Keeps the locks, type: string}
data_stores:
  pb: {type: nats_kv, servers: "{{ inputs.server }}", bucket: pb, create: true}
  scratch: {type: memory}
locks: [pb, scratch/mine, pb/own]
tasks:
  - shell: {description: one, command: /bin/true, lock: "pb/{{ inputs.cluster }}"}
  - block:
      description: several
      tasks:
        - shell: {description: two, command: /bin/true, lock: pb/own}
        - shell: {description: three, command: /bin/true, lock: pb/third}
"""
LOCKS = (
    "pb/choria/locks/playbook/deploy",
    "scratch/mine",
    "pb/own",
    "pb/{{ inputs.cluster }}",
    "pb/third",
)


def rows_of(text: str) -> dict[str, Any]:
    """What ``--json`` printed, by lock."""
    return {row["lock"]: row for row in json.loads(text)}


async def answer(running: Running, *words: str | Path) -> tuple[int, str]:
    """How the program ended, and all that it printed."""
    async with running("locks", *words) as program:
        return await program.ended(), program.output


async def test_every_lock_is_shown_with_its_holder(
    running: Running, book: WriteBook, broker: Broker
) -> None:
    file = book(BOOK)
    server = ("--server", broker.url)
    options = {"servers": broker.url, "bucket": "pb", "create": True}

    async with held_elsewhere(NatsKvStore, options, "own"):
        code, table = await answer(running, file, *server)
        _, document = await answer(running, file, *server, "--json")

    assert code == 0
    assert [lock for lock in LOCKS if lock in table] == list(LOCKS)
    for word in (HOLDER.name, HOLDER.host, str(HOLDER.pid), "playbook deploy", "2008-01-10"):
        assert word in table
    rows = rows_of(document)
    assert {path: row["state"] for path, row in rows.items()} == dict(
        zip(
            LOCKS,
            ("free", "within_a_run", "held", "not_known_yet", "free"),
            strict=True,
        )
    )
    assert rows["pb/third"]["step"] == "tasks[1].tasks[1]"
    assert rows["pb/own"]["token"] > 0
    assert rows["pb/own"]["holder"] == {
        "name": HOLDER.name,
        "host": HOLDER.host,
        "pid": HOLDER.pid,
        "playbook": HOLDER.book,
        "since": "2008-01-10T21:20:00.000Z",
    }


async def test_a_lock_is_broken_and_free_then(
    running: Running, book: WriteBook, broker: Broker
) -> None:
    file = book(BOOK)
    words = (file, "--server", broker.url, "--break", "pb/own", "--yes")
    options = {"servers": broker.url, "bucket": "pb", "create": True}

    async with held_elsewhere(NatsKvStore, options, "own"):
        code, said = await answer(running, *words)
        again, complaint = await answer(running, *words)

    assert (code, again) == (0, 4)
    assert said.startswith(f"pb/own was taken from {HOLDER.name} (playbook deploy, process 99 on")
    assert complaint == "error: nobody has the lock pb/own: there is nothing to break"


async def test_a_lock_whose_key_is_known_in_a_run_only_is_broken_by_name(
    running: Running, book: WriteBook, broker: Broker
) -> None:
    options = {"servers": broker.url, "bucket": "pb", "create": True}
    words = (book(BOOK), "--server", broker.url, "--break", "pb/alpha", "--yes", "--json")

    async with held_elsewhere(NatsKvStore, options, "alpha"):
        code, document = await answer(running, *words)

    assert code == 0
    assert rows_of(document)["pb/alpha"]["state"] == "broken"


@pytest.mark.parametrize(("typed", "code", "is_free"), [("y\n", 0, True), ("\n", 1, False)])
async def test_on_a_terminal_somebody_is_asked_first(
    running: Running,
    terminal: OnTerminal,
    book: WriteBook,
    broker: Broker,
    typed: str,
    code: int,
    is_free: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    file = book(BOOK)
    words = (file, "--server", broker.url)
    options = {"servers": broker.url, "bucket": "pb", "create": True}

    async with held_elsewhere(NatsKvStore, options, "own"):
        async with terminal("locks", *words, "--break", "pb/own") as asked:
            await asked.until("has the lock pb/own. Take it away? [y/N]:")
            asked.type(typed)
            assert await asked.ended() == code
        _, document = await answer(running, *words, "--json")

    assert (rows_of(document)["pb/own"]["state"] == "free") is is_free


def test_stores_that_cannot_be_asked_are_told_behind_the_others(
    choria: Choria, book: WriteBook, unused_tcp_port: int
) -> None:
    file = book(
        f"""
        data_stores:
          away: {{type: consul, url: "http://127.0.0.1:{unused_tcp_port}"}}
          scratch: {{type: memory}}
        locks: [away/one, away/two, scratch/three]
        """
    )

    told = choria("locks", file)

    assert told.code == 3
    assert told.out.count("not reached") == 2
    assert "scratch/three" in told.out
    assert told.err.count("error: ") == 1


def test_without_a_terminal_nothing_is_broken_unasked(choria: Choria, book: WriteBook) -> None:
    told = choria("locks", book(BOOK), "--server", "nats://127.0.0.1:1", "--break", "pb/own")

    assert told.code == 2
    assert "give --yes where you are sure" in told.err


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("bp/own", "did you mean pb/own?"),
        ("pb", "name a data store"),
        ("scratch/mine", "keeps no locks between runs"),
    ],
)
def test_what_is_no_lock_cannot_be_broken(
    choria: Choria, book: WriteBook, path: str, hint: str
) -> None:
    told = choria("locks", book(BOOK), "--server", "nats://127.0.0.1:1", "--break", path, "--yes")

    assert told.code == 2
    assert hint in told.err


def test_a_book_without_locks_says_so(choria: Choria, book: WriteBook) -> None:
    told = choria("locks", book("tasks: []"))

    assert (told.code, told.out) == (0, "the playbook takes no locks\n")


def test_only_inputs_that_stores_ask_for_are_wanted(choria: Choria, book: WriteBook) -> None:
    told = choria("locks", book(BOOK))

    assert told.code == 2
    assert "inputs.server" in told.err
    assert "inputs.cluster" not in told.err
