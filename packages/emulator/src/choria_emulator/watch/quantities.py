"""Quantities as people read them.  Pure."""

from typing import Final

_BYTES: Final = ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"), (1, "B"))
_DIGITS: Final = 3


def bytes_text(count: float) -> str:
    """Three digits and a unit: ``424 MiB``, ``8.69 KiB``."""
    size, unit = next(((size, unit) for size, unit in _BYTES if count >= size), _BYTES[-1])
    return f"{_digits(count / size)} {unit}"


def seconds_text(seconds: float) -> str:
    """A latency: ``1.25 s``, ``20.5 ms``, ``75 µs``."""
    for size, unit in ((1, "s"), (1e-3, "ms")):
        if seconds >= size:
            return f"{_digits(seconds / size)} {unit}"
    return f"{_digits(seconds * 1e6)} µs"


def span_text(seconds: float) -> str:
    """How long something lasts: ``42 s``, ``3 min 20 s``, ``2 h 5 min``."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3_600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3_600} h {whole % 3_600 // 60} min"


def _digits(value: float) -> str:
    """Three digits at least, without zeros at the end of a fraction."""
    before = len(str(int(value)))
    text = f"{value:.{max(0, _DIGITS - before)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
