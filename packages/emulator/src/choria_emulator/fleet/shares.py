"""How the options of a fleet's behaviour are written: shares, latencies, rates.  Pure.

parse_share("0.5%")             0.005
parse_churn("1%/m")             0.01 of the nodes a minute
parse_latency("20ms±10ms")      Latency(0.02, 0.01)
parse_slow("1%:5s")             (0.01, 5.0)
parse_rate("500/s")             500.0 a second
"""

import re
from typing import Final

from choria_core.durations import format_duration, parse_choria_duration
from choria_core.errors import ConfigError, UsageError
from choria_emulator.fleet.plan import Behaviour, Latency

_LONGEST_SHOWN: Final = 60
_NUMBER: Final = re.compile(r"[0-9]{1,15}(?:\.[0-9]{0,15})?|\.[0-9]{1,15}")
_SPREAD: Final = re.compile(r"±|\+-|\+/-")
_MINUTES: Final = {"s": 1 / 60, "m": 1.0, "h": 60.0}


def parse_share(text: str) -> float:
    """A part of a whole, from 0 to 1; written ``1%`` or ``0.01``.

    Raises:
        UsageError: it is none, or more than the whole.
    """
    wanted = "write per cent like 1%, or a part of one like 0.01"
    number, percent = text.strip(), 1.0
    if number.endswith("%"):
        number, percent = number[:-1].rstrip(), 100.0
    value = _number(number, text, "share", wanted) / percent
    if value > 1:
        hint = f"; {number}% perhaps?" if percent == 1.0 and value <= 100 else ""
        raise UsageError(f"{_shown(text)} is more than all{hint or ': at most 100%, or 1'}")
    return value


def parse_churn(text: str) -> float:
    """The share of the nodes that lose their connection in a minute; ``1%/m``, ``1%/s``, ``5%/h``.

    Raises:
        UsageError: it is none, or more than all nodes within a minute.
    """
    share, slash, unit = text.strip().rpartition("/")
    if not slash or unit.strip() not in _MINUTES:
        if text.strip() in {"0", "0%"}:
            return 0.0
        raise UsageError(
            f"{_shown(text)} is no churn: write a share of the nodes and a time, like 1%/m; "
            "the times are s, m and h"
        )
    value = parse_share(share) / _MINUTES[unit.strip()]
    if value > 1:
        raise UsageError(
            f"{_shown(text)} is more than all nodes within a minute: write at most 100%/m"
        )
    return value


def parse_latency(text: str) -> Latency:
    """How long nodes think: ``20ms``, ``20ms±10ms``, or ``20ms+-10ms`` where ± cannot be typed.

    Raises:
        UsageError: it is none, or less than no time.
    """
    mean, *spreads = _SPREAD.split(text.strip())
    wanted = "write a duration, and how far it varies, like 20ms±10ms or 20ms+-10ms"
    if len(spreads) > 1:
        raise UsageError(f"{_shown(text)} varies twice: {wanted}")
    latency = Latency(
        _seconds(mean, text, "latency", wanted),
        _seconds(spreads[0], text, "latency", wanted) if spreads else 0.0,
    )
    if latency.spread_seconds > latency.mean_seconds:
        raise UsageError(
            f"{_shown(text)} would at times be less than nothing: "
            f"vary it by {format_duration(latency.mean_seconds)} at most"
        )
    return latency


def parse_slow(text: str) -> tuple[float, float]:
    """Share of the nodes that are slow, and seconds that they are late: ``1%``, ``1%:5s``.

    Raises:
        UsageError: it is none.
    """
    share, colon, late = text.partition(":")
    wanted = "write a share of the nodes, and how late they are, like 1%:5s"
    seconds = _seconds(late, text, "slowness", wanted) if colon else Behaviour().slow_seconds
    return parse_share(share), seconds


def parse_rate(text: str) -> float:
    """How many a second: ``500/s``, ``3000/m``.

    Raises:
        UsageError: it is none, or none at all in a second.
    """
    number, slash, unit = text.strip().rpartition("/")
    wanted = "write how many and a time, like 500/s; the times are s, m and h"
    if not slash or unit.strip() not in _MINUTES:
        example = text.strip() if _NUMBER.fullmatch(text.strip()) else "500"
        raise UsageError(f"{_shown(text)} is no rate: {wanted.replace('500', example)}")
    value = _number(number.strip(), text, "rate", wanted) / (_MINUTES[unit.strip()] * 60)
    if value <= 0:
        raise UsageError(f"{_shown(text)} never comes to an end: {wanted}")
    return value


def show_share(share: float) -> str:
    """A share as :func:`parse_share` reads it."""
    return f"{share * 100:.10g}%"


def show_latency(latency: Latency) -> str:
    """A latency as :func:`parse_latency` reads it."""
    mean = format_duration(latency.mean_seconds)
    return f"{mean}±{format_duration(latency.spread_seconds)}" if latency.spread_seconds else mean


def _number(number: str, text: str, what: str, wanted: str) -> float:
    if not _NUMBER.fullmatch(number):
        raise UsageError(f"{_shown(text)} is no {what}: {wanted}")
    return float(number)


def _seconds(part: str, text: str, what: str, wanted: str) -> float:
    if not part.strip():
        raise UsageError(f"{_shown(text)} is no {what}: {wanted}")
    try:
        seconds = parse_choria_duration(part.strip())
    except ConfigError as error:
        raise UsageError(f"{_shown(text)} is no {what}: {_one_line(str(error))}") from error
    if seconds < 0:
        raise UsageError(f"{_shown(text)} is less than no time: {wanted}")
    return seconds


def _shown(text: str) -> str:
    """What was given, shortened and in quotes."""
    cut = text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
    return f'"{_one_line(cut)}"'


def _one_line(text: str) -> str:
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text)
