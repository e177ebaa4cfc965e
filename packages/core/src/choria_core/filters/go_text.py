"""Texts as Go's standard library reads, folds and writes them.  Pure."""

import math
import re
from decimal import Decimal

from choria_core.filters.limits import FilterError

INT_MIN, INT_MAX = -(2**63), 2**63 - 1
SPACES = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)

_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_INTEGER = re.compile(r"[+-]?[0-9]{1,30}")
_DIGITS = "[0-9](?:_?[0-9])*"
_HEX_DIGITS = "[0-9a-fA-F](?:_?[0-9a-fA-F])*"
_DECIMAL = re.compile(
    rf"[+-]?(?:{_DIGITS}(?:\.(?:{_DIGITS})?)?|\.{_DIGITS})(?:[eE][+-]?{_DIGITS})?"
)
_HEXADECIMAL = re.compile(
    rf"[+-]?0[xX]_?(?:{_HEX_DIGITS}(?:\.(?:{_HEX_DIGITS})?)?|\.{_HEX_DIGITS})[pP][+-]?{_DIGITS}"
)
_SPECIAL = re.compile(r"[+-]?inf(?:inity)?|nan", re.IGNORECASE)


def parse_int(text: str) -> int:
    """A signed decimal integer of 64 bits.

    Raises:
        FilterError: it is none.
    """
    if _INTEGER.fullmatch(text):
        value = int(text)
        if INT_MIN <= value <= INT_MAX:
            return value
    raise FilterError(f"not an integer: {text[:40]!r}")


def parse_float(text: str) -> float:
    """A number in decimal or hexadecimal notation.

    Raises:
        FilterError: it is none, or too large.
    """
    if _SPECIAL.fullmatch(text):
        return float(text)
    value = math.inf
    if _DECIMAL.fullmatch(text):
        value = float(text)
    elif _HEXADECIMAL.fullmatch(text):
        try:
            value = float.fromhex(text.replace("_", ""))
        except OverflowError:
            value = math.inf
    if math.isinf(value):
        raise FilterError(f"not a number: {text[:40]!r}")
    return value


def is_true(text: str) -> bool:
    """Whether ``text`` is one of the ways to write true."""
    return text in _TRUE


def to_lower(text: str) -> str:
    """Lower case, character by character."""
    return text.lower() if text.isascii() else "".join([one.lower()[:1] for one in text])


def to_upper(text: str) -> str:
    """Upper case, character by character; what has no single capital stays."""
    if text.isascii():
        return text.upper()
    return "".join([up if len(up := one.upper()) == 1 else one for one in text])


def equal_fold(one: str, other: str) -> bool:
    """Equality without regard to case."""
    if one == other:
        return True
    if one.isascii() and other.isascii():
        return one.lower() == other.lower()
    return len(one) == len(other) and list(map(_fold, one)) == list(map(_fold, other))


def _fold(character: str) -> str:
    folded = character.casefold()
    return folded if len(folded) == 1 else character.lower()


def truncate(number: float) -> int:
    """The integer that Go converts a float to; what does not fit is the smallest one."""
    if -(2.0**63) <= number < 2.0**63:
        return int(number)
    return INT_MIN


def wrap(number: int) -> int:
    """``number`` in 64 bits, as overflow leaves it."""
    return (number + 2**63) % 2**64 - 2**63


def number_text(number: float) -> str:
    """A float as JSON has it."""
    size = abs(number)
    if size and (size < 1e-6 or size >= 1e21):
        mantissa, exponent = _scientific(number)
        return f"{mantissa}e{exponent:+d}"
    return _plain(number)


def printed_number(number: float) -> str:
    """A float as Go prints it by itself."""
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "+Inf" if number > 0 else "-Inf"
    size = abs(number)
    if size and (size < 1e-4 or size >= 1e6):
        mantissa, exponent = _scientific(number)
        return f"{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
    return _plain(number)


def _scientific(number: float) -> tuple[str, int]:
    """The shortest mantissa with one digit before the point, and its exponent."""
    sign, digits, exponent = Decimal(repr(number)).normalize().as_tuple()
    assert isinstance(exponent, int), "the number is finite"
    first, rest = str(digits[0]), "".join(map(str, digits[1:]))
    mantissa = f"{'-' * sign}{first}{'.' if rest else ''}{rest}"
    return mantissa, exponent + len(digits) - 1


def _plain(number: float) -> str:
    text = repr(number)
    return format(Decimal(text), "f") if "e" in text else text.removesuffix(".0")
