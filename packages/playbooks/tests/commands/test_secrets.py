"""Secrets of a run: where they come from, and that nothing shows them."""

from pathlib import Path

import pytest

from packages.playbooks.tests.commands.conftest import Choria, OnTerminal, WriteBook

SECRET = 'hunter2"<\\ö'
BOOK = """
inputs:
  token: {description: The token, type: secret}
tasks:
  - shell:
      description: "use it"
      command: 'echo "it is $TOKEN"; printf %s "$TOKEN" > used'
      environment: {TOKEN: "{{ inputs.token }}"}
"""


@pytest.fixture(params=["file", "variable"])
def given(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[str, str]:
    """Options that give the secret."""
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    monkeypatch.setenv("OUR_TOKEN", SECRET)
    ways = {"file": ("--token-file", "secret"), "variable": ("--token-env", "OUR_TOKEN")}
    return ways[request.param]


@pytest.mark.parametrize("words", [(), ("-v",), ("--json", "-v")])
def test_a_secret_is_used_and_never_shown(
    choria: Choria,
    book: WriteBook,
    tmp_path: Path,
    given: tuple[str, str],
    words: tuple[str, ...],
) -> None:
    told = choria("run", book(BOOK), *given, "--report-file", "report.yaml", *words)

    report = (tmp_path / "report.yaml").read_text()
    assert told.code == 0
    assert "hunter2" not in told.out + told.err + report
    assert "it is ***" in told.out + told.err
    assert "it is ***" in report
    assert (tmp_path / "used").read_text() == SECRET


def test_a_rehearsal_shows_no_secret(
    choria: Choria, book: WriteBook, given: tuple[str, str]
) -> None:
    told = choria("run", book(BOOK), *given, "--check")

    assert told.code == 0
    assert "hunter2" not in told.out + told.err


@pytest.mark.parametrize("form", ["echo {{ inputs.token }}", "[echo, '{{ inputs.token }}']"])
def test_a_secret_in_a_command_is_refused(
    choria: Choria, book: WriteBook, given: tuple[str, str], form: str
) -> None:
    file = book(BOOK.replace("""'echo "it is $TOKEN"; printf %s "$TOKEN" > used'""", form))

    told = choria("run", file, *given)

    assert told.code != 0
    assert "environment" in told.err
    assert "hunter2" not in told.out + told.err


async def test_a_secret_that_nobody_gave_is_typed_unseen(
    terminal: OnTerminal, book: WriteBook, tmp_path: Path
) -> None:
    async with terminal("run", book(BOOK)) as asked:
        await asked.until("The token: ")
        asked.type("typed one\n")
        assert await asked.ended() == 0

    assert (tmp_path / "used").read_text() == "typed one"
    assert "typed one" not in asked.shown


async def test_a_run_is_given_up_while_a_secret_is_asked_for(
    terminal: OnTerminal, book: WriteBook, tmp_path: Path
) -> None:
    async with terminal("run", book(BOOK)) as asked:
        await asked.until("The token: ")
        asked.type("\x03")
        assert await asked.ended() == 130

    assert not (tmp_path / "used").exists()
    assert "unexpected" not in asked.shown


def test_without_a_terminal_the_secret_is_missed(choria: Choria, book: WriteBook) -> None:
    told = choria("run", book(BOOK))

    assert told.code == 2
    assert "--token-file FILE" in told.err
