"""The shell task, with real programs."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from choria_core.config.yaml_text import read_yaml
from choria_core.errors import ConfigError
from choria_core.playbook.task import Outcome
from choria_playbooks.book.exposure import exposed_options
from choria_playbooks.book.reading_control import task_keys
from choria_playbooks.tasks.shell import ShellOptions, ShellTask

Try = Callable[[str], Awaitable[Outcome]]


@pytest.fixture
def shell(attempt: Any) -> Try:
    """Try a shell task."""
    return lambda text: attempt(ShellTask, text)


async def test_it_does_well_when_the_command_ends_with_zero(shell: Try, run: Any) -> None:
    outcome = await shell("command: echo one; echo two >&2; echo three")

    assert outcome.is_ok
    assert outcome.message.startswith("the command ended with code 0 after 0.")
    assert outcome.data == ("one", "two", "three")
    assert run.lines == ["one", "two", "three"]
    (result,) = outcome.results.items()
    assert result[0] == "localhost"
    assert result[1].is_ok
    assert result[1].value == {"exitcode": 0, "stdout": ["one", "two", "three"]}


async def test_another_code_is_a_failure_that_says_what_was_said_last(shell: Try) -> None:
    outcome = await shell("command: echo out; echo 'no such cluster' >&2; echo; exit 3")

    assert not outcome.is_ok
    assert outcome.message.startswith("the command ended with code 3 after 0.")
    assert outcome.message.endswith(" s: no such cluster")
    assert outcome.data == ("out", "no such cluster", "")
    result = outcome.results["localhost"]
    assert not result.is_ok
    assert (result.kind, result.error) == ("failed", outcome.message)
    assert result.value == {"exitcode": 3, "stdout": ["out", "no such cluster", ""]}


async def test_a_signal_is_named(shell: Try) -> None:
    outcome = await shell("command: kill -USR1 $$")

    assert not outcome.is_ok
    assert outcome.message.startswith("the command was ended by SIGUSR1 after ")


async def test_lines_are_told_while_the_command_runs(shell: Try, run: Any, tmp_path: Path) -> None:
    """The command waits for a file that is made when its first line was heard."""
    go_on = tmp_path / "go"
    run.on_line = lambda text: go_on.touch() if text == "first" else None

    outcome = await shell(
        "command: echo first; while [ ! -e go ]; do sleep 0.01; done; echo last\ntimeout: 60"
    )

    assert outcome.data == ("first", "last")


async def test_the_shell_reads_a_text_and_not_the_words_of_a_list(shell: Try) -> None:
    assert (await shell("command: echo $FROM_RUN")).data == ("yes",)
    assert (await shell("command: [echo, '$FROM_RUN', 'a  b', 010, ';id']")).data == (
        "$FROM_RUN a  b 010 ;id",
    )


async def test_a_program_that_is_not_there_is_a_failure(shell: Try) -> None:
    outcome = await shell("command: [no-such-program-anywhere, x]")

    assert not outcome.is_ok
    assert "code 127" in outcome.message
    assert "no-such-program-anywhere" in outcome.message


async def test_it_works_in_the_folder_of_the_run_or_where_the_book_says(
    shell: Try, tmp_path: Path
) -> None:
    (tmp_path / "a b'c").mkdir()

    assert (await shell("command: pwd")).data == (str(tmp_path),)
    assert (await shell('{command: pwd, cwd: "a b\'c"}')).data == (str(tmp_path / "a b'c"),)
    assert (await shell("{command: pwd, cwd: /}")).data == ("/",)
    assert (await shell("{command: pwd, cwd: '~'}")).data == (str(Path.home()),)


async def test_a_folder_that_is_not_there_is_an_error(shell: Try, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"there is no folder {tmp_path}/nowhere to work in"):
        await shell("{command: touch /tmp/never, cwd: nowhere}")


async def test_a_command_that_takes_too_long_is_ended_with_all_that_it_started(
    shell: Try, tmp_path: Path
) -> None:
    """A child and its child hold a pipe open, which is at its end when both are gone."""
    alive = tmp_path / "alive"
    os.mkfifo(alive)
    holder = os.open(alive, os.O_RDWR)
    reading = os.open(alive, os.O_RDONLY | os.O_NONBLOCK)

    outcome = await shell(
        "command: exec 9>alive; echo up; (sleep 600; true) & sleep 600; true\ntimeout: 0.5"
    )
    os.close(holder)

    assert not outcome.is_ok
    assert outcome.message == "the command took more than 0.5 s and was ended: up"
    assert outcome.data == ("up",)
    assert os.read(reading, 1) == b""
    os.close(reading)


async def test_a_command_that_ends_in_time_is_not_ended(shell: Try) -> None:
    assert (await shell("{command: 'true', timeout: 1m}")).is_ok


async def test_its_timeout_is_its_own_in_strict_books_too() -> None:
    assert "timeout" not in task_keys(ShellOptions, is_strict=True)


async def test_a_cancelled_task_ends_the_command(attempt: Any, run: Any, tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    os.mkfifo(alive)
    holder = os.open(alive, os.O_RDWR)
    reading = os.open(alive, os.O_RDONLY | os.O_NONBLOCK)
    is_up = asyncio.Event()
    run.on_line = lambda _: is_up.set()
    trying = asyncio.create_task(
        attempt(ShellTask, "command: exec 9>alive; echo up; sleep 600; true")
    )
    await is_up.wait()

    trying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await trying
    os.close(holder)

    assert os.read(reading, 1) == b""
    os.close(reading)


async def test_it_has_the_variables_of_the_run_and_those_of_the_book(
    shell: Try, environment: dict[str, str]
) -> None:
    environment["GONE"] = "still here"
    environment["PATH_LIKE"] = "a"
    outcome = await shell(
        "command: echo $FROM_RUN,$LC_ALL,${GONE-gone},$PATH_LIKE,$VERSION,${EMPTY-unset}\n"
        "environment: {GONE: , PATH_LIKE: b, VERSION: 1.10, EMPTY: ''}"
    )

    assert outcome.data == ("yes,C,gone,b,1.10,",)
    assert environment["GONE"] == "still here"


async def test_the_book_may_choose_the_language(shell: Try) -> None:
    assert (await shell("{command: 'echo $LC_ALL', environment: {LC_ALL: C.UTF-8}}")).data == (
        "C.UTF-8",
    )
    assert (await shell("{command: 'echo ${LC_ALL-none}', environment: {LC_ALL: null}}")).data == (
        "none",
    )


async def test_what_stores_put_into_the_environment_is_seen(
    shell: Try, environment: dict[str, str]
) -> None:
    environment["STORED"] = "by a store"

    assert (await shell("command: echo $STORED")).data == ("by a store",)


async def test_the_token_of_a_lock_is_given(shell: Try, run: Any) -> None:
    command = "command: echo ${CHORIA_LOCK_TOKEN-none}"

    assert (await shell(command)).data == ("none",)
    run.lock_token = 0
    assert (await shell(command)).data == ("0",)
    run.lock_token = 1234
    assert (await shell(command)).data == ("1234",)


async def test_nodes_are_added_to_the_command(shell: Try) -> None:
    assert (await shell("{command: echo, nodes: [a.example, b.example]}")).data == (
        "--nodes a.example,b.example",
    )
    assert (await shell("command: |\n  cd /\n  echo\nnodes: [a]")).data == ("--nodes a",)
    assert (await shell("{command: [printf, '%s|', x], nodes: [a, b]}")).data == ("x|--nodes|a,b|",)


async def test_names_of_nodes_are_no_commands(shell: Try) -> None:
    assert (await shell("{command: echo, nodes: ['a;echo b', $FROM_RUN]}")).data == (
        "--nodes a;echo b,$FROM_RUN",
    )


async def test_text_on_standard_input(shell: Try) -> None:
    assert (await shell('{command: cat, stdin: "s3cret\\nlünes\\n"}')).data == ("s3cret", "lünes")
    assert (await shell("command: cat")).data == ()


async def test_a_command_that_does_not_read_its_input_is_fine(shell: Try) -> None:
    assert (await shell(f"{{command: 'true', stdin: {'x' * 300_000}}}")).is_ok


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{}", "command: is required but missing"),
        ("command: ' '", "command: says nothing to run; write a command"),
        ("command: []", "command: says nothing to run"),
        ("command: ['', a]", "command: says nothing to run"),
        ("command: {a: b}", "command: must be a list, not a block"),
        ('command: "a\\0b"', "command: holds a character that no program can be given"),
        ("{command: ls, nodes: web1}", 'nodes: must be a list, not the text "web1"'),
        ("{command: ls, nodes: []}", "nodes: names no nodes"),
        ("{command: ls, timeout: 0}", "timeout: must be at least"),
        ("{command: ls, timeout: soon}", "timeout: "),
        ("{command: ls, environment: [A]}", "environment: must be a block of names"),
        ("{command: ls, environment: {A: [1]}}", "environment.A: must be text, not a list"),
        ("{command: ls, environment: {A=B: c}}", "environment: 'A=B' cannot be given"),
        ('{command: ls, environment: {A: "\\0"}}', "environment: 'A' cannot be given"),
        ("{command: ls, cdw: /}", "cdw: is not known; did you mean cwd?"),
    ],
)
def test_what_cannot_work_is_refused(problems_of: Any, text: str, problem: str) -> None:
    (found,) = problems_of(ShellTask, text)
    assert problem in found


def test_what_others_on_the_machine_see_is_marked() -> None:
    document = read_yaml("{command: a, nodes: [b], environment: {C: d}, stdin: e, cwd: f}")
    assert document.root is not None
    assert [key for key, _ in exposed_options(ShellOptions, document.root)] == ["command", "nodes"]


def test_what_it_would_do_is_told_in_one_line(foretold: Any) -> None:
    assert foretold(ShellTask, "command: ls -l") == "would run: ls -l"
    assert foretold(ShellTask, "command: [ls, 'a b']\nnodes: [c]") == (
        "would run: ls 'a b' --nodes c"
    )
    assert foretold(ShellTask, "command: |\n  ls\n  id") == "would run: ls …"


async def test_what_a_command_writes_is_bytes(shell: Try) -> None:
    script = "import sys; sys.stdout.buffer.write(b'\\xff|a\\r\\nlast')"
    outcome = await shell(f'command: ["{sys.executable}", "-c", "{script}"]'.replace("\\", "\\\\"))

    assert outcome.data == ("\N{REPLACEMENT CHARACTER}|a", "last")
