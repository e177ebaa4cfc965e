"""Dates as texts, in the formats that Ruby's ``strftime`` knows.  Pure.

Python leaves formats to the C library, which knows fewer of them and asks the locale.  Here names
are English everywhere, and there are milliseconds (``%L``), fractions (``%N``, ``%3N``), offsets
with colons (``%:z``), flags (``%-d``, ``%^a``) and widths (``%10A``), as in the original.  Three
things differ: ``%Z`` of UTC is always ``UTC``, widths end at 99, and fractions beyond microseconds
are zeros.

Source: ``strftime`` of Ruby's ``Time``.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_DIRECTIVE: Final = re.compile(
    r"%(?P<flags>[-0^#_]*)(?P<width>[0-9]{0,2})(?P<colons>:{0,3})(?P<what>[a-zA-Z%+])"
)
_PLACES: Final[Mapping[str, int]] = {"L": 3, "N": 9}
_COMBINED: Final[Mapping[str, str]] = {
    "c": "%a %b %e %H:%M:%S %Y",
    "D": "%m/%d/%y",
    "F": "%Y-%m-%d",
    "R": "%H:%M",
    "r": "%I:%M:%S %p",
    "T": "%H:%M:%S",
    "v": "%e-%^b-%Y",
    "X": "%H:%M:%S",
    "x": "%m/%d/%y",
    "+": "%a %b %e %H:%M:%S %Z %Y",
}


@dataclass(frozen=True, slots=True)
class _Number:
    """A number of a date.

    Attributes:
        of: reads it.
        width, padding: how it is written where the format does not say.
    """

    of: Callable[[datetime], int]
    width: int = 2
    padding: str = "0"


def strftime(moment: datetime, form: str) -> str:
    """``moment`` in the format ``form``; directives that do not exist stay as they are.

    Args:
        moment: with a time zone.
        form: as ``%Y-%m-%d``.
    """
    return _DIRECTIVE.sub(lambda match: _directive(moment, match), form)


def _directive(moment: datetime, match: re.Match[str]) -> str:
    flags, what, colons = match["flags"], match["what"], match["colons"]
    width = int(match["width"] or 0)
    if what == "z":
        return _zoned(moment, flags, width, len(colons))
    if colons:  # which only %z takes
        return match.group()
    if what in _NUMBERS:
        return _number(_NUMBERS[what], moment, flags, width)
    if what in _PLACES:
        places = width or _PLACES[what]
        return f"{moment.microsecond:06d}".ljust(places, "0")[:places]
    return _words(moment, match.group(), what, flags, width)


def _words(moment: datetime, whole: str, what: str, flags: str, width: int) -> str:
    if what in _COMBINED:
        return _cased(strftime(moment, _COMBINED[what]), flags, width)
    if what in _TEXTS:
        return _cased(_TEXTS[what](moment), _spoken(what, flags), width)
    return whole


def _number(number: _Number, moment: datetime, flags: str, width: int) -> str:
    value = number.of(moment)
    if "-" in flags:
        return str(value)
    padding = {"_": " ", "0": "0"}.get(_last(flags, "_0"), number.padding)
    return str(value).rjust(width or number.width, padding)


def _zoned(moment: datetime, flags: str, width: int, colons: int) -> str:
    offset = moment.utcoffset()
    seconds = round(offset.total_seconds()) if offset is not None else 0
    sign, size = "-" if seconds < 0 else "+", abs(seconds)
    parts = [size // 60 % 60, size % 60]
    shown = {0: parts[:1], 1: parts[:1], 2: parts}.get(colons, _needed(parts))
    colon = ":" if colons else ""
    rest = "".join(f"{colon}{part:02d}" for part in shown)
    hours = str(size // 3600)
    room = width - len(rest) - 1
    if "-" in flags:
        return f"{sign}{hours}{rest}"
    if "_" in flags:
        return f"{sign}{hours}".rjust(max(room + 1, 3)) + rest
    return f"{sign}{hours.rjust(max(room, 2), '0')}{rest}"


def _needed(parts: list[int]) -> list[int]:
    """Minutes and seconds of an offset, without what is zero at the end."""
    while parts and not parts[-1]:
        parts = parts[:-1]
    return parts


def _spoken(what: str, flags: str) -> str:
    """Flags of a word; ``#`` makes ``AM`` small and other words large."""
    if "#" not in flags:
        return flags
    return flags.replace("#", "v" if what in "pZ" else "^")


def _cased(text: str, flags: str, width: int) -> str:
    if "^" in flags or "#" in flags:
        text = text.upper()
    elif "v" in flags:
        text = text.lower()
    return text if "-" in flags else text.rjust(width, "0" if "0" in flags else " ")


def _last(flags: str, among: str) -> str:
    return next((flag for flag in reversed(flags) if flag in among), "")


def _week(moment: datetime, first_day: int) -> int:
    """Week of the year, where weeks begin with ``first_day``: 0 for Sunday, 1 for Monday."""
    day = (moment.isoweekday() - first_day) % 7
    return (moment.timetuple().tm_yday + 6 - day) // 7


_NUMBERS: Final[Mapping[str, _Number]] = {
    "Y": _Number(lambda moment: moment.year, 4),
    "C": _Number(lambda moment: moment.year // 100),
    "y": _Number(lambda moment: moment.year % 100),
    "m": _Number(lambda moment: moment.month),
    "d": _Number(lambda moment: moment.day),
    "e": _Number(lambda moment: moment.day, padding=" "),
    "j": _Number(lambda moment: moment.timetuple().tm_yday, 3),
    "H": _Number(lambda moment: moment.hour),
    "k": _Number(lambda moment: moment.hour, padding=" "),
    "I": _Number(lambda moment: (moment.hour + 11) % 12 + 1),
    "l": _Number(lambda moment: (moment.hour + 11) % 12 + 1, padding=" "),
    "M": _Number(lambda moment: moment.minute),
    "S": _Number(lambda moment: moment.second),
    "s": _Number(lambda moment: int(moment.timestamp() // 1), 1),
    "u": _Number(lambda moment: moment.isoweekday(), 1),
    "w": _Number(lambda moment: moment.isoweekday() % 7, 1),
    "G": _Number(lambda moment: moment.isocalendar().year, 4),
    "g": _Number(lambda moment: moment.isocalendar().year % 100),
    "V": _Number(lambda moment: moment.isocalendar().week),
    "U": _Number(lambda moment: _week(moment, 0)),
    "W": _Number(lambda moment: _week(moment, 1)),
}
_TEXTS: Final[Mapping[str, Callable[[datetime], str]]] = {
    "A": lambda moment: _DAYS[moment.weekday()],
    "a": lambda moment: _DAYS[moment.weekday()][:3],
    "B": lambda moment: _MONTHS[moment.month - 1],
    "b": lambda moment: _MONTHS[moment.month - 1][:3],
    "h": lambda moment: _MONTHS[moment.month - 1][:3],
    "p": lambda moment: "AM" if moment.hour < 12 else "PM",
    "P": lambda moment: "am" if moment.hour < 12 else "pm",
    "Z": lambda moment: moment.tzname() or "",
    "n": lambda _moment: "\n",
    "t": lambda _moment: "\t",
    "%": lambda _moment: "%",
}
