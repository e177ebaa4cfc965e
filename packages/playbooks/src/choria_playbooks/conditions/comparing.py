"""Comparing what a run or a reply holds with what a condition says, as JGrep does.  Pure.

Replies write numbers and truth now as such and now as text, and so do people.  A number equals a
text that writes it, ``true`` equals ``"true"``; what is written in quotes is compared as text, and
by size where both sides write numbers.
"""

import operator as operators
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from choria_core.filters.limits import FilterError, Meter
from choria_core.filters.patterns import Pattern, pattern
from choria_playbooks.conditions.paths import MISSING

Check = Callable[[object], bool | None]
"""Whether a value passes; None where that cannot be told."""

OPERATORS: Final = ("=", "==", "!=", "<=", ">=", "<", ">", "=~")

_NUMBER: Final = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?")
_LONGEST_NUMBER: Final = 64
_ENDLESS: Final = 1 << 62
_ORDERS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "<": operators.lt,
    "<=": operators.le,
    ">": operators.gt,
    ">=": operators.ge,
}


def check_of(operator: str, wanted: object) -> Check:
    """The test that ``operator wanted`` means, for values that are there.

    Args:
        operator: one of OPERATORS without ``=~``.
        wanted: of any type that JSON has.
    """
    if operator in _ORDERS:
        return _ordered(_ORDERS[operator], wanted)
    equal = _equal(wanted)
    if operator != "!=":
        return _present(equal)
    return _present(lambda value: not equal(value))


def pattern_check(text: str, *, ignore_case: bool, is_negative: bool) -> Check:
    """The test whether a pattern is found.

    Raises:
        FilterError: it is not one that RE2 takes, or too large.
    """
    wanted = pattern(text, ignore_case=ignore_case)

    def found(value: object) -> bool | None:
        searched = _text(value)
        return None if searched is None else _search(wanted, searched) is not is_negative

    return found


def number_of(value: object) -> int | float | None:
    """The number that a value is or writes; None for others."""
    kind = type(value)
    if kind is int or kind is float:
        return value  # type: ignore[return-value]  # known by its class, as this is asked often
    if isinstance(value, str) and len(value) <= _LONGEST_NUMBER and _NUMBER.fullmatch(value):
        return float(value) if "." in value or "e" in value or "E" in value else int(value)
    return None


def _search(wanted: Pattern, text: str) -> bool | None:
    meter = Meter()
    meter.scans_left = _ENDLESS  # our own book asks, and RE2 takes time in proportion
    try:
        return wanted.is_in(text, meter)
    except FilterError:
        return None


def _present(test: Callable[[object], bool]) -> Check:
    return lambda value: None if value is MISSING else test(value)


def _equal(wanted: object) -> Callable[[object], bool]:
    if isinstance(wanted, bool):
        word = "true" if wanted else "false"
        return lambda value: value is wanted or value == word
    if isinstance(wanted, int | float):
        return lambda value: number_of(value) == wanted
    if isinstance(wanted, str):
        return lambda value: (
            value == wanted or (not isinstance(value, str) and _text(value) == wanted)
        )
    return lambda value: type(value) is type(wanted) and value == wanted


def _ordered(order: Callable[[Any, Any], bool], wanted: object) -> Check:
    number = number_of(wanted)
    if number is not None:
        return lambda value: _by_size(order, value, number)
    if not isinstance(wanted, str):
        return lambda _value: None
    return lambda value: order(value, wanted) if isinstance(value, str) else None


def _by_size(order: Callable[[Any, Any], bool], value: object, wanted: float) -> bool | None:
    found = number_of(value)
    return None if found is None else order(found, wanted)


def _text(value: object) -> str | None:
    """A single value as text; None for what is not there, or holds others."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else None
