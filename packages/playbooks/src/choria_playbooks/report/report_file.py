"""The file of a report: whole at every moment, whatever becomes of us."""

import os
from datetime import UTC, datetime
from pathlib import Path

from choria_core.errors import UsageError, WorkError
from choria_playbooks.engine.events import (
    BookRead,
    Event,
    InputsKnown,
    NodesFound,
    RunBegan,
    RunEnded,
    StepEnded,
)
from choria_playbooks.report.document import ReportDocument

MODE = 0o600
"""Reports hold what nodes and programs said."""

SHORT = 64 << 10
"""A report of up to so many characters is always written as a whole."""


class ReportFile:
    """A listener that keeps a report.

    The file is made at once, so that a run never begins whose report cannot be written; after
    each task it is replaced by one that says more, of which nobody sees half.  A long one gets
    a journal instead, until that is as long as all the rest.  So a run that was killed leaves
    the report of what it had done, and a task costs no more in a long run.

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
        self._whole = 0
        self._added = 0
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
        self._document.take(event)
        try:
            match event:
                case RunBegan() | InputsKnown() | RunEnded():
                    self._replace()
                case StepEnded() | NodesFound() | BookRead():
                    self._go_on()
        except OSError as error:
            self._whole = 0  # half of an entry may be there: the next time all is written
            raise WorkError(
                f"the report {self._path} cannot be written: {error.strerror}"
            ) from error

    def _go_on(self) -> None:
        """Add what is new, or begin again where that has become much."""
        entry = self._document.news() if self._whole > SHORT else ""
        self._added += len(entry)
        if not entry or self._added > self._whole:
            self._replace()
            return
        try:
            journal = os.open(self._path, os.O_APPEND | os.O_WRONLY)
        except FileNotFoundError:  # somebody took it away
            self._replace()
            return
        _write(journal, entry)

    def _replace(self) -> None:
        """Put a new file in the place of the old one, which nobody sees half of."""
        text = self._document.text()
        try:
            _write(os.open(self._scratch, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, MODE), text)
            self._scratch.replace(self._path)
        except OSError:
            self._scratch.unlink(missing_ok=True)
            raise
        self._whole, self._added = len(text), 0


def _write(descriptor: int, text: str) -> None:
    """Write and close a file."""
    with os.fdopen(descriptor, "wb", buffering=0) as file:
        left = memoryview(text.encode())
        while left:
            left = left[file.write(left) :]


def usual_path(book: str, *, time: float) -> Path:
    """Where a report goes when nobody says: in the current folder, by name and UTC time."""
    return Path(f"playbook-{book}-{datetime.fromtimestamp(time, UTC):%Y-%m-%d_%H-%M-%S}.yaml")
