"""Values of replies as people read them.  Pure."""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import json

from choria_core.filters.go_text import number_text
from choria_core.presentation.safe_text import terminal_json

_WIDTH: Final = 80


def value_text(value: object, *, indent: int = 0) -> str:
    """A value as text; the lines of arrays and objects behind the first are indented.

    Texts stand as they are: escape them where they are printed.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping | list):
        return pretty_json(value, indent=indent, width=_WIDTH)
    return _scalar(value, null="")


def pretty_json(value: object, *, indent: int = 0, width: int = 0) -> str:
    """JSON for people, with sorted keys; the first line is not indented.

    Args:
        value: what JSON can say.
        indent: blanks before each line but the first.
        width: arrays that fit into lines so wide stand in one; 0 for one element a line.
    """
    return terminal_json(_pretty(value, " " * indent, indent, width))


def _pretty(value: object, margin: str, column: int, width: int) -> str:
    if isinstance(value, Mapping) and value:
        inner = margin + "  "
        members = []
        for key in sorted(value):
            start = f"{_quoted(str(key))}: "
            members.append(
                f"{inner}{start}{_pretty(value[key], inner, len(inner) + len(start), width)}"
            )
        return "{\n" + ",\n".join(members) + f"\n{margin}}}"
    if isinstance(value, list) and value:
        flat = _flat(value) if width else None
        if flat is not None and column + len(flat) <= width:
            return flat
        inner = margin + "  "
        items = [f"{inner}{_pretty(item, inner, len(inner), width)}" for item in value]
        return "[\n" + ",\n".join(items) + f"\n{margin}]"
    return _leaf(value)


def _flat(value: list[Any]) -> str | None:
    """The array in one line; None where it holds objects."""
    parts = []
    for item in value:
        if isinstance(item, Mapping):
            return None
        part = _flat(item) if isinstance(item, list) else _leaf(item)
        if part is None:
            return None
        parts.append(part)
    return f"[{', '.join(parts)}]"


def _leaf(value: object) -> str:
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, Mapping):
        return "{}"
    return "[]" if isinstance(value, list) else _scalar(value, null="null")


def _quoted(text: str) -> str:
    return json.encode(text).decode()


def _scalar(value: object, *, null: str) -> str:
    if value is None:
        return null
    if isinstance(value, bool):
        return "true" if value else "false"
    return number_text(value) if isinstance(value, float) else str(value)
