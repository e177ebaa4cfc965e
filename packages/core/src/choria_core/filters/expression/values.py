"""The operators on values: None, bool, int, float, str, list and dict.  Pure.

They are strict as in the original: an integer and a float may meet, nothing else
is converted.  Integers have 64 bits and wrap; texts are indexed and cut by bytes.
"""

import math
import operator as operators
from collections.abc import Callable, Mapping
from typing import Any, cast

from choria_core.filters.go_text import truncate, wrap
from choria_core.filters.limits import FilterError

Number = int | float


class FreeMap(dict[object, object]):
    """A map whose keys can be any scalar; others have texts as keys."""


def kind_of(value: object) -> str:
    """What the language calls the type of ``value``."""
    if value is None:
        return "nil"
    return _KINDS.get(type(value), "unknown")


_KINDS = {bool: "bool", int: "int", float: "float", str: "string", list: "array"}
_KINDS |= {dict: "map", FreeMap: "map"}


def is_number(value: object) -> bool:
    """Whether ``value`` is an integer or a float; a truth value is not."""
    return type(value) is float or type(value) is int


def mismatch(operator: str, *values: object) -> FilterError:
    """The error of an operator that met the wrong types."""
    kinds = " and ".join(kind_of(value) for value in values)
    return FilterError(f"{operator} does not take {kinds}")


def equal(one: object, other: object) -> bool:
    """``==``: numbers by value, arrays by their elements, maps strictly."""
    if type(one) is type(other):
        if isinstance(one, list):
            others = cast("list[object]", other)
            return len(one) == len(others) and all(map(equal, one, others))
        if isinstance(one, dict):
            return identical(one, other)
        return one == other
    return is_number(one) and is_number(other) and one == other


def identical(one: object, other: object) -> bool:
    """Equality that tells an integer from a float, at any depth."""
    if type(one) is not type(other):
        return False
    if isinstance(one, list):
        others = cast("list[object]", other)
        return len(one) == len(others) and all(map(identical, one, others))
    if isinstance(one, dict):
        pairs = cast("dict[object, object]", other)
        return one.keys() == pairs.keys() and all(identical(one[key], pairs[key]) for key in one)
    return one == other


def less(one: object, other: object) -> bool:
    """``<`` between numbers or between texts.

    Raises:
        FilterError: other types.
    """
    return compare("<", one, other)


def compare(operator: str, one: object, other: object) -> bool:
    """``< <= > >=`` between numbers or between texts.

    Raises:
        FilterError: other types.
    """
    if isinstance(one, str) and isinstance(other, str):
        return bool(_COMPARISONS[operator](one, other))
    if is_number(one) and is_number(other):
        return bool(_COMPARISONS[operator](one, other))
    raise mismatch(operator, one, other)


_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operators.lt,
    "<=": operators.le,
    ">": operators.gt,
    ">=": operators.ge,
}


def add(one: object, other: object) -> str | Number:
    """``+`` between numbers or between texts.

    Raises:
        FilterError: other types.
    """
    if isinstance(one, str) and isinstance(other, str):
        return one + other
    if not (is_number(one) and is_number(other)):
        raise mismatch("+", one, other)
    return _fitted(cast("Number", one) + cast("Number", other))


def arithmetic(operator: str, one: object, other: object) -> Number:
    """``- * / % **`` between numbers.

    Raises:
        FilterError: other types, or a remainder of zero.
    """
    if not (is_number(one) and is_number(other)):
        raise mismatch(operator, one, other)
    left, right = cast("Number", one), cast("Number", other)
    match operator:
        case "-":
            return _fitted(left - right)
        case "*":
            return _fitted(left * right)
        case "/":
            return _quotient(float(left), float(right))
        case "%":
            return _remainder(left, right)
    return _power(float(left), float(right))


def _fitted(result: Number) -> Number:
    return wrap(result) if isinstance(result, int) else result


def _quotient(left: float, right: float) -> float:
    if right:
        return left / right
    if not left or math.isnan(left):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1.0, right)


def _remainder(left: Number, right: Number) -> int:
    if isinstance(left, float) or isinstance(right, float):
        raise mismatch("%", left, right)
    if not right:
        raise FilterError("a remainder of a division by zero")
    return wrap(int(math.copysign(1, left)) * (abs(left) % abs(right)))


def _power(left: float, right: float) -> float:
    try:
        return math.pow(left, right)
    except OverflowError:
        odd = right % 2 == 1
        return -math.inf if left < 0 and odd else math.inf
    except ValueError:
        if left:
            return math.nan
        odd = right % 2 == 1
        return math.copysign(math.inf, left) if odd else math.inf


def negative(value: object) -> Number:
    """``-`` before a number.

    Raises:
        FilterError: it is none.
    """
    if not is_number(value):
        raise mismatch("-", value)
    return _fitted(-cast("Number", value))


def as_index(value: object) -> int:
    """A number as a position.

    Raises:
        FilterError: it is none.
    """
    if type(value) is int:
        return value
    if type(value) is float:
        return truncate(value)
    raise mismatch("an index", value)


def fetch(base: object, key: object) -> object:
    """A member of a map, an element of an array or a byte of a text.

    Raises:
        FilterError: there is no such element, or the base has none.
    """
    if isinstance(base, dict):
        return base.get(map_key(base, key))
    if not isinstance(base, list | str):
        raise mismatch("a member", base)
    holder: list[object] | bytes = octets(base) if isinstance(base, str) else base
    at = as_index(key)
    if not -len(holder) <= at < len(holder):
        raise FilterError(f"no element {at}")
    return holder[at]


def map_key(holder: dict[object, object], key: object) -> object:
    """A key as the map knows it: mostly they are texts, and nil is the empty one.

    Raises:
        FilterError: it is something else.
    """
    if isinstance(key, str):
        return key
    if isinstance(holder, FreeMap):
        if not isinstance(key, list | dict):
            return key
    elif key is None:
        return ""
    raise mismatch("a map's key", key)


def cut(base: object, start: object, end: object) -> object:
    """``base[start:end]`` of an array or a text; positions beyond its ends are its ends.

    Raises:
        FilterError: wrong types.
    """
    if not isinstance(base, list | str):
        raise mismatch("a slice", base)
    holder: list[object] | bytes = octets(base) if isinstance(base, str) else base
    first = _position(as_index(start), len(holder))
    last = min(_position(as_index(end), len(holder)), len(holder))
    part = holder[min(first, last) : last]
    return part.decode(errors="replace") if isinstance(part, bytes) else part


def _position(at: int, length: int) -> int:
    return max(at + length, 0) if at < 0 else at


def octets(text: str) -> bytes:
    """The bytes of a text."""
    return text.encode(errors="replace")


def contains(needle: object, holder: object) -> bool:
    """``needle in holder``: an element of an array or a key of a map; nothing is in nil.

    Raises:
        FilterError: wrong types.
    """
    if holder is None:
        return False
    if isinstance(holder, list):
        return any(equal(one, needle) for one in holder)
    if isinstance(holder, dict):
        return map_key(holder, needle) in holder
    raise mismatch("in", needle, holder)


def text_pair(operator: str, one: object, other: object) -> tuple[str, str] | None:
    """Both operands as texts; None where one is nil.

    Raises:
        FilterError: one is something else.
    """
    if isinstance(one, str) and isinstance(other, str):
        return one, other
    if one is None or other is None:
        return None
    raise mismatch(operator, one, other)
