"""``choria playbook list``: the books of a folder."""

from pathlib import Path
from typing import Annotated

import typer

from choria_core.errors import UsageError

ENDINGS = (".yaml", ".yml")


def list_books(
    context: typer.Context,
    folder: Annotated[
        Path | None, typer.Argument(help="Where to look, below it too; here without.")
    ] = None,
    *,
    examples: Annotated[
        bool, typer.Option("--examples", help="Those that come with the toolkit.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List playbooks: name, version, what they are for, and whether they are in order."""
    import json

    rows = [
        row
        for file in _files(_examples() if examples else folder or Path())
        if (row := _row(file, context)) is not None
    ]
    if as_json:
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    else:
        _print(rows)


def _examples() -> Path:
    return Path(__file__).parent.parent / "examples"


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder")
    return sorted(file for file in folder.rglob("*") if file.suffix in ENDINGS and file.is_file())


def _row(file: Path, context: typer.Context) -> dict[str, str] | None:
    """What is to be said of a file; None where it is no playbook."""
    from choria_core.config.problems import InvalidConfigError
    from choria_playbooks.book.offered_kinds import kinds_of
    from choria_playbooks.book.reading import read_book

    if not _looks_like_book(file):
        return None
    try:
        book = read_book(file, kinds_of(context.obj)).book
    except InvalidConfigError as error:
        count = len(error.problems)
        problems = f"{count} problem{'' if count == 1 else 's'}"
        told = f"{problems}; see choria playbook check {file}"
        return {
            "file": str(file),
            "name": "",
            "version": "",
            "description": told,
            "state": "broken",
        }
    data = book.metadata
    return {
        "file": str(file),
        "name": data.name,
        "version": data.version,
        "description": data.description,
        "state": "ok",
    }


def _looks_like_book(file: Path) -> bool:
    """Whether a file says what only playbooks say; other YAML lies beside them."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    words = {line.partition(":")[0] for line in text.splitlines()}
    return {"name", "version"} <= words and bool(words & {"tasks", "hooks", "nodes", "inputs"})


def _print(rows: list[dict[str, str]]) -> None:
    from choria_core.presentation.safe_text import one_line

    if not rows:
        typer.echo("no playbooks here")
        return
    width = max(len(row["file"]) for row in rows)
    for row in rows:
        title = f"{row['name']} {row['version']}".strip()
        told = f"{title}: {row['description']}" if title else row["description"]
        typer.echo(f"{row['file']:<{width}}  {one_line(told)}")
