"""Texts that strangers wrote, made safe for a terminal.  Pure."""

import re
from typing import Final

_ONE_TAB: Final = "    "
_OBEYED: Final = "\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
_ON_TERMINALS: Final = re.compile(f"[{_OBEYED}]")
_ASCII_IN_DOCUMENTS: Final = "\x7f<>&"
_IN_DOCUMENTS: Final = re.compile(f"[{_OBEYED}<>&]")


def one_line(text: str) -> str:
    """The text in one line: what cannot be printed is written as an escape."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def lines(text: str) -> list[str]:
    """The lines of a text, each safe; tabs become blanks."""
    if text.isprintable():
        return [text]
    parts = text.replace("\r\n", "\n").replace("\t", _ONE_TAB).split("\n")
    return [one_line(part) for part in parts]


def terminal_json(text: str) -> str:
    """A JSON text that says the same, without characters that terminals obey."""
    return _ON_TERMINALS.sub(_escape, text)


def document_json(text: str) -> str:
    """The same, also without those that are escaped in JSON that Go writes."""
    if text.isascii() and not any(char in text for char in _ASCII_IN_DOCUMENTS):
        return text  # nearly all are so, and a large one is searched in no time
    return _IN_DOCUMENTS.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
