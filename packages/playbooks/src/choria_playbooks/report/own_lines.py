"""Reads what :mod:`choria_playbooks.report.yaml_lines` wrote, quickly.  Pure.

A report of ten thousand nodes is megabytes, which take a reader of all of YAML minutes.  Ours are
blocks outside and JSON inside; whatever looks otherwise is left to the other reader.
"""

import json
import re
from functools import lru_cache
from typing import Any, Final

from choria_core.config.yaml_text import TAG, tag_of

_ENTRY: Final = re.compile(r'("(?:[^"\\]|\\.)*"|[A-Za-z][^":]*):(?: (.+))?')
_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_./()%+@-]*(?: [A-Za-z0-9_./()%+@-]+)*")
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6} Z")
_NO_CHARACTER: Final = re.compile(r"\\u[dD][89a-fA-F]")
_MARK: Final = "- "


class _StrangeError(ValueError):
    """The text is none of ours."""


def own_document(text: str) -> dict[str, Any] | None:
    """What a report says; None where it is not written as ours are."""
    begin, *lines = text.split("\n")
    if begin != "---" or not lines or lines.pop():
        return None
    try:
        found, end = _mapping(lines, 0, 0)
    except (ValueError, RecursionError):
        return None
    return found if end == len(lines) else None


def _mapping(lines: list[str], at: int, indent: int) -> tuple[dict[str, Any], int]:
    """The entries from a line on, and the line behind them."""
    found: dict[str, Any] = {}
    margin = " " * indent
    while at < len(lines):
        line = lines[at]
        if not line.startswith(margin) or line.startswith(_MARK, indent):
            break
        entry = _ENTRY.fullmatch(line, indent)
        if entry is None:
            raise _StrangeError
        key, value = entry.groups()
        name = _text(key)
        if name in found:
            raise _StrangeError
        if value is not None:
            found[name], at = _scalar(value), at + 1
        elif at + 1 < len(lines) and lines[at + 1].startswith(margin + _MARK):
            found[name], at = _items(lines, at + 1, indent)
        else:
            found[name], at = _mapping(lines, at + 1, indent + 2)
    if not found:
        raise _StrangeError
    return found, at


def _items(lines: list[str], at: int, indent: int) -> tuple[list[Any], int]:
    """The mappings of a list, and the line behind them."""
    found: list[Any] = []
    mark = " " * indent + _MARK
    while at < len(lines) and lines[at].startswith(mark):
        lines[at] = " " * len(mark) + lines[at][len(mark) :]
        one, at = _mapping(lines, at, len(mark))
        found.append(one)
    return found, at


def _scalar(text: str) -> Any:
    if text[0] in '"[{-0123456789':
        return text if _MOMENT.fullmatch(text) else _json(text)
    return _word(text)


def _text(key: str) -> str:
    name = _json(key) if key.startswith('"') else _word(key)
    if not isinstance(name, str):
        raise _StrangeError
    return name


@lru_cache(maxsize=4096)
def _word(text: str) -> Any:
    if text in {"true", "false", "null"}:
        return _json(text)
    if not _PLAIN.fullmatch(text) or tag_of(text) != f"{TAG}str":
        raise _StrangeError
    return text


def _json(text: str) -> Any:
    if _NO_CHARACTER.search(text):
        raise _StrangeError
    return json.loads(text, parse_constant=_refuse, object_pairs_hook=_unique)


def _refuse(_text: str) -> Any:
    raise _StrangeError


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _StrangeError
    return found
