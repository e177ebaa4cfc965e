"""How figures are written for people.  Pure."""

from choria_emulator.measure.metrics import Kind


def written(value: float, kind: Kind) -> str:
    """A figure with its unit."""
    if kind is Kind.SECONDS:
        return seconds_text(value)
    if kind is Kind.RATE:
        return f"{count_text(value)}/s"
    if kind is Kind.SHARE:
        return f"{value * 100:.0f}%"
    return count_text(value)


def seconds_text(seconds: float) -> str:
    """Seconds in three digits, with the unit that suits them."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if abs(seconds) >= size * 0.9995:  # which is rounded to a whole one
            return f"{_three_digits(seconds / size)}{unit}"
    return f"{_three_digits(seconds / 1e-6)}µs" if seconds else "0s"


def tick_text(seconds: float) -> str:
    """Seconds at an axis, where round values need no more digits than they have."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if abs(seconds) >= size * (1 - 1e-9):
            return f"{seconds / size:.6g}{unit}"
    return f"{seconds / 1e-6:.6g}µs" if seconds else "0s"


def short_count(value: float) -> str:
    """A number where there is little room: thousands with a k, millions with an M."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if abs(value) >= 10 * size:
            return f"{value / size:.6g}{unit}"
    return f"{value:,.6g}"


def nodes_text(count: int) -> str:
    """So many nodes."""
    return "1 node" if count == 1 else f"{count_text(count)} nodes"


def count_text(value: float) -> str:
    """A number with commas between its thousands."""
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _three_digits(value: float) -> str:
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
