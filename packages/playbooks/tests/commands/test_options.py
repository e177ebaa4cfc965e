"""Options of ``choria playbook run`` that are refused before anything is run, and its help."""

from pathlib import Path

import pytest

from packages.playbooks.tests.commands.conftest import Choria, WriteBook

BOOK = """
inputs:
  cluster: {description: "Which [bold]cluster", type: string, validation: "^a"}
  count: {description: How many, type: integer, default: 3}
  hosts: {description: Which hosts, type: array, required: false}
  force: {description: Whether it must be, type: boolean, default: false}
  extra: {description: More, type: hash, required: false}
  token: {description: The token, type: secret, required: false}
  tags: {description: Has the name of an option of ours, type: string, default: x}
  live: {description: Read each time, type: string, dynamic: true, data: pb/live}
data_stores:
  pb: {type: memory}
tasks:
  - data: {description: keep it, action: write, key: pb/cluster, value: "{{ inputs.cluster }}"}
"""


def test_help_shows_the_inputs_of_the_book_with_their_types(
    choria: Choria, book: WriteBook
) -> None:
    told = choria("run", book(BOOK), "--help")

    shown = " ".join(told.out.split())
    assert told.code == 0
    for text in (
        "--cluster CLUSTER Which [bold]cluster (String)",
        "--count COUNT How many (Integer) default: 3",
        "--hosts HOSTS Which hosts (Array)",
        "--force --no-force",
        "--extra EXTRA More (Hash)",
        "--token-file FILE The token (Secret), in a file",
        "--token-env VARIABLE The token (Secret), in an environment variable",
        "--tags TAGS Only steps with one of these tags.",
    ):
        assert text in shown
    assert "--live" not in shown
    assert "--token " not in shown
    assert "Has the name of an option of ours" not in shown


def test_help_without_a_book_shows_the_options_of_ours(choria: Choria) -> None:
    told = choria("run", "--help")

    assert told.code == 0
    for option in (
        "--check",
        "--resolve",
        "--tags",
        "--skip-tags",
        "--start-at",
        "--step",
        "--resume",
        "--limit",
        "--input",
        "--config",
        "-c",
        "--report",
        "--report-file",
        "--json",
        "--loglevel",
        "--verbose",
        "-v",
    ):
        assert f" {option} " in told.out
    assert "modulepath" not in told.out


def test_the_group_names_its_commands(choria: Choria) -> None:
    told = choria("--help")

    assert told.code == 0
    for command in ("run", "check", "show", "schema", "list", "locks", "report"):
        assert f"│ {command} " in told.out


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--resolve",), "--resolve finds nodes and reads stores for --check: give that too"),
        (("--check", "--step"), "--step asks before what --check does not do"),
        (("--check", "--report"), "--check does nothing that a report could tell of"),
        (("--step",), "--step asks before each step, which needs a terminal"),
        (("--limit", "@failed"), "--limit @failed needs the report of the run: give --resume too"),
        (("--limit", ","), "--limit names no nodes"),
        (("--modulepath", "modules"), "--modulepath is for plans in the language of Puppet"),
        (("--resume", "gone.yaml"), "the report gone.yaml cannot be read: No such file"),
        (("--resume", "book.yaml"), "book.yaml: is no report of a playbook"),
        (("--config", "gone.cfg"), "'gone.cfg' does not exist"),
        (("--loglevel", "loud"), "--loglevel: 'loud' is none of debug, info, warn, error, fatal"),
        (("--report-file", "gone/report.yaml"), "the report gone/report.yaml cannot be made"),
        (("--report-file", "book.yaml"), "the report book.yaml is there already"),
        (("--count", "many"), "--count: 'many' is not a whole number"),
        (("--extra", "[1]"), "--extra: '[1]' "),
        (("--token-file", "gone"), "--token-file: there is no file gone"),
        (("--token-env", "GONE"), "--token-env: there is no variable GONE"),
        (("--input", "{"), "--input"),
        (("--input", "[1]"), "--input: --input holds no names with values"),
        (("--input", "@gone.json"), "gone.json: cannot be read"),
        (("--input", '{"clutser": "a"}'), "has no input 'clutser'; did you mean cluster?"),
        (("--input", '{"count": "many"}'), "--input: count "),
        (("--input", '{"token": "x"}'), "give it by --token-file or --token-env"),
        (("--no-such",), "No such option"),
    ],
)
def test_what_cannot_be_is_refused(
    choria: Choria, book: WriteBook, words: tuple[str, ...], complaint: str
) -> None:
    file = book(BOOK).relative_to(Path.cwd())

    told = choria("run", file, "--cluster", "alpha", *words)

    assert told.code == 2
    assert told.out == ""
    assert told.err.startswith("error: ")
    assert complaint in " ".join(told.err.split())


def test_all_that_is_wrong_with_inputs_is_told_at_once(choria: Choria, book: WriteBook) -> None:
    told = choria("run", book(BOOK), "--count", "many", "--input", '{"extra": 1, "more": 2}')

    assert told.code == 2
    for text in ("--count: 'many'", "--input: extra", "no input 'more'"):
        assert text in told.err


def test_a_book_with_errors_is_refused_with_all_of_them(choria: Choria, book: WriteBook) -> None:
    told = choria("run", book("taks: []\nnodes: {a: {type: yml}}"))

    assert told.code == 2
    assert "did you mean tasks?" in told.err
    assert "did you mean yaml?" in told.err


def test_a_book_may_stand_behind_its_inputs(choria: Choria, book: WriteBook) -> None:
    words = ("--cluster", "a.yaml", "--count=2", "--tags", "b.yaml", "--force")

    told = choria("run", *words, book(BOOK), "--limit", ",")

    assert told.err == "error: --limit names no nodes\n"


def test_no_book_is_no_run(choria: Choria) -> None:
    told = choria("run")

    assert (told.code, told.out) == (2, "")
    assert "Missing argument 'BOOK'" in told.err
