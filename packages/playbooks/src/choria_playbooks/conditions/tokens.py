"""The words of a condition, and where they stand.  Pure."""

import enum
import re
from dataclasses import dataclass
from typing import Final

from choria_playbooks.conditions.errors import ConditionError


class Kind(enum.StrEnum):
    """What a token is."""

    OPEN = "open"
    CLOSE = "close"
    OPERATOR = "operator"
    AND = "and"
    OR = "or"
    NOT = "not"
    TEXT = "text"
    PATTERN = "pattern"
    WORD = "word"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """One of them.

    Attributes:
        kind: what it is.
        text: as written; of quoted texts and patterns what is inside.
        column: from 1.
        ignores_case: of a pattern: ``/this/i``.
    """

    kind: Kind
    text: str
    column: int
    ignores_case: bool = False

    @property
    def shown(self) -> str:
        """For messages."""
        return "the end" if self.kind is Kind.END else self.text


_WORD_KINDS: Final = {
    "and": Kind.AND,
    "&&": Kind.AND,
    "or": Kind.OR,
    "||": Kind.OR,
    "not": Kind.NOT,
    "!": Kind.NOT,
}
_TOKEN: Final = re.compile(
    r"""\s*(?:
        (?P<open>\()
        |(?P<close>\))
        |(?P<operator>=~|!=|<=|>=|==|=|<|>)
        |(?P<sign>!|&&|\|\|)
        |"(?P<double>(?:[^"\\]|\\.)*)"
        |'(?P<single>(?:[^'\\]|\\.)*)'
        |/(?P<pattern>(?:[^/\\]|\\.)*)/(?P<flag>i?)(?=[\s)]|$)
        |(?P<word>(?:(?!&&|\|\|)[^\s()=!<>~"'])+)
        |(?P<end>$)
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE: Final = re.compile(r"\\([\\\"'])")
_SLASH: Final = re.compile(r"\\(/)")


def tokens_of(text: str) -> tuple[Token, ...]:
    """All of them; the last is the end.

    Raises:
        ConditionError: a character has no meaning, or a quote is never closed.
    """
    found: list[Token] = []
    position = 0
    while not found or found[-1].kind is not Kind.END:
        match = _TOKEN.match(text, position)
        if match is None:
            raise _senseless(text, position)
        found.append(_token(match))
        position = match.end()
    return tuple(found)


def _token(match: re.Match[str]) -> Token:
    group = match.lastgroup or ""
    if group == "flag":
        inside = _SLASH.sub(r"\1", match["pattern"])
        return Token(Kind.PATTERN, inside, match.start("pattern"), bool(match["flag"]))
    text, column = match[group], match.start(group) + 1
    if group in {"double", "single"}:
        return Token(Kind.TEXT, _ESCAPE.sub(r"\1", text), column - 1)
    if group in {"sign", "word"}:
        return Token(_WORD_KINDS.get(text, Kind.WORD), text, column)
    return Token(Kind(group), text, column)


def _senseless(text: str, position: int) -> ConditionError:
    while text[position].isspace():
        position += 1
    character = text[position]
    if character in "\"'":
        return ConditionError(f"the quote {character} is never closed", position + 1)
    return ConditionError(f"{character} has no meaning here", position + 1)
