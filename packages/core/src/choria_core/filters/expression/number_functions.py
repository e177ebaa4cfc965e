"""Functions over numbers and over types.  Pure."""

import math
from collections.abc import Callable, Sequence
from typing import cast

from choria_core.filters.expression.natures import (
    ANY,
    FLOAT,
    INT,
    STRING,
    Nature,
)
from choria_core.filters.expression.signatures import Function, takes, takes_kinds
from choria_core.filters.expression.values import Number, is_number, kind_of, less, mismatch
from choria_core.filters.go_text import parse_float, parse_int, truncate, wrap
from choria_core.filters.limits import FilterError, Meter

_NUMBERS = ("int", "float")


def _number(name: str, value: object) -> Number:
    if not is_number(value):
        raise mismatch(name, value)
    return cast("Number", value)


def _abs(values: list[object], _meter: Meter) -> Number:
    number = _number("abs", values[0])
    return wrap(abs(number)) if isinstance(number, int) else abs(number)


def _rounded(name: str, how: Callable[[float], float]) -> Function:
    def run(values: list[object], _meter: Meter) -> float:
        number = float(_number(name, values[0]))
        return how(number) if math.isfinite(number) else number

    return Function(takes_kinds(*_NUMBERS, gives=FLOAT), run)


def _half_away(number: float) -> float:
    """To the nearest whole number; halves away from zero."""
    whole = math.trunc(number)
    return float(whole + math.copysign(1, number)) if abs(number - whole) >= 0.5 else float(whole)


def _int(values: list[object], _meter: Meter) -> int:
    (value,) = values
    if isinstance(value, str):
        return parse_int(value)
    number = _number("int", value)
    return truncate(number) if isinstance(number, float) else number


def _float(values: list[object], _meter: Meter) -> float:
    (value,) = values
    return parse_float(value) if isinstance(value, str) else float(_number("float", value))


def _type(values: list[object], _meter: Meter) -> str:
    return kind_of(values[0])


def _aggregate(natures: Sequence[Nature]) -> Nature | None:
    for nature in natures:
        if nature.fits("array"):
            return ANY
        if not nature.is_number:
            return None
    return natures[0] if natures else None


def _flat(name: str, values: list[object], meter: Meter) -> list[Number]:
    """All numbers in arguments and in arrays of them, however deep."""
    found: list[Number] = []
    waiting = list(reversed(values))
    while waiting:
        meter.spend(1)
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(reversed(value))
        else:
            found.append(_number(name, value))
    return found


def _extreme(name: str, *, least: bool) -> Function:
    def run(values: list[object], meter: Meter) -> object:
        if len(values) == 1 and not isinstance(values[0], list):
            return values[0]
        best: Number | None = None
        for number in _flat(name, values, meter):
            if best is None or (less(number, best) if least else less(best, number)):
                best = number
        return best

    return Function(_aggregate, run)


def _mean(values: list[object], meter: Meter) -> float:
    numbers = _flat("mean", values, meter)
    total = 0.0
    for number in numbers:
        total += number
    return total / len(numbers) if numbers else 0.0


def _median(values: list[object], meter: Meter) -> float:
    numbers = sorted(float(number) for number in _flat("median", values, meter))
    middle = len(numbers) // 2
    if len(numbers) % 2:
        return numbers[middle]
    return (numbers[middle - 1] + numbers[middle]) / 2 if numbers else 0.0


def _bits(name: str, how: Callable[[int, int], int]) -> Function:
    def run(values: list[object], _meter: Meter) -> int:
        one, other = (_whole(name, value) for value in values)
        return wrap(how(one, other))

    return Function(takes("ii", gives=INT), run)


def _whole(name: str, value: object) -> int:
    if type(value) is not int:
        raise mismatch(name, value)
    return value


def _shift(how: Callable[[int, int], int]) -> Callable[[int, int], int]:
    def shifted(one: int, places: int) -> int:
        if places < 0:
            raise FilterError("a negative shift")
        return how(one, min(places, 64))

    return shifted


def _not(values: list[object], _meter: Meter) -> int:
    return ~_whole("bitnot", values[0])


NUMBER_FUNCTIONS = {
    "abs": Function(takes_kinds(*_NUMBERS), _abs),
    "ceil": _rounded("ceil", lambda number: float(math.ceil(number))),
    "floor": _rounded("floor", lambda number: float(math.floor(number))),
    "round": _rounded("round", _half_away),
    "int": Function(takes_kinds(*_NUMBERS, "string", gives=INT), _int),
    "float": Function(takes_kinds(*_NUMBERS, "string", gives=FLOAT), _float),
    "type": Function(takes("*", gives=STRING), _type),
    "max": _extreme("max", least=False),
    "min": _extreme("min", least=True),
    "mean": Function(_aggregate, _mean),
    "median": Function(_aggregate, _median),
    "bitand": _bits("bitand", lambda one, other: one & other),
    "bitor": _bits("bitor", lambda one, other: one | other),
    "bitxor": _bits("bitxor", lambda one, other: one ^ other),
    "bitnand": _bits("bitnand", lambda one, other: one & ~other),
    "bitshl": _bits("bitshl", _shift(lambda one, places: one << places)),
    "bitshr": _bits("bitshr", _shift(lambda one, places: one >> places)),
    "bitushr": _bits("bitushr", _shift(lambda one, places: (one % 2**64) >> places)),
    "bitnot": Function(takes("i", gives=INT), _not),
}
