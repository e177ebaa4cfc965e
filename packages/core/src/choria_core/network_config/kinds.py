"""How the text behind a key becomes a value.  Pure.

Every reading function takes the text and the user's home folder and returns the value, or a
:class:`~choria_core.config.value.Refusal` that says what to write instead.
"""

import enum
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from choria_core.config.value import Refusal, nearest
from choria_core.durations import format_duration, parse_choria_duration
from choria_core.errors import ConfigError
from choria_core.network_config.addresses import read_address
from choria_core.security.caller_rules import usable_pattern
from choria_core.telemetry.redaction import redact_text

_TRUE: Final = frozenset({"1", "yes", "true", "y", "t"})
_FALSE: Final = frozenset({"0", "no", "false", "n", "f"})
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,19}")
_INTEGERS: Final = range(-(2**63), 2**63)
_MODE: Final = re.compile(r"0?[0-7]{3}")
_PUBLIC_KEY: Final = re.compile(r"[0-9a-fA-F]{64}")
_PLUGIN_WORD: Final = re.compile(r"[a-z0-9_]+")
_LONGEST_SHOWN: Final = 40


class OnError(enum.Enum):
    """What a text that cannot be read leads to.

    The original tells nobody: it keeps the value it has, takes the text for false, or fails
    later on.
    """

    KEEP = "a warning; the value so far stays"
    FALSE = "a warning where the value so far is false, else an error"
    FAIL = "an error"


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of value.

    Attributes:
        name: in words, for the reference.
        read: text and home folder to a value or a Refusal.
        empty: the value where nothing is set and there is no default.
        show: the value as one would write it.
        appends: whether each line adds to the lines before it.
        on_error: what a wrong text leads to.
    """

    name: str
    read: Callable[[str, str], object]
    empty: object
    show: Callable[[Any], str] = str
    appends: bool = False
    on_error: OnError = OnError.FAIL


def shown_text(text: str) -> str:
    """``text`` in a message: quoted, without secrets, not too long."""
    text = redact_text(text)
    return f'"{text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"}"'


def choice(*values: str, on_error: OnError = OnError.FAIL, **refused: str) -> Kind:
    """One of some words.

    Args:
        values: the words that work.
        on_error: as in :class:`Kind`.
        refused: words that the original takes and we do not, with what is missing.
    """

    def read(text: str, _home: str) -> object:
        return _chosen(text, values, refused) or text

    return Kind(" or ".join(values), read, "", on_error=on_error)


def title_choice(*values: str, or_plugin: bool = False, **refused: str) -> Kind:
    """Like :func:`choice`, in any case; the value begins with a capital, as the original has it.

    Args:
        *values: the words that work.
        or_plugin: whether plugins may know other words.
        **refused: as there.
    """

    def read(text: str, _home: str) -> object:
        word = text.lower()
        title = text[:1].upper() + text[1:]
        if or_plugin and word not in refused and _PLUGIN_WORD.fullmatch(word):
            return title
        return _chosen(word, values, refused) or title

    return Kind(" or ".join((*values, *(["a plugin's"] if or_plugin else []))), read, "")


def _chosen(word: str, values: tuple[str, ...], refused: Mapping[str, str]) -> Refusal | None:
    if word in values:
        return None
    either = " or ".join(values)
    if word in refused:
        return Refusal(f"{word} is not supported: {refused[word]}", f"write {either}")
    meant = nearest(word, values) if len(values) > 1 else ""
    fix = f"did you mean {meant}?" if meant else f"write {either}"
    return Refusal(f"must be {either}, not {shown_text(word)}", fix)


def _text(text: str, _home: str) -> object:
    return text


def expanded(text: str, home: str) -> str | Refusal:
    """``text`` with the home folder in place of a leading ``~``."""
    if text != "~" and not text.startswith("~/"):
        if text.startswith("~"):
            return Refusal(f"{shown_text(text)} is another user's home", "write the whole path")
        return text
    if not home:
        return Refusal("begins with ~, but HOME is not set", "write the whole path")
    return home.rstrip("/") + text[1:]


def _path(text: str, home: str) -> object:
    if "\0" in text:
        return Refusal("holds a null character", "remove it")
    found = expanded(text, home)
    return found if isinstance(found, Refusal) else Path(found)


def _paths(separator: str) -> Callable[[str, str], object]:
    def read(text: str, home: str) -> object:
        found = [_path(part, home) for part in _parts(text, separator)]
        refused = next((part for part in found if isinstance(part, Refusal)), None)
        return refused or tuple(found)

    return read


def _parts(text: str, separator: str) -> tuple[str, ...]:
    stripped = (part.strip() for part in text.split(separator))
    return tuple(part for part in stripped if part)


def _boolean(text: str, _home: str) -> object:
    word = text.lower()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    return Refusal(f"must be true or false, not {shown_text(text)}", "write true or false")


def _integer(text: str, _home: str) -> object:
    if _INTEGER.fullmatch(text) and int(text) in _INTEGERS:
        return int(text)
    return Refusal(f"must be a whole number, not {shown_text(text)}", "write digits only")


def _duration(text: str, _home: str) -> object:
    try:
        return parse_choria_duration(f"{text}s" if text.isascii() and text.isdigit() else text)
    except ConfigError as error:
        return Refusal(redact_text(str(error)))


def _mode(text: str, _home: str) -> object:
    if _MODE.fullmatch(text):
        return int(text, 8)
    return Refusal(f"must be an octal mode, not {shown_text(text)}", "write for example 0600")


def _public_key(text: str, _home: str) -> object:
    if _PUBLIC_KEY.fullmatch(text):
        return text.lower()
    what = f"{shown_text(text)} is no ed25519 public key"
    return Refusal(what, "write its 32 bytes as 64 hexadecimal digits")


def _caller_pattern(text: str, _home: str) -> object:
    try:
        usable_pattern(text)
    except ConfigError as error:
        return Refusal(redact_text(str(error)), "write an expression that RE2 knows")
    return text


def _each(read: Callable[[str, str], object]) -> Callable[[str, str], object]:
    """A reader of lists that are separated by commas."""

    def read_all(text: str, home: str) -> object:
        found = [read(part, home) for part in _parts(text, ",")]
        refused = next((part for part in found if isinstance(part, Refusal)), None)
        return refused or tuple(found)

    return read_all


def _address(text: str, _home: str) -> object:
    return read_address(text)


def _joined(separator: str) -> Callable[[tuple[object, ...]], str]:
    return lambda value: separator.join(str(item) for item in value)


def _show_path(value: Path | None) -> str:
    return "" if value is None else str(value)


TEXT = Kind("text", _text, "")
PATH = Kind("path", _path, None, _show_path)
LOG_FILE = Kind("path, stdout, stderr or discard", expanded, "")
BOOLEAN = Kind(
    "true or false",
    _boolean,
    empty=False,
    show=lambda value: str(value).lower(),
    on_error=OnError.FALSE,
)
INTEGER = Kind("whole number", _integer, 0, on_error=OnError.KEEP)
SECONDS = Kind("whole seconds", _integer, 0, on_error=OnError.KEEP)
BYTES = Kind("whole bytes", _integer, 0, on_error=OnError.KEEP)
DURATION = Kind("duration (30, 5m, 7d)", _duration, 0.0, format_duration, on_error=OnError.KEEP)
MODE = Kind("octal mode", _mode, 0, lambda value: f"{value:04o}")
CALLER_PATTERNS = Kind(
    "list of regular expressions, by commas", _each(_caller_pattern), (), _joined(", ")
)
WORDS = Kind("list, by commas", _each(_text), (), _joined(", "))
ADDRESSES = Kind("list of host:port, by commas", _each(_address), (), _joined(", "))
PUBLIC_KEY = Kind("hexadecimal public key", _public_key, "")
PUBLIC_KEYS = Kind("list of public keys, by commas", _each(_public_key), (), _joined(", "))
FACT_FILES = Kind("list of paths, by colons", _paths(":"), (), _joined(":"))
FOLDERS = Kind("list of paths, by colons and lines", _paths(":"), (), _joined(":"), appends=True)
LINES = Kind("list, one a line", lambda text, _home: (text,), (), _joined(", "), appends=True)
