"""The text of an expression in tokens.  Pure.

Source: github.com/expr-lang/expr v1.17, docs/language-definition.md.
"""

import math
import re
from dataclasses import dataclass
from enum import Enum

from choria_core.filters.go_text import INT_MAX
from choria_core.filters.limits import EXPRESSION_BYTES, FilterError


class Kind(Enum):
    """What a token is."""

    NAME = "name"
    NUMBER = "number"
    TEXT = "text"
    OPERATOR = "operator"
    BRACKET = "bracket"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the expression; ``at`` counts characters from 0."""

    kind: Kind
    value: str
    at: int


_WORD_OPERATORS = frozenset(
    ["not", "in", "or", "and", "matches", "contains", "startsWith", "endsWith", "let", "if", "else"]
)
_WORD = re.compile(r"(?:[^\W\d]|\$)(?:[^\W]|\$)*")
_NUMBER = re.compile(
    r"0[xX][0-9a-fA-F_]*|0[oO][0-7_]*|0[bB][01_]*"
    r"|(?:[0-9][0-9_]*(?:\.(?!\.)[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9_]*)?"
)
_OPERATOR = re.compile(r"\|\||::|\?[.?]?|\.\.?|[&!=*<>][&=*]?|[,;%+\-^/#|:]")
_SKIPPED = re.compile(r"\s+|//[^\n]*(?:\n|\Z)|/\*.*?\*/", re.DOTALL)
_ESCAPE = re.compile(
    r"\\(?:([abfnrtv\\'\"])|([0-3][0-7]{2})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})"
    r"|U([0-9a-fA-F]{8})|u\{([0-9a-fA-F]{1,6})\})"
)
_SIMPLE = dict(zip("abfnrtv\\'\"", "\a\b\f\n\r\t\v\\'\"", strict=True))
_BASES = {"0x": 16, "0o": 8, "0b": 2}
_LINE_ENDS = re.compile(r"\r\n?")


def tokens(text: str) -> list[Token]:
    """The tokens of ``text``, with an END behind the last.

    Raises:
        FilterError: it is too long, or has something in it that is no token.
    """
    if len(text.encode(errors="replace")) > EXPRESSION_BYTES:
        raise FilterError(f"an expression of more than {EXPRESSION_BYTES} bytes")
    found: list[Token] = []
    at = 0
    while at < len(text):
        skipped = _SKIPPED.match(text, at)
        if skipped:
            at = skipped.end()
            continue
        token, at = _token(text, at)
        found.append(token)
    found.append(Token(Kind.END, "", len(text)))
    return found


def _token(text: str, at: int) -> tuple[Token, int]:
    """The token at ``at``, and where the next thing starts."""
    one = text[at]
    if one in "'\"":
        return _quoted(text, at)
    if one == "`":
        return _raw(text, at)
    if one in "([{)]}":
        return Token(Kind.BRACKET, one, at), at + 1
    number = _NUMBER.match(text, at)
    if number:
        return _number(text, at, number.end())
    word = _WORD.match(text, at)
    if word:
        kind = Kind.OPERATOR if word.group() in _WORD_OPERATORS else Kind.NAME
        return Token(kind, word.group(), at), word.end()
    operator = _OPERATOR.match(text, at)
    if operator and not text.startswith("/*", at):
        return Token(Kind.OPERATOR, operator.group(), at), operator.end()
    raise FilterError(f"unexpected {one!r} at {at}")


def _number(text: str, at: int, end: int) -> tuple[Token, int]:
    if end < len(text) and (text[end].isalpha() or text[end] in "_$" or text[end].isdigit()):
        raise FilterError(f"a malformed number at {at}")
    return Token(Kind.NUMBER, text[at:end], at), end


def number(text: str) -> int | float:
    """The value of a number's token.

    Raises:
        FilterError: it has no digits where it needs some, or does not fit 64 bits.
    """
    digits = text.replace("_", "")
    base = _BASES.get(digits[:2].lower(), 10)
    try:
        if base == 10 and not digits.isdigit():
            value = float(digits)
            if value < math.inf:
                return value
        elif (whole := int(digits, base)) <= INT_MAX:
            return whole
    except ValueError:
        raise FilterError(f"a malformed number: {text[:40]}") from None
    raise FilterError(f"a number too large: {text[:40]}")


def _quoted(text: str, at: int) -> tuple[Token, int]:
    quote, parts, end = text[at], [], at + 1
    while end < len(text) and text[end] not in {quote, "\n"}:
        if text[end] == "\\":
            escape = _ESCAPE.match(text, end)
            if not escape or (escape.group(1) in {"'", '"'} and escape.group(1) != quote):
                raise FilterError(f"an unknown escape at {end}")
            parts.append(_character(escape))
            end = escape.end()
        else:
            parts.append(text[end])
            end += 1
    if text[end : end + 1] != quote:
        raise FilterError(f"the text at {at} does not end")
    return Token(Kind.TEXT, _LINE_ENDS.sub("\n", "".join(parts)), at), end + 1


def _character(escape: re.Match[str]) -> str:
    if escape.group(1):
        return _SIMPLE[escape.group(1)]
    code = int(escape[2], 8) if escape[2] else int(next(filter(None, escape.groups()[2:])), 16)
    if code > 0x10FFFF:
        raise FilterError("an escape beyond all characters")
    return "\ufffd" if 0xD800 <= code < 0xE000 else chr(code)


def _raw(text: str, at: int) -> tuple[Token, int]:
    """Text between backticks; a doubled backtick stands for one."""
    end = at + 1
    while True:
        end = text.find("`", end)
        if end < 0:
            raise FilterError(f"the text at {at} does not end")
        if text[end : end + 2] != "``":
            return Token(Kind.TEXT, text[at + 1 : end].replace("``", "`"), at), end + 1
        end += 2
