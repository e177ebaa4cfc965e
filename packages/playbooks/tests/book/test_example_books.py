"""The seven books that run the emulator, and what a linter says of books."""

from collections.abc import Callable
from pathlib import Path

import pytest

from choria_playbooks.book.kinds import Kinds
from choria_playbooks.book.lint import lint
from choria_playbooks.book.parsing import ReadBook
from choria_playbooks.book.reading import read_book

Parse = Callable[[str], ReadBook]

_BOOKS = Path(__file__).parent.parent / "books"
_EMULATOR = sorted((_BOOKS / "emulator").glob("*.yaml"))


def test_there_are_seven_books_of_the_emulator() -> None:
    assert len(_EMULATOR) == 7


@pytest.mark.parametrize("file", _EMULATOR, ids=lambda file: file.stem)
def test_books_of_the_emulator_are_read_and_pass_the_linter(file: Path, kinds: Kinds) -> None:
    read = read_book(file, kinds)

    assert read.warnings == ()
    assert lint(read.book, kinds) == ()
    assert read.book.uses == {"emulator": ">= 0.0.1"}
    assert read.book.nodes["emulators"].test


@pytest.mark.parametrize("name", ["two_clusters.yaml", "everything.yaml"])
def test_the_other_books_pass_the_linter_too(name: str, kinds: Kinds) -> None:
    assert [str(odd) for odd in lint(read_book(_BOOKS / name, kinds).book, kinds)] == []


def _lines(read: ReadBook, kinds: Kinds) -> list[str]:
    return [f"{odd.key}: {odd.text}" for odd in lint(read.book, kinds)]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("tasks: []\n", "tasks: the book does nothing"),
        ("inputs: {a: {type: String}}\n", "inputs.a: is used nowhere"),
        ("nodes: {a: {type: choria}}\n", "nodes.a: is used nowhere"),
        ("data_stores: {a: {type: memory}}\n", "data_stores.a: is used nowhere"),
        ("schema: 1\ntask_lists: {a: []}\n", "task_lists.a: is used nowhere"),
        (
            "tasks: [{shell: {command: 'ls {{ input }} {{{ nods.a }}}'}}]\n",
            ": {{{ nods.a }}} is no template that is known, and stays as it is",
        ),
        (
            "tasks: [{shell: {command: ls, environment: {'{{ metadata.name }}': x}}}]\n",
            "{{ metadata.name }}: is a key, and templates in keys are not filled in",
        ),
        ("inputs: {db_password: {type: String}}\n", "inputs.db_password: sounds like a secret"),
        (
            "tasks: [{slack: {channel: a, text: b, token: xoxb-1}}]\n",
            "token: looks like a secret that stands in the book",
        ),
        (
            "tasks: [{shell: {command: 'login --password=hunter2'}}]\n",
            ": looks like a secret that stands in the book",
        ),
        (
            "inputs: {a: {type: String}}\ntasks: [{shell: {command: 'rm {{ inputs.a }}'}}]\n",
            "command: {{ inputs.a }} is put into a command, and may be any text",
        ),
    ],
)
def test_the_linter_tells_of(parse: Parse, kinds: Kinds, text: str, line: str) -> None:
    found = _lines(parse(text), kinds)
    assert any(one.startswith(line) for one in found), found


@pytest.mark.parametrize(
    ("value", "is_told"), [("nats://a:4222,b:4222", False), ("nats://up:hunter2@a:4222", True)]
)
def test_an_address_is_a_secret_with_a_password_only(
    parse: Parse, kinds: Kinds, value: str, *, is_told: bool
) -> None:
    text = f"tasks: [{{slack: {{channel: a, text: b, token: '{value}'}}}}]\n"

    assert any("looks like a secret" in line for line in _lines(parse(text), kinds)) is is_told


def test_what_is_used_is_not_told_of(parse: Parse, kinds: Kinds) -> None:
    text = (
        "schema: 1\ninputs: {a: {type: Boolean}, b: {type: Array}}\n"
        "data_stores: {m: {type: memory}}\n"
        "tasks:\n  - shell: {command: ls, when: inputs.a, loop: '{{ inputs.b }}'}\n"
        "  - data: {action: delete, key: m/x}\n"
    )
    assert _lines(parse(text), kinds) == []
