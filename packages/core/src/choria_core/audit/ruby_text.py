"""Values as Ruby's ``inspect`` writes them, and read back.  Pure.

{:msg=>"hello", :nested=>{"a"=>[1, nil]}}

What cannot be printed is written as an escape, so that the text is one line and does
nothing to a terminal.  Reading also takes what newer Rubies write, ``{msg: "hello"}``.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from choria_core.errors import RemoteProtocolError

_ESCAPES: Final = {
    "\a": "\\a",
    "\b": "\\b",
    "\t": "\\t",
    "\n": "\\n",
    "\v": "\\v",
    "\f": "\\f",
    "\r": "\\r",
    "\x1b": "\\e",
}
_MEANINGS: Final = {escape[1]: char for char, escape in _ESCAPES.items()} | {"s": " ", "0": "\0"}
_INTERPOLATES: Final = re.compile(r"#(?=[{$@])")
_PLAIN_SYMBOL: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*[?!]?")
_WORDS: Final[Mapping[str, object]] = {"nil": None, "true": True, "false": False}
_TOKEN: Final = re.compile(
    r"""\s*(?:
        (?P<text>:?"(?:[^"\\]|\\.)*"(?P<label>:(?!:))?)
      | (?P<key>[A-Za-z_][A-Za-z0-9_]*[?!]?):(?![:"A-Za-z_])
      | :(?P<symbol>[A-Za-z_][A-Za-z0-9_]*[?!=]?)(?!>)
      | (?P<number>-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)
      | (?P<word>[a-z]+)
      | (?P<sign>=>|[{}\[\],])
    )""",
    re.VERBOSE,
)
_ESCAPED: Final = re.compile(
    r"\\(?:u\{([0-9A-Fa-f]{1,6})\}|u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{1,2})|(.))", re.DOTALL
)
_DEEPEST: Final = 100


def inspected(value: object, *, symbols: bool = False) -> str:
    """A value that JSON can say.

    Args:
        value: objects are mappings.
        symbols: write the keys of the outermost object as symbols.

    Raises:
        RecursionError: it is nested too deeply.
        ValueError: it holds a number of thousands of digits.
    """
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, Mapping):
        write = _symbol if symbols else quoted
        members = (f"{write(str(key))}=>{inspected(one)}" for key, one in value.items())
        return f"{{{', '.join(members)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(inspected, value))}]"
    if value is None or isinstance(value, bool):
        return "nil" if value is None else str(value).lower()
    text = repr(value)
    return text.replace("e", ".0e") if "e" in text and "." not in text else text


def quoted(text: str) -> str:
    """A text in quotes."""
    safe = text.replace("\\", "\\\\").replace('"', '\\"')
    safe = escaped(_INTERPOLATES.sub(r"\\#", safe))
    return f'"{safe}"'


def escaped(text: str) -> str:
    """A text of which nothing is left that cannot be printed."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def unescaped(text: str) -> str:
    """What was escaped; escapes that nobody knows stand for their last character."""
    return _ESCAPED.sub(_meaning, text) if "\\" in text else text


def read_inspected(text: str) -> Any:
    """The value that a text means, symbols as texts.

    Raises:
        RemoteProtocolError: it is none that JSON could say.
    """
    reader = _Reader(text)
    value = reader.value(0)
    reader.end()
    return value


def _symbol(name: str) -> str:
    return f":{name}" if _PLAIN_SYMBOL.fullmatch(name) else f":{quoted(name)}"


def _escape(char: str) -> str:
    known = _ESCAPES.get(char)
    if known is not None:
        return known
    number = ord(char)
    return f"\\u{number:04X}" if number <= 0xFFFF else f"\\u{{{number:X}}}"


def _meaning(found: re.Match[str]) -> str:
    wide, narrow, byte, char = found.groups()
    if char is not None:
        return _MEANINGS.get(char, char)
    number = int(wide or narrow or byte, 16)
    is_char = number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF
    return chr(number) if is_char else "\ufffd"


class _Reader:
    """Reads one value after the other."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def value(self, depth: int) -> Any:
        """The next value; raises RemoteProtocolError."""
        return self._valued(self._token(), depth)

    def end(self) -> None:
        """Raises RemoteProtocolError unless there is nothing more."""
        if self._text[self._at :].strip():
            raise self._problem()

    def _valued(self, token: re.Match[str], depth: int) -> Any:
        if depth > _DEEPEST:
            raise self._problem()
        match token.lastgroup:
            case "text":
                return _content(token["text"])
            case "symbol":
                return token["symbol"]
            case "number":
                return self._number(token["number"])
            case "word" if token["word"] in _WORDS:
                return _WORDS[token["word"]]
            case "sign" if token["sign"] == "{":
                return self._members(depth + 1)
            case "sign" if token["sign"] == "[":
                return self._elements(depth + 1)
        raise self._problem()

    def _members(self, depth: int) -> dict[str, Any]:
        members: dict[str, Any] = {}
        token = self._token()
        while token["sign"] != "}":
            key, is_label = self._key(token, depth)
            if not is_label:
                self._expect("=>")
            members[key] = self.value(depth)
            token = self._token()
            if token["sign"] == ",":
                token = self._token()
            elif token["sign"] != "}":
                raise self._problem()
        return members

    def _key(self, token: re.Match[str], depth: int) -> tuple[str, bool]:
        """A key, and whether its colon stands behind it."""
        if token["key"] is not None:
            return token["key"], True
        if token["label"] is not None:
            return _content(token["text"][:-1]), True
        key = self._valued(token, depth)
        return key if isinstance(key, str) else inspected(key), False

    def _elements(self, depth: int) -> list[Any]:
        elements: list[Any] = []
        token = self._token()
        while token["sign"] != "]":
            elements.append(self._valued(token, depth))
            token = self._token()
            if token["sign"] == ",":
                token = self._token()
            elif token["sign"] != "]":
                raise self._problem()
        return elements

    def _number(self, text: str) -> int | float:
        try:
            return int(text) if text.lstrip("-").isdigit() else float(text)
        except ValueError:  # of more digits than anybody counts
            raise self._problem() from None

    def _expect(self, sign: str) -> None:
        if self._token()["sign"] != sign:
            raise self._problem()

    def _token(self) -> re.Match[str]:
        token = _TOKEN.match(self._text, self._at)
        if token is None:
            raise self._problem()
        self._at = token.end()
        return token

    def _problem(self) -> RemoteProtocolError:
        return RemoteProtocolError(f"data is no Ruby value at character {self._at + 1}")


def _content(token: str) -> str:
    return unescaped(token.removeprefix(":")[1:-1])
