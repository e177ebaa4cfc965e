"""Numbers as a line of characters.  Pure."""

import math
from collections.abc import Sequence
from typing import Final

WIDTH: Final = 60
HEIGHT: Final = 15

_MARK: Final = "•"
_AXIS: Final = "┤"


def line_chart(values: Sequence[float], *, width: int = WIDTH, height: int = HEIGHT) -> str:
    """Rows of a chart, the greatest value on top; empty where there is nothing to show.

    Args:
        values: from left to right; more than ``width`` are thinned out, fewer are stretched.
        width: of the line itself, in characters; at least 1.
        height: likewise.
    """
    shown = [value for value in values if math.isfinite(value)]
    if not shown:
        return ""
    columns = _spread(shown, width)
    low, high = min(columns), max(columns)
    steps = height - 1 if high > low else 0
    at = [round((value - low) / (high - low) * steps) if steps else 0 for value in columns]
    labels = [low + (high - low) * row / (steps or 1) for row in range(steps + 1)]
    texts = [f"{label:.2f}" for label in labels]
    margin = max(map(len, texts))
    rows = []
    for row in range(steps, -1, -1):
        line = "".join(_MARK if place == row else " " for place in at)
        rows.append(f"{texts[row]:>{margin}} {_AXIS}{line}".rstrip())
    return "\n".join(rows)


def _spread(values: Sequence[float], width: int) -> list[float]:
    """As many values as there are columns, with those between neighbours in proportion."""
    if len(values) == 1 or width == 1:
        return [values[0]] * width
    columns = []
    for column in range(width):
        place = column * (len(values) - 1) / (width - 1)
        left = min(int(place), len(values) - 2)
        share = place - left
        columns.append(values[left] * (1 - share) + values[left + 1] * share)
    return columns
