"""``choria playbook show``: what a book will do."""

import enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from choria_core.errors import UsageError
from choria_playbooks.commands.open_book import BookFile, open_book

if TYPE_CHECKING:
    from choria_playbooks.book.model import Book


class Form(enum.StrEnum):
    """How a book is shown."""

    TEXT = "text"
    SVG = "svg"
    YAML = "yaml"


def show(
    context: typer.Context,
    book: BookFile,
    *,
    form: Annotated[
        Form,
        typer.Option(
            "--format", "-f", help="An outline, a picture, or the YAML with its anchors resolved."
        ),
    ] = Form.TEXT,
    out: Annotated[
        Path | None, typer.Option(help="Write to this file; its ending chooses the format.")
    ] = None,
) -> None:
    """Show what a playbook wants, where it works and what it does, without doing it."""
    found = open_book(book, context.obj)
    if out is not None and out.suffix[1:] in {*Form}:
        form = Form(out.suffix[1:])
    text = _resolved(book) if form is Form.YAML else _drawn(found.book, form)
    if out is None:
        typer.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--out: {out} cannot be written: {error.strerror}") from error


def _drawn(book: "Book", form: Form) -> str:
    from choria_core.presentation.safe_text import lines
    from choria_playbooks.drawing.outline import outline, text_of
    from choria_playbooks.drawing.picture import picture

    rows = outline(book)
    if form is Form.SVG:
        return picture(rows)
    return "".join(f"{line}\n" for line in lines(text_of(rows).rstrip("\n")))


def _resolved(file: Path) -> str:
    import yaml

    from choria_core.config.file import text_of
    from choria_core.config.yaml_nodes import plain
    from choria_core.config.yaml_text import read_yaml

    class Dumper(yaml.SafeDumper):
        """Writes shared parts out."""

        def ignore_aliases(self, _data: object) -> bool:
            return True

    root = read_yaml(text_of(file), file=str(file)).root
    assert root is not None, "it is a playbook, which was read before"
    return yaml.dump(plain(root), Dumper=Dumper, sort_keys=False, allow_unicode=True)
