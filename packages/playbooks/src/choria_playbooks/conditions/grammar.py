r"""Reading conditions.  Pure.

::

    condition  = all { ("or" | "||") all }
    all        = one { ("and" | "&&") one }
    one        = ("not" | "!") one | "(" condition ")" | comparison
    comparison = path [operator value]
    operator   = "=" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "=~"
    value      = number | "true" | "false" | "null" | word | 'text' | "text" | /pattern/

``assert`` and ``when`` differ in two ways.  The paths of ``when`` begin with a root, as
``inputs``, so a word behind an operator that begins so is a path too.  And what cannot be told is
an error there, where it makes a reply not match here: see ``Condition.holds`` and ``.matches``.
"""

from collections.abc import Callable, Sequence
from typing import Final

from choria_core.config.value import nearest
from choria_core.filters.limits import EXPRESSION_BYTES, EXPRESSION_DEPTH, FilterError
from choria_playbooks.conditions.comparing import Check, check_of, number_of, pattern_check
from choria_playbooks.conditions.condition import Condition, Term
from choria_playbooks.conditions.errors import ConditionError
from choria_playbooks.conditions.terms import (
    All,
    AnyOf,
    Comparison,
    Constant,
    Flag,
    Not,
    PathComparison,
)
from choria_playbooks.conditions.tokens import Kind, Token, tokens_of

WHEN_ROOTS: Final = ("inputs", "registered", "previous_task", "item", "arguments")
"""What the paths of ``when`` begin with."""

_WORDS: Final = {"true": True, "false": False, "null": None}


def parse_condition(text: str, *, roots: Sequence[str] = ()) -> Condition:
    """The condition that ``text`` says, of the data of replies.

    Args:
        text: of a book.
        roots: what all paths must begin with; empty for anything.

    Raises:
        ConditionError: it says none; names the column.
    """
    if len(text) > EXPRESSION_BYTES:
        raise ConditionError(f"a condition of more than {EXPRESSION_BYTES} characters")
    parser = _Parser(tokens_of(text), frozenset(roots))
    term = parser.whole()
    return Condition(text, tuple(parser.paths), term)


def parse_when(text: str) -> Condition:
    """As :func:`parse_condition`, of a run: paths begin with one of WHEN_ROOTS."""
    return parse_condition(text, roots=WHEN_ROOTS)


class _Parser:
    """Goes through the tokens once.

    Attributes:
        paths: those that were met, each once.
    """

    def __init__(self, tokens: tuple[Token, ...], roots: frozenset[str]) -> None:
        self.paths: dict[str, None] = {}
        self._tokens = tokens
        self._at = 0
        self._depth = 0
        self._roots = roots

    def whole(self) -> Term:
        """The condition, to its end."""
        term = self._any()
        token = self._next()
        if token.kind is not Kind.END:
            raise self._unexpected(token, "and, or, or the end")
        return term

    @property
    def _token(self) -> Token:
        return self._tokens[self._at]

    def _next(self) -> Token:
        token = self._token
        if token.kind is not Kind.END:
            self._at += 1
        return token

    def _take(self, *kinds: Kind) -> Token | None:
        return self._next() if self._token.kind in kinds else None

    def _any(self) -> Term:
        terms = self._parted(Kind.OR, self._all)
        return terms[0] if len(terms) == 1 else AnyOf(tuple(terms))

    def _all(self) -> Term:
        terms = self._parted(Kind.AND, self._one)
        return terms[0] if len(terms) == 1 else All(tuple(terms))

    def _parted(self, by: Kind, part: Callable[[], Term]) -> list[Term]:
        terms = [part()]
        while self._take(by):
            terms.append(part())
        return terms

    def _one(self) -> Term:
        token = self._next()
        if token.kind not in {Kind.NOT, Kind.OPEN}:
            return self._comparison(token)
        self._depth += 1
        if self._depth > EXPRESSION_DEPTH:
            raise ConditionError("the condition is nested too deeply", token.column)
        term = Not(self._one()) if token.kind is Kind.NOT else self._bracketed()
        self._depth -= 1
        return term

    def _bracketed(self) -> Term:
        term = self._any()
        token = self._next()
        if token.kind is not Kind.CLOSE:
            raise self._unexpected(token, "and, or, or )")
        return term

    def _comparison(self, token: Token) -> Term:
        if token.kind is not Kind.WORD:
            raise self._unexpected(token, "a path")
        operator = self._take(Kind.OPERATOR)
        if operator is None:
            if token.text in {"true", "false"}:
                return Constant(token.text == "true")
            return Flag(self._path(token))
        path = self._path(token)
        return self._compared(path, operator, self._next())

    def _compared(self, path: str, operator: Token, value: Token) -> Term:
        if value.kind not in {Kind.WORD, Kind.TEXT, Kind.PATTERN}:
            raise self._unexpected(value, f"a value after {operator.text}")
        if value.kind is Kind.PATTERN or operator.text == "=~":
            test = self._pattern(operator, value)
        elif value.kind is Kind.WORD and value.text.split(".")[0] in self._roots:
            return PathComparison(path, operator.text, self._path(value))
        else:
            test = check_of(operator.text, _literal(value))
        return Comparison(path, f"{operator.text} {value.text}", test)

    def _pattern(self, operator: Token, value: Token) -> Check:
        if operator.text not in {"=", "==", "!=", "=~"}:
            raise ConditionError(f"{operator.text} takes no pattern", value.column)
        try:
            return pattern_check(
                value.text,
                ignore_case=value.ignores_case,
                is_negative=operator.text == "!=",
            )
        except FilterError as error:
            raise ConditionError(str(error), value.column) from None

    def _path(self, token: Token) -> str:
        path = token.text.removeprefix(":")
        segments = path.split(".")
        if not all(segments):
            raise ConditionError(f"the path {path or token.text} has an empty part", token.column)
        if self._roots and segments[0] not in self._roots:
            meant = nearest(segments[0], self._roots)
            known = f"did you mean {meant}?" if meant else f"known: {', '.join(WHEN_ROOTS)}"
            raise ConditionError(f"nothing is called {segments[0]}; {known}", token.column)
        self.paths[path] = None
        return path

    def _unexpected(self, token: Token, wanted: str) -> ConditionError:
        meant = nearest(token.text, ("and", "or")) if token.kind is Kind.WORD else ""
        advice = f"; did you mean {meant}?" if meant and "and" in wanted else ""
        before = self._tokens[max(0, self._at - 2)]
        if before.kind is Kind.WORD and before is not token and not advice:
            wanted = f"an operator, {wanted}" if wanted.startswith("and") else wanted
        return ConditionError(f"expected {wanted}, found {token.shown}{advice}", token.column)


def _literal(token: Token) -> object:
    """What a token says as a value."""
    if token.kind is Kind.TEXT:
        return token.text
    if token.text in _WORDS:
        return _WORDS[token.text]
    number = number_of(token.text)
    return token.text if number is None else number
