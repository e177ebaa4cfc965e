"""``choria playbook schema``: the JSON schema of books, for editors."""

from pathlib import Path
from typing import Annotated

import typer

from choria_core.errors import UsageError


def schema(
    context: typer.Context,
    *,
    legacy: Annotated[bool, typer.Option("--legacy", help="Of books without schema: 1.")] = False,
    out: Annotated[Path | None, typer.Option(help="Write to this file.")] = None,
) -> None:
    """Print the JSON schema of playbooks, with all kinds that are plugged in.

    Editors that know YAML use it to complete keys and to mark mistakes.
    """
    import json

    from choria_playbooks.book.json_schema import book_schema
    from choria_playbooks.book.offered_kinds import kinds_of

    text = json.dumps(book_schema(kinds_of(context.obj), strict=not legacy), indent=2)
    if out is None:
        typer.echo(text)
        return
    try:
        out.write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--out: {out} cannot be written: {error.strerror}") from error
