"""Durations as people write them in settings and URLs.  Pure.

Two grammars, because the programs whose files we read have two:

* Go's (``1h30m``, ``500ms``, ``-1.5h``, ``0``), of the older replicator and of
  most servers;
* Choria's, which adds weeks, days, months of 30 days and years of 365 days as a
  single number with a unit (``1.5d``, ``2w``, ``1M``, ``1y``), and reads everything
  else as Go does.  ``M`` is a month, ``m`` a minute; an empty text is 0.

Everything is computed in whole nanoseconds, so that nothing is lost before the
caller chooses seconds or milliseconds.
"""

import re

from choria_core.errors import ConfigError

NANOSECONDS_PER_SECOND = 1_000_000_000
_LONGEST = 2**63 - 1  # Go keeps durations in 64 signed bits: about 292 years
_LONGEST_TEXT = 100

_GO_UNITS = {
    "ns": 1,
    "us": 1_000,
    "\u00b5s": 1_000,  # the micro sign
    "\u03bcs": 1_000,  # the Greek letter
    "ms": 1_000_000,
    "s": NANOSECONDS_PER_SECOND,
    "m": 60 * NANOSECONDS_PER_SECOND,
    "h": 3_600 * NANOSECONDS_PER_SECOND,
}
_DAY = 24 * _GO_UNITS["h"]
_LONG_UNITS = {
    "d": _DAY,
    "D": _DAY,
    "w": 7 * _DAY,
    "W": 7 * _DAY,
    "M": 30 * _DAY,
    "y": 365 * _DAY,
    "Y": 365 * _DAY,
}
_TERM = re.compile(r"([0-9]*)(?:\.([0-9]*))?([^0-9.]*)")
_NUMBER = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?")


def parse_go_duration(text: str) -> float:
    """Seconds of a duration in Go's grammar.

    Raises:
        ConfigError: not a duration; the message says why and gives an example.

    Source: Go standard library, time.ParseDuration.
    """
    return parse_go_duration_ns(text) / NANOSECONDS_PER_SECOND


def parse_choria_duration(text: str) -> float:
    """Seconds of a duration in Choria's grammar; 0 for an empty text.

    Fractions of days and longer units are exact, where the original cuts them to
    whole hours; ``S`` and ``H`` are read as ``s`` and ``h``.

    Raises:
        ConfigError: not a duration; the message says why and gives an example.

    Source: choria-io/stream-replicator internal/util/util.go, ParseDurationString.
    """
    return parse_choria_duration_ns(text) / NANOSECONDS_PER_SECOND


def parse_go_duration_ns(text: str) -> int:
    """Like :func:`parse_go_duration`, in whole nanoseconds."""
    return _go_ns(text, text, example="1h30m")


def parse_choria_duration_ns(text: str) -> int:
    """Like :func:`parse_choria_duration`, in whole nanoseconds."""
    trimmed = text.strip()
    if not trimmed:
        return 0
    unit = trimmed[-1]
    if unit in _LONG_UNITS:
        return _long_ns(trimmed[:-1], unit, text)
    if unit in "SH":
        trimmed = trimmed[:-1] + unit.lower()
    return _go_ns(trimmed, text, example="1h30m or 7d")


def format_duration(seconds: float) -> str:
    """``seconds`` for people: ``250ms``, ``1h30m``, ``7d``; Choria's grammar reads it back.

    Days appear only where they are whole; zero is ``0s``.  Nanoseconds are the
    finest step.  ``seconds`` must be finite.
    """
    total = round(seconds * NANOSECONDS_PER_SECOND)
    sign, left = ("-", -total) if total < 0 else ("", total)
    if left and left % _DAY == 0:
        return f"{sign}{left // _DAY}d"
    if left < NANOSECONDS_PER_SECOND:
        return sign + _below_a_second(left)
    text = ""
    for unit in ("h", "m"):
        count, left = divmod(left, _GO_UNITS[unit])
        text += f"{count}{unit}" if count else ""
    return sign + text + (f"{_decimal(left, 's')}s" if left else "")


def _below_a_second(left: int) -> str:
    for unit in ("ms", "us", "ns"):
        if left >= _GO_UNITS[unit]:
            return _decimal(left, unit) + unit
    return "0s"


def _decimal(left: int, unit: str) -> str:
    size = _GO_UNITS[unit]
    whole, rest = divmod(left, size)
    fraction = str(rest).rjust(len(str(size)) - 1, "0").rstrip("0") if rest else ""
    return f"{whole}.{fraction}" if fraction else str(whole)


def _go_ns(text: str, shown: str, *, example: str) -> int:
    if len(text) > _LONGEST_TEXT:
        raise ConfigError(f"a duration of {len(text)} characters: write it shorter, like {example}")
    negative = text.startswith("-")
    body = text[1:] if text[:1] in {"-", "+"} else text
    if body == "0":
        return 0
    if not body:
        raise ConfigError(f'"{shown}" is not a duration: write a number and a unit, like {example}')
    total, at = 0, 0
    while at < len(body):
        term = _TERM.match(body, at)
        assert term is not None, "every part of the pattern may be empty"
        total += _term_ns(term, shown, example)
        at = term.end()
    return _checked(-total if negative else total, shown)


def _term_ns(term: re.Match[str], shown: str, example: str) -> int:
    whole, fraction, unit = term.group(1), term.group(2) or "", term.group(3)
    if not whole and not fraction:
        raise ConfigError(
            f'"{shown}" is not a duration: a number must stand before every unit, like {example}'
        )
    if not unit:
        raise ConfigError(
            f'"{shown}" has no unit after {term.group(0)}: write for example {term.group(0)}s'
        )
    if unit not in _GO_UNITS:
        raise ConfigError(_unknown_unit(unit, shown, example))
    return _scaled(whole, fraction, _GO_UNITS[unit])


def _unknown_unit(unit: str, shown: str, example: str) -> str:
    known = "ns, us, ms, s, m, h"
    if "d" in example:
        known += ", or a single number with d, w, M (30 days), y"
    return f'"{shown}" has the unknown unit "{unit}": the units are {known}; like {example}'


def _long_ns(number: str, unit: str, shown: str) -> int:
    match = _NUMBER.fullmatch(number)
    if match is None or len(number) > _LONGEST_TEXT or not (match.group(2) or match.group(3)):
        raise ConfigError(
            f'"{shown}" is not a duration: "{unit}" takes one plain number, like 1.5{unit}'
        )
    value = _scaled(match.group(2), match.group(3) or "", _LONG_UNITS[unit])
    return _checked(-value if match.group(1) == "-" else value, shown)


def _scaled(whole: str, fraction: str, unit_ns: int) -> int:
    """``whole.fraction`` units, cut to whole nanoseconds like Go does."""
    scale: int = 10 ** len(fraction)
    return int(whole + fraction) * unit_ns // scale


def _checked(total: int, shown: str) -> int:
    if not -_LONGEST - 1 <= total <= _LONGEST:
        raise ConfigError(f'"{shown}" is too long: the longest duration is 106751 days')
    return total
