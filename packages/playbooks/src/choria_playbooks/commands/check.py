"""``choria playbook check``: what is wrong with books, before they run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from choria_core.errors import ConfigError
from choria_playbooks.commands.open_book import warn

if TYPE_CHECKING:
    from choria_core.config.problems import Problem
    from choria_playbooks.book.kinds import Kinds


def check(
    context: typer.Context,
    books: Annotated[list[Path], typer.Argument(metavar="BOOK…", help="Playbooks.")],
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print what was found as JSON, and nothing else.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings are errors.")] = False,
) -> None:
    """Say what is wrong with playbooks, and do nothing.

    Beside what keeps a book from running that is what was probably not meant: names in
    templates that nothing has, inputs that nobody uses, secrets in plain text.  Ends with 2
    where a book has errors.
    """
    from choria_playbooks.book.offered_kinds import kinds_of

    kinds = kinds_of(context.obj)
    errors: list[Problem] = []
    warnings: list[Problem] = []
    for file in books:
        wrong, odd = _check(file, kinds)
        errors += wrong
        warnings += odd
    if strict:
        errors, warnings = errors + warnings, []
    if as_json:
        _print_json(errors, warnings)
        raise typer.Exit(2 if errors else 0)
    for warning in warnings:
        warn(str(warning))
    if errors:
        raise ConfigError("\n".join(str(error) for error in errors))
    told = f", {_counted(len(warnings), 'warning')}" if warnings else ""
    typer.echo(f"{_counted(len(books), 'playbook')} checked{told}")


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _check(file: Path, kinds: "Kinds") -> "tuple[tuple[Problem, ...], tuple[Problem, ...]]":
    """Errors and warnings of one book."""
    from choria_core.config.problems import InvalidConfigError
    from choria_playbooks.book.called_books import called_books
    from choria_playbooks.book.lint import lint
    from choria_playbooks.book.parsing import WrongBookError
    from choria_playbooks.book.reading import read_book

    try:
        found = read_book(file, kinds)
    except WrongBookError as error:
        return error.problems, error.warnings
    except InvalidConfigError as error:
        return error.problems, ()
    return (), (*found.warnings, *lint(found.book, kinds), *called_books(found.book, kinds))


def _print_json(errors: "list[Problem]", warnings: "list[Problem]") -> None:
    import json
    from dataclasses import asdict

    rows = [
        {"severity": severity, **asdict(problem)}
        for severity, problems in (("error", errors), ("warning", warnings))
        for problem in problems
    ]
    typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
