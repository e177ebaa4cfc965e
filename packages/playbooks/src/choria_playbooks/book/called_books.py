"""Books that a book calls, looked at before it runs."""

from collections.abc import Iterator
from pathlib import Path

from choria_core.config.problems import InvalidConfigError, Problem, at
from choria_playbooks.book.kinds import Kinds
from choria_playbooks.book.model import Book, BookCall
from choria_playbooks.book.reading import read_book
from choria_playbooks.book.walking import all_steps
from choria_playbooks.templates.marker import has_markers


def called_books(book: Book, kinds: Kinds) -> Iterator[Problem]:
    """What is odd in the calls of other books, as far as it can be known now.

    An earlier step may make a book that is not there yet, so nothing here is certain.

    Args:
        book: that calls.
        kinds: of tasks, data stores and node sets that are installed.
    """
    for placed in all_steps(book):
        call = placed.step
        if isinstance(call, BookCall) and not has_markers(call.file, book.schema):
            yield from _look(call, book, kinds)


def _look(call: BookCall, book: Book, kinds: Kinds) -> Iterator[Problem]:
    file = Path(book.file).parent / call.file
    if file.resolve() == Path(book.file).resolve():
        yield at(call.location, f"{call.id}.playbook", "the book calls itself", "call another one")
        return
    try:
        called = read_book(file, kinds).book
    except InvalidConfigError as error:
        text = f"the book {call.file} cannot run: {error.problems[0]}"
        yield at(call.location, f"{call.id}.playbook", text, "correct it, or the path to it")
        return
    for entry in call.inputs.entries:
        if entry.key not in called.inputs:
            known = ", ".join(called.inputs) or "none"
            text = f"{call.file} has no input {entry.key}"
            yield at(entry.location, f"{call.id}.playbook.inputs", text, f"its inputs are: {known}")
