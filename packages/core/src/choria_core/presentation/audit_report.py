"""Entries of audit logs as people read them.  Pure."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from rich.cells import cell_len

from choria_core.audit.entry import AuditEntry
from choria_core.audit.json_lines import json_line
from choria_core.padding import padded_width
from choria_core.presentation.safe_text import one_line, terminal_json
from choria_core.protocol.messages import NANOSECONDS

_HEADERS: Final = ("time (UTC)", "caller", "sender", "agent", "action", "data")
_GAP: Final = "  "


class AuditTable:
    """A table that grows: each column is as wide as the widest text so far."""

    def __init__(self) -> None:
        self._widths = [len(header) for header in _HEADERS]
        self._has_head = False

    def lines(self, entries: Iterable[AuditEntry]) -> str:
        """The lines of more entries, each with its end; headers stand before the first."""
        rows: list[Sequence[str]] = [_row(entry) for entry in entries]
        if rows and not self._has_head:
            self._has_head = True
            rows.insert(0, _HEADERS)
        for column in range(len(_HEADERS) - 1):
            width = padded_width(cell_len(row[column]) for row in rows)
            self._widths[column] = max(self._widths[column], width)
        return "".join(self._line(row) for row in rows)

    def _line(self, row: Sequence[str]) -> str:
        padded = (
            text + " " * (width - cell_len(text))
            for text, width in zip(row[:-1], self._widths, strict=False)
        )
        return f"{_GAP.join((*padded, row[-1]))}".rstrip() + "\n"


def audit_json(entries: Iterable[AuditEntry]) -> str:
    """The lines of entries as JSON, in which nothing is left that terminals obey."""
    return "".join(terminal_json(json_line(entry).decode()) for entry in entries)


def _row(entry: AuditEntry) -> Sequence[str]:
    moment = datetime.fromtimestamp(entry.time_ns // NANOSECONDS, UTC)
    data = bytes(entry.data).decode(errors="replace")
    return (
        f"{moment:%Y-%m-%d %H:%M:%S}",
        one_line(entry.caller),
        one_line(entry.sender),
        one_line(entry.agent),
        one_line(entry.action),
        "" if data == "{}" else one_line(data),
    )
