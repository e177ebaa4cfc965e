"""Values written as text, by themselves and as JSON, and JSON read.  Pure."""

import json
import math
from typing import NoReturn

from choria_core.filters.expression.values import FreeMap, mismatch
from choria_core.filters.go_text import number_text, printed_number
from choria_core.filters.limits import FilterError, Meter

_ESCAPED = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)


def printed(values: list[object], meter: Meter) -> object:
    """A value as Go's ``%v`` prints it."""
    return meter.admit(_printed(values[0]))


def _printed(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "<nil>", True: "true", False: "false"}[value]
    if isinstance(value, float):
        return printed_number(value)
    if isinstance(value, list):
        return f"[{' '.join(map(_printed, value))}]"
    if isinstance(value, dict):
        pairs = [f"{_printed(key)}:{_printed(value[key])}" for key in sorted(value, key=_sort_key)]
        return f"map[{' '.join(pairs)}]"
    return str(value)


def _sort_key(key: object) -> tuple[int, object]:
    ranks = {bool: 2, int: 0, float: 1, str: 3}
    return (ranks.get(type(key), -1), key if key is not None else 0)


def to_json(values: list[object], meter: Meter) -> object:
    """A value as indented JSON.

    Raises:
        FilterError: JSON has no way to say it, or it becomes too large.
    """
    return meter.admit(_json(values[0], "\n", meter))


def _json(value: object, line: str, meter: Meter) -> str:
    meter.spend(1)
    if isinstance(value, list):
        return _block("[]", [_json(one, line + "  ", meter) for one in value], line)
    if isinstance(value, dict) and not isinstance(value, FreeMap):
        pairs = [
            f"{_json_text(str(key))}: {_json(value[key], line + '  ', meter)}"
            for key in sorted(value)
        ]
        return _block("{}", pairs, line)
    return _json_scalar(value)


def _json_scalar(value: object) -> str:
    if isinstance(value, str):
        return _json_text(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float) and math.isfinite(value):
        return number_text(value)
    if isinstance(value, int):
        return str(value)
    raise mismatch("toJSON", value)


def _block(brackets: str, parts: list[str], line: str) -> str:
    if not parts:
        return brackets
    return f"{brackets[0]}{line}  {f',{line}  '.join(parts)}{line}{brackets[1]}"


def _json_text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).translate(_ESCAPED)


def from_json(values: list[object], meter: Meter) -> object:
    """The value that a JSON text describes; every number is a float.

    Raises:
        FilterError: it is not JSON, or too large.
    """
    (text,) = values
    if not isinstance(text, str):
        raise mismatch("fromJSON", text)
    meter.read(text)
    try:
        value = json.loads(text, parse_int=_float, parse_float=_float, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise FilterError("not JSON") from None
    return meter.admit(value)


def _float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(text)
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
