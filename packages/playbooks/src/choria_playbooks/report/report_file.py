"""The file of a report: whole at every moment, whatever becomes of us."""

import os
from datetime import UTC, datetime
from pathlib import Path

from choria_core.errors import UsageError, WorkError
from choria_playbooks.engine.events import Event
from choria_playbooks.report.document import ReportDocument

MODE = 0o600
"""Reports hold what nodes and programs said."""


class ReportFile:
    """A listener that keeps a report.

    The file is made at once, so that a run never begins whose report cannot be written; after
    each task it is replaced by one that says more.  Nobody sees half of one: a run that was
    killed leaves the report of what it had done.

    Args:
        path: must not exist.
        digest: of the book.

    Raises:
        UsageError: the file is there already, or cannot be made.
    """

    def __init__(self, path: Path, *, digest: str) -> None:
        self._path = path
        self._document = ReportDocument(digest)
        self._scratch = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, MODE))
        except FileExistsError:
            raise UsageError(
                f"the report {path} is there already; name another with --report-file"
            ) from None
        except OSError as error:
            raise UsageError(f"the report {path} cannot be made: {error.strerror}") from error

    def __call__(self, event: Event) -> None:
        """Take an event.

        Raises:
            WorkError: the file can no longer be written.
        """
        if self._document.take(event):
            self._write()

    def _write(self) -> None:
        flags = os.O_CREAT | os.O_TRUNC | os.O_WRONLY
        try:
            with os.fdopen(os.open(self._scratch, flags, MODE), "w", encoding="utf-8") as scratch:
                scratch.write(self._document.text())
            self._scratch.replace(self._path)
        except OSError as error:
            self._scratch.unlink(missing_ok=True)
            raise WorkError(
                f"the report {self._path} cannot be written: {error.strerror}"
            ) from error


def usual_path(book: str, *, time: float) -> Path:
    """Where a report goes when nobody says: in the current folder, by name and UTC time."""
    return Path(f"playbook-{book}-{datetime.fromtimestamp(time, UTC):%Y-%m-%d_%H-%M-%S}.yaml")
