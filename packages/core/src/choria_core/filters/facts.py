"""Comparisons of facts, oddities included.  Pure.

Which nodes a request reaches must not depend on whose program answers.  The original
decides by the JSON type of the fact, and some of what it decides is surprising:
numbers are cut to integers unless the value has a dot, ``>`` with a dot means ``>=``,
and ``!=`` of a false fact asks whether the value is false.
"""

import operator as operators
from collections.abc import Callable, Mapping
from typing import Any

from choria_core.filters.go_text import (
    equal_fold,
    is_true,
    parse_float,
    parse_int,
    to_lower,
    truncate,
)
from choria_core.filters.json_path import find
from choria_core.filters.limits import FilterError, Meter
from choria_core.filters.path_query import MISSING
from choria_core.filters.patterns import metered_pattern
from choria_core.protocol.messages import FactFilter

OPERATORS = ("==", "!=", "<", "<=", ">", ">=", "=~")


def fact_matches(wanted: FactFilter, facts: object, meter: Meter) -> bool:
    """Whether the fact is there and compares as asked.

    Raises:
        FilterError: the comparison has no meaning for this fact or value, or it costs too much.
    """
    if wanted.operator not in OPERATORS:
        raise FilterError(f"not an operator of fact filters: {wanted.operator!r}")
    fact = find(facts, wanted.fact, meter)
    if fact is MISSING:
        return False
    if isinstance(fact, str):
        return _text(fact, wanted.operator, wanted.value, meter)
    if isinstance(fact, bool):
        return _truth(wanted.operator, wanted.value, fact=fact)
    if isinstance(fact, int | float):
        return _number(as_float(fact), wanted.operator, wanted.value, meter)
    if wanted.operator in {"==", "!=", "=~"}:
        return False
    raise FilterError(f"{wanted.fact[:60]} has no order")


def as_float(number: float) -> float:
    """A number of a document as the original keeps it.

    Raises:
        FilterError: it is too large.
    """
    try:
        return float(number)
    except OverflowError:
        raise FilterError("a number beyond all measure") from None


def _text(fact: str, operator: str, value: str, meter: Meter) -> bool:
    match operator:
        case "==":
            return equal_fold(fact, value)
        case "!=":
            return not equal_fold(fact, value)
        case "=~":
            return _pattern_in(fact, value, meter)
    return _in_order(to_lower(fact), operator, to_lower(value))


def _truth(operator: str, value: str, *, fact: bool) -> bool:
    match operator:
        case "==":
            return is_true(value) is fact
        case "=~":
            return is_true(to_lower(value)) is fact
        case "!=":
            return not is_true(to_lower(value))
    raise FilterError("truth has no order")


def _number(fact: float, operator: str, value: str, meter: Meter) -> bool:
    return (_fraction if "." in value else _whole)(fact, operator, value, meter)


def _fraction(fact: float, operator: str, value: str, meter: Meter) -> bool:
    if operator == "=~":
        return _pattern_in(f"{fact:.4f}", value, meter)
    number = parse_float(value)
    if operator in {"==", "!="}:
        return (fact == number) is (operator == "==")
    return _in_order(fact, ">=" if operator == ">" else operator, number)


def _whole(fact: float, operator: str, value: str, meter: Meter) -> bool:
    whole = truncate(fact)
    match operator:
        case "=~":
            return _pattern_in(str(whole), value, meter)
        case "==":
            return str(whole) == value
        case "!=":
            return str(whole) != value
    return _in_order(whole, operator, parse_int(value))


def _in_order(one: Any, operator: str, other: Any) -> bool:
    """Between two texts or two numbers."""
    return bool(_ORDERS[operator](one, other))


_ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operators.lt,
    "<=": operators.le,
    ">": operators.gt,
    ">=": operators.ge,
}


def _pattern_in(fact: str, value: str, meter: Meter) -> bool:
    return metered_pattern(value.strip("/"), meter, ignore_case=True).is_in(fact, meter)
