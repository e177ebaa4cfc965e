"""``--resume`` goes on behind what an earlier run finished, even where that was killed."""

import signal
from pathlib import Path

import pytest
import yaml

from packages.playbooks.tests.commands.conftest import Choria, Running, WriteBook

BOOK = """
inputs:
  cluster: {description: Where, type: string}
  count: {description: How many, type: integer, default: 1}
data_stores:
  scratch: {type: memory}
hooks:
  pre_book:
    - shell: {description: begin, command: "echo begin >> log"}
tasks:
  - shell: {description: one, command: "echo one {{ inputs.cluster }} {{ inputs.count }} >> log"}
  - data: {description: keep, action: write, key: scratch/kept, value: seen}
  - shell: {description: two, command: "test -e ready || { echo waiting; sleep 600; }"}
  - shell: {description: three, command: "echo three {{ inputs.cluster }} >> log"}
"""


def log_of(folder: Path) -> list[str]:
    """What tasks wrote."""
    return (folder / "log").read_text().splitlines()


@pytest.fixture
async def report(running: Running, book: WriteBook, tmp_path: Path) -> Path:
    """Of a run that was killed in its second task."""
    file = tmp_path / "report.yaml"
    words = ("--cluster", "alpha", "--count", "2", "--report-file", file)
    async with running("run", book(BOOK), *words) as program:
        await program.said("waiting")
        program.kill()
        assert await program.ended() == -signal.SIGKILL
    return file


def test_a_run_that_was_killed_is_resumed(choria: Choria, report: Path, tmp_path: Path) -> None:
    (tmp_path / "ready").touch()

    told = choria("run", "book.yaml", "--resume", report, "--report-file", "second.yaml")

    assert told.code == 0, told.err
    assert log_of(tmp_path) == ["begin", "one alpha 2", "three alpha"]
    second = yaml.safe_load((tmp_path / "second.yaml").read_text())
    assert second["report"]["success"] is True
    assert second["inputs"]["static"] == {"cluster": "alpha", "count": 2}


def test_what_is_given_wins_over_the_report(choria: Choria, report: Path, tmp_path: Path) -> None:
    (tmp_path / "ready").touch()

    told = choria("run", "book.yaml", "--resume", report, "--cluster", "bravo")

    assert told.code == 0
    assert log_of(tmp_path)[-1] == "three bravo"


def test_a_changed_book_is_not_resumed(choria: Choria, report: Path, tmp_path: Path) -> None:
    with (tmp_path / "book.yaml").open("a") as file:
        file.write("# changed\n")

    told = choria("run", "book.yaml", "--resume", report)

    assert told.code == 2
    assert "is not what ran then" in told.err
    assert log_of(tmp_path) == ["begin", "one alpha 2"]


def test_a_run_that_did_everything_is_not_resumed(choria: Choria, book: WriteBook) -> None:
    file = book("tasks: []")
    choria("run", file, "--report-file", "report.yaml")

    told = choria("run", file, "--resume", "report.yaml")

    assert told.code == 2
    assert "there is nothing to resume" in told.err


SECRET_BOOK = """
inputs:
  token: {description: The token, type: secret}
  url: {description: Where, type: string, default: "http://example"}
tasks:
  - shell: {description: one, command: "echo one >> log"}
  - shell:
      description: two
      command: 'test -e ready && printf %s "$TOKEN $URL" > used'
      environment: {TOKEN: "{{ inputs.token }}", URL: "{{ inputs.url }}"}
"""


def test_secrets_are_given_again(choria: Choria, book: WriteBook, tmp_path: Path) -> None:
    file = book(SECRET_BOOK)
    (tmp_path / "secret").write_text("hunter2")
    given = ("--token-file", "secret")
    assert choria("run", file, *given, "--report-file", "report.yaml").code == 1
    (tmp_path / "ready").touch()

    without = choria("run", file, "--resume", "report.yaml")
    again = choria("run", file, "--resume", "report.yaml", *given)

    assert (without.code, again.code) == (2, 0)
    assert "--token-file FILE" in without.err
    assert (tmp_path / "used").read_text() == "hunter2 http://example"
    assert log_of(tmp_path) == ["one"]


def test_what_a_secret_was_in_is_given_again(
    choria: Choria, book: WriteBook, tmp_path: Path
) -> None:
    file = book(SECRET_BOOK)
    (tmp_path / "secret").write_text("hunter2")
    given = ("--token-file", "secret")
    url = ("--url", "http://me:hunter2@example")
    assert choria("run", file, *given, *url, "--report-file", "report.yaml").code == 1
    (tmp_path / "ready").touch()

    without = choria("run", file, "--resume", "report.yaml", *given)
    again = choria("run", file, "--resume", "report.yaml", *given, *url)

    assert (without.code, again.code) == (2, 0)
    assert "report.yaml hides what --url had" in without.err
    assert (tmp_path / "used").read_text() == f"hunter2 {url[1]}"


def test_failed_nodes_need_nodes_that_failed(choria: Choria, book: WriteBook) -> None:
    file = book('tasks: [shell: {description: break, command: "false"}]')
    assert choria("run", file, "--report-file", "report.yaml").code == 1

    told = choria("run", file, "--resume", "report.yaml", "--limit", "@failed")

    assert told.code == 2
    assert "--limit @failed: no node failed in report.yaml" in told.err


def test_the_process_that_was_killed_leaves_a_whole_report(report: Path) -> None:
    found = yaml.safe_load(report.read_text())

    assert found["report"]["state"] == "running"
    assert [task["description"] for task in found["tasks"]] == ["begin", "one", "keep"]
    assert oct(report.stat().st_mode)[-3:] == "600"
