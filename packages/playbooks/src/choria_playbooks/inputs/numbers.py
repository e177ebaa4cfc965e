"""Numbers as Ruby's option parser reads them.  Pure.

``0x1f``, ``0b101`` and ``017`` are whole numbers, ``1_000`` is a thousand.  Ruby reads fractions
as ``1/3`` too, where a number of any kind is wanted; these are refused.

Source: ``OptionParser`` of Ruby, its patterns for integers and decimals.
"""

import math
import re
from typing import Final

from choria_playbooks.inputs.errors import InputError

_LONGEST: Final = 200
_DIGITS: Final = "[0-9]+(?:_[0-9]+)*"
_WHOLE: Final = re.compile(
    r"(?P<sign>[-+]?)(?:"
    r"0b(?P<two>[01]+(?:_[01]+)*)"
    r"|0x(?P<sixteen>[0-9a-f]+(?:_[0-9a-f]+)*)"
    r"|0o?(?P<eight>[0-7]+(?:_[0-7]+)*)"
    r"|(?P<ten>0|[1-9][0-9]*(?:_[0-9]+)*)"
    r")",
    re.IGNORECASE,
)
_BASES: Final = {"two": 2, "eight": 8, "ten": 10, "sixteen": 16}
_DECIMAL: Final = re.compile(
    rf"[-+]?(?:{_DIGITS}(?:\.(?:{_DIGITS})?)?|\.{_DIGITS})(?:e[-+]?{_DIGITS})?", re.IGNORECASE
)


def whole_number(text: str) -> int:
    """The whole number that ``text`` writes.

    Raises:
        InputError: it writes none.
    """
    match = _WHOLE.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        raise InputError("is not a whole number", "write it as 10, 1_000, 0x1f or 0b101")
    name = match.lastgroup or ""
    return int(match["sign"] + match[name], _BASES[name])


def decimal_number(text: str) -> float:
    """The number with or without a point that ``text`` writes.

    Raises:
        InputError: it writes none, or one that is too large.
    """
    if len(text) <= _LONGEST and _DECIMAL.fullmatch(text):
        number = float(text.replace("_", ""))
        if math.isfinite(number):
            return number
    raise InputError("is not a number", "write it as 10, 0.5 or 1e-3")


def any_number(text: str) -> int | float:
    """A whole number where ``text`` can be read as one, else one with a point.

    Raises:
        InputError: it writes no number.
    """
    try:
        return whole_number(text)
    except InputError:
        return decimal_number(text)
