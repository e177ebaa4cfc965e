"""Values as lines of YAML, quickly: blocks outside, JSON inside.  Pure.

The longest parts of a report are results of thousands of nodes: these are one line each, in the
part of YAML that is JSON.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from choria_core.config.yaml_text import TAG, tag_of
from choria_playbooks.report.any_json import any_json

_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_./()%+@-]*(?: [A-Za-z0-9_./()%+@-]+)*")
_UNPRINTABLE: Final = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_RUBY: Final = re.compile(r"[yYnN]|=|<<")


def scalar(value: object) -> str:
    """A value on one line; what JSON cannot hold is shown as text."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f} Z"
    return _json(value)


def mapping(entries: Mapping[str, object], indent: str = "") -> Iterator[str]:
    """A line for each entry."""
    for key, value in entries.items():
        yield f"{indent}{_key(str(key))}: {scalar(value)}\n"


def block(key: str, entries: Mapping[str, object]) -> Iterator[str]:
    """A key with a line for each entry of its mapping."""
    if not entries:
        yield f"{key}: {{}}\n"
        return
    yield f"{key}:\n"
    yield from mapping(entries, "  ")


def item(lines: Iterable[str]) -> str:
    """The lines of a mapping as an item of a list."""
    return "".join(("  " if number else "- ") + line for number, line in enumerate(lines))


def sequence(key: str, items: Iterable[str]) -> Iterator[str]:
    """A key with the items of its list."""
    empty = True
    for one in items:
        if empty:
            yield f"{key}:\n"
        empty = False
        yield one
    if empty:
        yield f"{key}: []\n"


def _text(value: str) -> str:
    is_plain = _PLAIN.fullmatch(value) and tag_of(value) == f"{TAG}str"
    if is_plain and not _RUBY.fullmatch(value):
        return value
    return _json(value)


_key = lru_cache(maxsize=1 << 15)(_text)
"""Names of keys and nodes come again with each task."""


def _json(value: object) -> str:
    """JSON whose texts hold only what YAML prints."""
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found.group()):04x}", any_json(value))
