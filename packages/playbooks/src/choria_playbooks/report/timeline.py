"""Tasks over time, as a drawing.  Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

_WIDTH: Final = 960
_LEFT: Final = 300
_RIGHT: Final = 20
_ROW: Final = 24
_TOP: Final = 26
_NAME: Final = 42
_STEPS: Final = (0.001, 0.002, 0.005)
_COLOURS: Final = {"ok": "c1", "failed": "c4", "stopped": "c2", "skipped": "c5"}


@dataclass(frozen=True, slots=True)
class Bar:
    """A task.

    Attributes:
        name: what is written beside it.
        depth: how far that is indented.
        start, end: seconds since the run began.
        state: ``ok``, ``failed``, ``stopped`` or ``skipped``.
        hint: shown when it is pointed at.
    """

    name: str
    depth: int
    start: float
    end: float
    state: str
    hint: str


def timeline(bars: Sequence[Bar]) -> str:
    """A drawing with a row for each task; empty where there is none."""
    if not bars:
        return ""
    end = max(0.001, *(bar.end for bar in bars))
    height = _TOP + _ROW * len(bars) + 8
    inside = "".join(
        (*_grid(end, height), *(_row(number, bar, end) for number, bar in enumerate(bars)))
    )
    return (
        f'<svg class="chart" viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'aria-label="tasks over time">{inside}</svg>'
    )


def ticks(end: float) -> list[float]:
    """Round moments from 0 to ``end``, not more than eight."""
    step = next(
        base * 10**power for power in range(12) for base in _STEPS if end / (base * 10**power) <= 8
    )
    return [number * step for number in range(int(end / step) + 1)]


def _x(moment: float, end: float) -> float:
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * moment / end


def _grid(end: float, height: int) -> Iterator[str]:
    for tick in ticks(end):
        across = f"{_x(tick, end):.1f}"
        yield (
            f'<line class="grid" x1="{across}" x2="{across}" y1="{_TOP - 6}" y2="{height}"/>'
            f'<text x="{across}" y="14" text-anchor="middle">{tick:.6g} s</text>'
        )


def _row(number: int, bar: Bar, end: float) -> str:
    top = _TOP + _ROW * number
    left, right = _x(bar.start, end), _x(bar.end, end)
    name = "\u00a0\u00a0" * bar.depth + bar.name
    name = name if len(name) <= _NAME else f"{name[: _NAME - 1]}…"
    return (
        f"<g><title>{escape(bar.hint)}</title>"
        f'<text class="name" x="0" y="{top + 14}">{escape(name)}</text>'
        f'<rect class="{_COLOURS.get(bar.state, "c5")}" x="{left:.1f}" y="{top + 3}" '
        f'width="{max(right - left, 2):.1f}" height="{_ROW - 9}" rx="3"/></g>'
    )
