"""Values as lines of YAML, quickly: blocks outside, JSON inside.  Pure.

A report is written anew after every task, and its longest parts are results of thousands of
nodes: these are one line each, in the part of YAML that is JSON.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from choria_core.config.yaml_text import TAG, tag_of

_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_./()%+@-]*(?: [A-Za-z0-9_./()%+@-]+)*")
_UNPRINTABLE: Final = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_RUBY: Final = re.compile(r"[yYnN]|=|<<")


def scalar(value: object) -> str:
    """A value on one line."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f} Z"
    return _escaped(json.dumps(value, ensure_ascii=False, default=str))


def mapping(entries: Mapping[str, object], indent: str = "") -> Iterator[str]:
    """A line for each entry."""
    for key, value in entries.items():
        yield f"{indent}{_text(str(key))}: {scalar(value)}\n"


def item(lines: Iterable[str]) -> str:
    """The lines of a mapping as an item of a list."""
    return "".join(("  " if number else "- ") + line for number, line in enumerate(lines))


def _text(value: str) -> str:
    is_plain = _PLAIN.fullmatch(value) and tag_of(value) == f"{TAG}str"
    if is_plain and not _RUBY.fullmatch(value):
        return value
    return _escaped(json.dumps(value, ensure_ascii=False))


def _escaped(text: str) -> str:
    """JSON whose texts hold only what YAML prints."""
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found.group()):04x}", text)
