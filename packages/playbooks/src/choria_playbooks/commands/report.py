"""``choria playbook report``: the report of a run as a page."""

import codecs
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from choria_core.errors import UsageError

if TYPE_CHECKING:
    from choria_playbooks.report.reading import Report


def report(
    file: Annotated[Path, typer.Argument(metavar="REPORT", help="What run --report wrote.")],
    *,
    out: Annotated[
        Path | None, typer.Option(help="Where the page goes; beside the report without.")
    ] = None,
) -> None:
    """Make a page of a report: tasks over time, and what came of each node.

    The page stands alone: it needs no network and nothing beside it.
    """
    from choria_playbooks.report.report_page import report_page

    target = out or file.with_suffix(".html")
    text = report_page(open_report(file))
    try:
        _write(target, text)
    except OSError as error:
        raise UsageError(f"--out: {target} cannot be written: {error.strerror}") from error
    typer.echo(str(target))


def _write(target: Path, text: str) -> None:
    """Write a file that nobody else may read where it is new, as the report itself."""
    from choria_playbooks.report.report_file import MODE

    flags = os.O_CREAT | os.O_TRUNC | os.O_WRONLY
    with os.fdopen(os.open(target, flags, MODE), "w", encoding="utf-8") as page:
        page.write(text)


def open_report(file: Path) -> "Report":
    """A report that was written.

    Raises:
        UsageError: it cannot be read.
        InvalidConfigError: it is none.
    """
    from choria_playbooks.report.reading import read_report

    try:
        # the end of one whose run was killed may be half of a character
        text = codecs.getincrementaldecoder("utf-8")().decode(file.read_bytes())
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise UsageError(f"the report {file} cannot be read: {reason}") from error
    return read_report(text, file=str(file))
