"""Queries in the paths of facts: ``#(size>5)``.  Pure.

Source: github.com/tidwall/gjson v1.19, SYNTAX.md, queries.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from choria_core.filters.go_text import parse_float, to_lower
from choria_core.filters.limits import FilterError, Meter
from choria_core.filters.patterns import glob

_REMEMBERED = 256
_SPACES = "".join(map(chr, range(33)))


class Missing:
    """The type of :data:`MISSING`."""

    __slots__ = ()


MISSING: Final = Missing()
"""What a path finds when there is nothing; None is JSON's null."""


@dataclass(frozen=True, slots=True)
class Query:
    """What the elements of an array are asked.

    Attributes:
        path: what of the element is looked at; empty for the element itself.
        operator: ``= != < <= > >= % !%``, or empty to ask whether it exists.
        value: what it is compared with.
        every: all elements that fit are wanted, not the first.
    """

    path: str = ""
    operator: str = ""
    value: str = ""
    every: bool = False


@lru_cache(maxsize=_REMEMBERED)
def parse_query(text: str) -> tuple[Query, int]:
    """The query that ``text`` starts with, and how many characters it takes.

    One that is not closed asks nothing and takes all.
    """
    end, operator_at, has_escapes = _extent(text)
    if end == len(text):
        return Query(), end
    every = text[end + 1 : end + 2] == "#"
    if not operator_at:
        return Query(text[2:end].strip(_SPACES), every=every), end + 1
    operator, value = _operator(text[operator_at:end].strip(_SPACES))
    if len(value) >= 2 and value[0] == value[-1] == '"':
        value = _unescaped(value) if has_escapes else value[1:-1]
    return Query(text[2:operator_at].strip(_SPACES), operator, value, every), end + 1


def _extent(text: str) -> tuple[int, int, bool]:
    """Where the query closes, where its operator starts, and whether strings have escapes."""
    operator_at, depth, at, has_escapes = 0, 1, 2, False
    while at < len(text):
        one = text[at]
        if depth == 1 and not operator_at and one in "!=<>%":
            operator_at = at
        elif one == "\\":
            at += 1
        elif one in "[(":
            depth += 1
        elif one in "])":
            depth -= 1
            if not depth:
                return at, operator_at, has_escapes
        elif one == '"':
            at += 1
            while at < len(text) and text[at] != '"':
                if text[at] == "\\":
                    has_escapes = True
                    at += 1
                at += 1
        at += 1
    return len(text), operator_at, has_escapes


def _operator(text: str) -> tuple[str, str]:
    """The operator in front of a value, and the value."""
    if text.startswith("==") and len(text) > 1:
        return "=", text[2:].strip(_SPACES)
    size = 0
    if len(text) == 1:
        size = 1
    elif text[:2] in {"!=", "!%", "<=", ">="}:
        size = 2
    elif text[0] in "<>=%":
        size = 1
    return text[:size], text[size:].strip(_SPACES)


def _unescaped(quoted: str) -> str:
    try:
        return str(json.loads(quoted, strict=False))
    except ValueError:
        return quoted[1:-1]


def query_matches(value: object, query: Query, meter: Meter) -> bool:
    """Whether ``value`` is what a query asks for.

    Raises:
        FilterError: it costs too much.
    """
    wanted = query.value
    if wanted.startswith("~"):
        value, wanted = _loosely(value, wanted[1:])
    if value is MISSING:
        return False
    if not query.operator:
        return True
    if isinstance(value, str):
        return _text_matches(value, query.operator, wanted, meter)
    if isinstance(value, bool):
        return _bool_matches(query.operator, wanted, truth=value)
    if isinstance(value, int | float):
        return _ordered(query.operator, _order(float(value), _number(wanted)))
    return False


def _loosely(value: object, kind: str) -> tuple[object, str]:
    """A test of the value's truth as a comparison with ``true``."""
    if kind == "*":
        return value is not MISSING, "true"
    if kind == "null":
        return value is None or value is MISSING, "true"
    if kind in {"true", "false"}:
        return _is_like(value, truth=kind == "true"), "true"
    return MISSING, ""


def _is_like(value: object, *, truth: bool) -> bool:
    if value is None or value is MISSING:
        return not truth
    if isinstance(value, str):
        return to_lower(value) in ({"1", "t", "true"} if truth else {"0", "f", "false"})
    if isinstance(value, bool | int | float):
        return bool(value) is truth
    return False


def _text_matches(value: str, operator: str, wanted: str, meter: Meter) -> bool:
    if operator in {"%", "!%"}:
        return glob(wanted).is_in(value, meter) is (operator == "%")
    return _ordered(operator, (value > wanted) - (value < wanted))


def _bool_matches(operator: str, wanted: str, *, truth: bool) -> bool:
    text, other = ("true", "false") if truth else ("false", "true")
    if operator in {"=", "!="}:
        return (wanted == text) is (operator == "=")
    if operator.startswith(">" if truth else "<"):
        return operator.endswith("=") or wanted == other
    return False


def _order(one: float, other: float) -> int | None:
    """-1, 0 or 1; None where there is no order, with NaN."""
    if one == other:
        return 0
    if one < other:
        return -1
    return 1 if one > other else None


def _ordered(operator: str, order: int | None) -> bool:
    return order in _ORDERS.get(operator, ())


_ORDERS: dict[str, tuple[int | None, ...]] = {
    "=": (0,),
    "!=": (-1, 1, None),
    "<": (-1,),
    "<=": (-1, 0),
    ">": (1,),
    ">=": (0, 1),
}


def _number(text: str) -> float:
    try:
        return parse_float(text)
    except FilterError:
        return 0.0
