"""A book that a command line names, read and checked."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from choria_core.plugins import Plugins
    from choria_playbooks.book.reading import ReadBook

BookFile = Annotated[Path, typer.Argument(metavar="BOOK", help="The playbook, a YAML file.")]


def open_book(file: Path, plugins: "Plugins") -> "ReadBook":
    """The book; its warnings go to standard error.

    Raises:
        InvalidConfigError: it cannot be read, or has errors; all are named.
    """
    from choria_playbooks.book.offered_kinds import kinds_of
    from choria_playbooks.book.reading import read_book

    found = read_book(file, kinds_of(plugins))
    for warning in found.warnings:
        warn(str(warning))
    return found


def warn(text: str) -> None:
    """Say something on standard error that ends nothing."""
    typer.echo(f"warning: {text}", err=True)
