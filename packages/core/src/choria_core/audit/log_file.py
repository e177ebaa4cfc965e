"""Audit logs, read once or as they grow."""

import gzip
import heapq
import os
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Final, Self, cast

from choria_core.audit.entry import AuditEntry
from choria_core.audit.json_lines import read_json_line
from choria_core.audit.text_lines import read_text_line
from choria_core.errors import RemoteProtocolError, UsageError

Report = Callable[[str], None]
"""Takes what is wrong with a line, as ``FILE:LINE: cause``."""

_COMPRESSED: Final = ".gz"


class AuditLogFile:
    """One log, in JSON or as text, or in both.

    A context manager: it lets go of the file at its end.

    Args:
        path: of the file; one that ends with ``.gz`` is compressed.
        report: is told of lines that are no entries; they are left out.
        is_growing: read on when there is more, also when the file has been moved away and made
            anew, or emptied; and wait for it where it is not there yet.
    """

    def __init__(self, path: Path, *, report: Report, is_growing: bool = False) -> None:
        self.path = path
        self._report = report
        self._is_growing = is_growing and path.suffix != _COMPRESSED
        self._current: _Lines | None = None
        self._old: _Lines | None = None

    def new_entries(self) -> Iterator[AuditEntry]:
        """What came since the last call, in the order of the file.

        Raises:
            UsageError: the file cannot be read.
        """
        try:
            yield from self._new_entries()
        except (OSError, EOFError, zlib.error) as error:
            cause = getattr(error, "strerror", None) or str(error)
            raise UsageError(f"{self.path}: cannot be read: {cause}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for lines in (self._old, self._current):
            if lines is not None:
                lines.close()
        self._old = self._current = None

    def _new_entries(self) -> Iterator[AuditEntry]:
        """Raises OSError, and what compressed files raise."""
        if self._old is not None:  # whoever had it open may have written once more
            yield from self._entries(self._old, is_last=True)
            self._old.close()
            self._old = None
        if self._current is None:
            self._current = self._opened()
        if self._current is None:
            return
        if self._is_growing:
            self._current.begin_again_where_emptied()
        yield from self._entries(self._current, is_last=not self._is_growing)
        if self._is_growing and not self._current.is_at(self.path):
            self._old, self._current = self._current, self._opened()
            if self._current is not None:
                yield from self._entries(self._current, is_last=False)

    def _opened(self) -> "_Lines | None":
        """Raises OSError."""
        try:
            return _Lines(self.path)
        except FileNotFoundError:
            if self._is_growing:
                return None
            raise

    def _entries(self, lines: "_Lines", *, is_last: bool) -> Iterator[AuditEntry]:
        for number, line in lines.new(is_last=is_last):
            try:
                entry = _entry(line)
            except RemoteProtocolError as error:
                self._report(f"{self.path}:{number}: {error}")
            else:
                if entry is not None:
                    yield entry


def merged(files: Sequence[AuditLogFile]) -> Iterator[AuditEntry]:
    """The new entries of several logs, in the order of their times; raises UsageError."""
    return heapq.merge(*(file.new_entries() for file in files), key=lambda entry: entry.time_ns)


class _Lines:
    """The lines of an open file.

    Args:
        path: of the file.

    Raises:
        OSError: it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        file = gzip.open(path) if path.suffix == _COMPRESSED else path.open("rb")  # noqa: SIM115 - see close
        self._file = cast("IO[bytes]", file)
        self._part = b""
        self._number = 0

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def new(self, *, is_last: bool) -> Iterator[tuple[int, bytes]]:
        """Lines since the last call, with their numbers.

        Args:
            is_last: whether a line without an end is one, too.
        """
        for text in self._file:
            line, self._part = self._part + text, b""
            if not line.endswith(b"\n") and not is_last:
                self._part = line
                return
            self._number += 1
            yield self._number, line
        if is_last and self._part:
            line, self._part = self._part, b""
            self._number += 1
            yield self._number, line

    def begin_again_where_emptied(self) -> None:
        """Read from the beginning, where the file is shorter than what was read of it."""
        if os.fstat(self._file.fileno()).st_size < self._file.tell():
            self._file.seek(0)
            self._part = b""
            self._number = 0

    def is_at(self, path: Path) -> bool:
        """Whether ``path`` is this file still, or nothing yet."""
        with suppress(FileNotFoundError):
            return os.path.samestat(path.stat(), os.fstat(self._file.fileno()))
        return True


def _entry(line: bytes) -> AuditEntry | None:
    """The entry of a line; None for an empty one.  Raises RemoteProtocolError."""
    text = line.strip()
    if not text:
        return None
    if text.startswith(b"{"):
        return read_json_line(text)
    if text.startswith(b"["):
        return read_text_line(text)
    raise RemoteProtocolError("no entry of an audit log")
