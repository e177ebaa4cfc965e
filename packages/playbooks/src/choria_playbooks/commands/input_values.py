"""Values for the inputs of a book, from everywhere a command line can have them."""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from choria_core.errors import UsageError
from choria_core.presentation.safe_text import one_line
from choria_playbooks.commands.book_command import given_inputs

if TYPE_CHECKING:
    from choria_playbooks.book.model import Book
    from choria_playbooks.inputs.input import Input


def input_values(context: typer.Context, book: "Book", documents: list[str]) -> dict[str, Any]:
    """What was given, by the names of inputs.

    Args:
        context: holds the options of the book.
        book: whose inputs they are.
        documents: each of ``--input``; they win over options, and the last over the others.

    Raises:
        UsageError: a value is not of the type of its input, or nothing has its name; all are
            named.
    """
    values: dict[str, Any] = {}
    problems: list[str] = []
    for option, given in given_inputs(context).items():
        one = book.inputs[option.input]
        try:
            values[one.name] = _of_option(one, option.source, given)
        except UsageError as error:
            problems.append(str(error))
    for document in documents:
        for name, value in _of_document(document).items():
            try:
                values[name] = _of_json(book, name, value)
            except UsageError as error:
                problems.append(str(error))
    if problems:
        raise UsageError("\n".join(problems))
    return values


def ask_for_secrets(book: "Book", values: Mapping[str, Any]) -> dict[str, str]:
    """Secrets that nothing gives, typed on the terminal; none where there is no terminal."""
    if not sys.stdin.isatty():
        return {}
    from choria_playbooks.commands.asking import ask_secret

    return {
        one.name: ask_secret(one_line(one.description or one.name))
        for one in _missing_secrets(book, values)
    }


def _missing_secrets(book: "Book", values: Mapping[str, Any]) -> "Iterator[Input]":
    from choria_playbooks.inputs.input import ABSENT

    for one in book.inputs.values():
        is_had = one.name in values or one.data or one.environment or one.file
        if one.is_secret and one.required and not is_had and one.default is ABSENT:
            yield one


def _of_option(one: "Input", source: str, given: Any) -> Any:
    """The value of an option of the command line."""
    from choria_playbooks.inputs.command_line import option_of, secret_options_of
    from choria_playbooks.inputs.errors import InputError
    from choria_playbooks.inputs.types import value_of_texts

    if source == "file":
        return _file_text(secret_options_of(one)[0], given)
    if source == "env":
        if given not in os.environ:
            raise UsageError(f"{secret_options_of(one)[1]}: there is no variable {given}")
        return os.environ[given]
    if isinstance(given, bool):
        return given
    texts = given if isinstance(given, list) else [given]
    try:
        return value_of_texts(one.type, texts)
    except InputError as error:
        raise UsageError(f"{option_of(one)}: {texts[-1]!r} {error}") from error


def _file_text(option: str, file: str) -> str:
    """What a file holds, without one line end at its end."""
    from choria_playbooks.inputs.errors import InputError
    from choria_playbooks.inputs.secret_files import read_secret

    try:
        text = read_secret(Path(file).expanduser())
    except InputError as error:
        raise UsageError(f"{option}: the value {error}") from error
    if text is None:
        raise UsageError(f"{option}: there is no file {file}")
    return text


def _of_document(document: str) -> dict[str, Any]:
    """The values of ``--input``: JSON, or ``@`` and a file of JSON or YAML."""
    from choria_core.config.file import text_of
    from choria_core.config.problems import InvalidConfigError
    from choria_core.config.yaml_nodes import plain
    from choria_core.config.yaml_text import read_yaml

    is_file = document.startswith("@")
    name = document[1:] if is_file else "--input"
    text = text_of(Path(name).expanduser()) if is_file else document
    found = read_yaml(text, file=name)
    if found.problems:
        raise InvalidConfigError(found.problems)
    value = plain(found.root) if found.root else None
    if not isinstance(value, dict):
        raise UsageError(f'--input: {name} holds no names with values; write {{"name": "value"}}')
    return value


def _of_json(book: "Book", name: str, value: Any) -> Any:
    from choria_core.config.value import nearest
    from choria_playbooks.inputs.command_line import secret_options_of
    from choria_playbooks.inputs.errors import InputError
    from choria_playbooks.inputs.types import typed

    one = book.inputs.get(name)
    if one is None:
        meant = nearest(name, book.inputs)
        hint = f"did you mean {meant}?" if meant else f"it has {', '.join(book.inputs) or 'none'}"
        raise UsageError(f"--input: the playbook has no input {name!r}; {hint}")
    if one.is_secret:
        raise UsageError(
            f"--input: {name} is a secret, which lists of processes and files of inputs would "
            f"show; give it by {' or '.join(secret_options_of(one))}"
        )
    try:
        return typed(one.type, value)
    except InputError as error:
        raise UsageError(f"--input: {name} {error}") from error
