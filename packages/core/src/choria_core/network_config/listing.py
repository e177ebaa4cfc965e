"""Settings for people and programs to read: key, value, origin.  Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from choria_core.config.value import nearest
from choria_core.errors import UsageError
from choria_core.nats.endpoint import ServerAddress
from choria_core.network_config.settings import (
    Origin,
    Settings,
    is_secret,
    shown_text,
    shown_value,
)
from choria_core.network_config.table import find
from choria_core.telemetry.redaction import redact_value


@dataclass(frozen=True, slots=True)
class Row:
    """One key.

    Attributes:
        key: its name.
        shown: the value as one would write it, secrets hidden.
        value: the value typed as JSON has it, secrets hidden.
        origins: where it came from.
        note: why the side makes nothing of it; empty where it does.
    """

    key: str
    shown: str
    value: object
    origins: tuple[Origin, ...]
    note: str = ""


def rows_of(settings: Settings) -> list[Row]:
    """Every key that the side reads, then every other key of the files."""
    rows = [
        Row(key, shown_value(key, value.value), _plain(key, value.value), value.origins)
        for key, value in settings.values.items()
    ]
    for key, option in settings.options.items():
        if key not in settings.values:
            text = shown_text(key, option.text)
            note = "not read here" if find(key) else "kept for plugins"
            rows.append(Row(key, text, text, (option.origin,), note))
    return rows


def select(settings: Settings, words: Sequence[str]) -> list[Row]:
    """The rows of some keys, or of all where none is named.

    Args:
        settings: what was read.
        words: each a key, or a part of some keys.

    Raises:
        UsageError: no key is, or holds, one of the words.
    """
    rows = rows_of(settings)
    if not words:
        return rows
    names = {row.key for row in rows}
    chosen: set[str] = set()
    for word in words:
        found = {word} & names or {name for name in names if word in name}
        if not found:
            meant = nearest(word, sorted(names))
            hint = f"; did you mean {meant}?" if meant else ""
            raise UsageError(f"no key is called {word}{hint}")
        chosen |= found
    return [row for row in rows if row.key in chosen]


def as_lines(rows: Iterable[Row]) -> list[str]:
    """A table: key, value, origin."""
    cells = [(row.key, row.shown, _origin(row)) for row in rows]
    widths = [max((len(line[column]) for line in cells), default=0) for column in (0, 1)]
    return [
        f"{key:<{widths[0]}}  {value:<{widths[1]}}  {origin}".rstrip()
        for key, value, origin in cells
    ]


def as_documents(rows: Iterable[Row]) -> list[dict[str, object]]:
    """The same for programs."""
    return [
        {
            "key": row.key,
            "value": row.value,
            "note": row.note,
            "origins": [
                {"source": origin.source.value, "name": origin.name, "line": origin.line}
                for origin in row.origins
            ],
        }
        for row in rows
    ]


def _origin(row: Row) -> str:
    text = ", ".join(str(origin) for origin in row.origins)
    return f"{text} ({row.note})" if row.note else text


def _plain(key: str, value: object) -> object:
    """A value that JSON can hold, secrets hidden."""
    if is_secret(key):
        return shown_value(key, value)
    if isinstance(value, tuple):
        return [_plain(key, item) for item in value]
    if isinstance(value, Path | ServerAddress):
        return str(value)
    return redact_value(value)
