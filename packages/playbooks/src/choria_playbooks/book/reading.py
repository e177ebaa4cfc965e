"""A book from its file."""

from pathlib import Path

from choria_core.config.file import text_of
from choria_playbooks.book.kinds import Kinds
from choria_playbooks.book.parsing import ReadBook, parse_book

__all__ = ["ReadBook", "read_book"]


def read_book(file: Path, kinds: Kinds) -> ReadBook:
    """The book in ``file``.

    Args:
        file: named in messages as given here.
        kinds: of tasks, data stores and node sets that are installed.

    Raises:
        InvalidConfigError: it cannot be read, or has problems; all are named.
    """
    return parse_book(text_of(file), kinds, file=str(file))
