"""``--step`` asks on the terminal before each step."""

import signal
from pathlib import Path

import pytest

from packages.playbooks.tests.commands.conftest import OnTerminal, WriteBook

BOOK = """
tasks:
  - shell: {description: first task, command: "echo 1 >> log"}
  - shell: {description: second task, command: "echo 2 >> log"}
  - shell: {description: third task, command: "echo 3 >> log"}
"""
CHOICE = "(y)es, (s)kip it, (a)ll from here on, (q) to stop:"


@pytest.mark.parametrize(
    ("answers", "done", "code"),
    [
        (("y", "s", "yes"), "13", 0),
        (("n", "a"), "23", 0),
        (("what?", "", "Y", "a"), "123", 0),
        (("y", "q"), "1", None),
        (("\x04",), "", None),
    ],
)
async def test_each_step_is_asked_for(
    terminal: OnTerminal,
    book: WriteBook,
    tmp_path: Path,
    answers: tuple[str, ...],
    done: str,
    code: int | None,
) -> None:
    async with terminal("run", book(BOOK), "--step") as asked:
        for number, answer in enumerate(answers, start=1):
            await asked.until(CHOICE, count=number)
            asked.type(answer if answer == "\x04" else f"{answer}\n")
        ended = await asked.ended()

    log = tmp_path / "log"
    assert (log.read_text().replace("\n", "") if log.exists() else "") == done
    assert ended == code if code is not None else ended != 0
    assert "? first task: " in asked.shown


async def test_a_question_does_not_keep_the_run_from_stopping(
    terminal: OnTerminal, book: WriteBook, tmp_path: Path
) -> None:
    async with terminal("run", book(BOOK), "--step") as asked:
        await asked.until(CHOICE)
        asked.type("\x03")
        assert await asked.ended() == 128 + signal.SIGINT

    assert not (tmp_path / "log").exists()
