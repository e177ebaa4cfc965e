"""Charts as SVG, for pages without any other content.  Pure.

The colours are variables of the page's style, so that the charts follow its light and dark.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from choria_emulator.measure.axes import Axis, axis
from choria_emulator.measure.quantities import short_count

WIDTH: Final = 860
HEIGHT: Final = 300
LEFT: Final = 74
RIGHT: Final = 26
TOP: Final = 12
BOTTOM: Final = 44
COLOURS: Final = 6
"""So many colours of series there are; more series begin again."""

Write = Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Series:
    """A line.

    Attributes:
        name: in the legend; empty for none there.
        points: pairs of x and y, in the order of x.
        colour: from 0; one below :data:`COLOURS`.
        is_faint: whether it stays in the background.
    """

    name: str
    points: Sequence[tuple[float, float]]
    colour: int = 0
    is_faint: bool = False


@dataclass(frozen=True, slots=True)
class Labels:
    """What stands at the axes.

    Attributes:
        x, y: what is drawn.
        write_x, write_y: a value for people.
        title: what the chart shows, for those who cannot see it.
    """

    title: str
    x: str
    y: str
    write_x: Write = short_count
    write_y: Write = short_count


def line_chart(series: Sequence[Series], labels: Labels, *, has_dots: bool = False) -> str:
    """Lines over a common x; ``has_dots`` marks each point too."""
    xs = [x for one in series for x, _ in one.points]
    ys = [y for one in series for _, y in one.points]
    if xs and 0 < min(xs) < max(xs) / 50:
        xs.append(0.0)
    across = axis(xs, LEFT, WIDTH - RIGHT, from_zero=False)
    up = axis(ys, HEIGHT - BOTTOM, TOP)
    lines = [_line(one, across, up, has_dots=has_dots) for one in series]
    frame = _frame(across, up, labels)
    return _legend(series) + _svg(HEIGHT, labels.title, [*frame, *lines])


def bar_chart(rows: Sequence[tuple[str, float, str]], title: str) -> str:
    """Bars that lie: for each a name, a value and what is written behind it."""
    step, label = 22, 210
    top = max((value for _, value, _ in rows), default=0.0)
    across = Axis(0.0, top or 1.0, label, WIDTH - 150)
    parts = []
    for number, (name, value, text) in enumerate(rows):
        y = number * step + 4
        end = across.at(value)
        parts.append(
            f'<text class="name" x="{label - 8}" y="{y + 13}" text-anchor="end">{_cut(name)}'
            f"<title>{escape(name)}</title></text>"
            f'<rect class="c0" x="{label}" y="{y}" width="{_n(end - label)}" height="{step - 6}"/>'
            f'<text x="{_n(end + 6)}" y="{y + 13}">{escape(text)}</text>'
        )
    return _svg(len(rows) * step + 8, title, parts)


def heat_map(rows: Sequence[tuple[int, Sequence[float]]], bin_width: float, labels: Labels) -> str:
    """Rows of cells, darker where there is more.

    Args:
        rows: numbers of rows with their values; they need not be equally long.
        bin_width: how much of x a cell is.
        labels: of the axes.
    """
    columns = max((len(row) for _, row in rows), default=0) or 1
    height = min(max(12 * len(rows), 60), 420)
    down = Axis(0.0, float(len(rows) or 1), TOP, TOP + height)
    across = Axis(0.0, columns * bin_width, LEFT, WIDTH - RIGHT)
    bottom = TOP + height
    marks = [_x_tick(across, value, labels, bottom) for value in across.ticks(8)]
    every = max(1, -(-len(rows) // 12))
    names = [
        f'<text x="{LEFT - 8}" y="{_n(down.at(place + 0.5) + 4)}" text-anchor="end">'
        f"{rows[place][0]}</text>"
        for place in range(0, len(rows), every)
    ]
    cells = _cells(rows, down, across, (across.end - across.start) / columns)
    return _svg(bottom + BOTTOM, labels.title, [*cells, *marks, *names, *_names(labels, bottom)])


def _cells(
    rows: Sequence[tuple[int, Sequence[float]]], down: Axis, across: Axis, wide: float
) -> list[str]:
    """Rectangles of all values that are not 0."""
    most = max((value for _, row in rows for value in row), default=0.0) or 1.0
    tall = _n(down.at(1.0) - down.at(0.0))
    return [
        f'<rect class="c0" x="{_n(across.start + column * wide)}" y="{_n(down.at(place))}" '
        f'width="{_n(wide)}" height="{tall}" fill-opacity="{0.08 + 0.92 * value / most:.2f}"/>'
        for place, (_, row) in enumerate(rows)
        for column, value in enumerate(row)
        if value
    ]


def _line(one: Series, across: Axis, up: Axis, *, has_dots: bool) -> str:
    points = [(_n(across.at(x)), _n(up.at(y))) for x, y in one.points]
    kind = f"l{one.colour % COLOURS}" + (" faint" if one.is_faint else "")
    joined = " ".join(f"{x},{y}" for x, y in points)
    dots = ""
    if has_dots or len(points) == 1:
        dots = "".join(
            f'<circle class="c{one.colour % COLOURS}" cx="{x}" cy="{y}" r="2.5"/>'
            for x, y in points
        )
    return f'<polyline class="line {kind}" points="{joined}"/>{dots}'


def _frame(across: Axis, up: Axis, labels: Labels) -> list[str]:
    bottom = HEIGHT - BOTTOM
    rows = [
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{_n(up.at(value))}" '
        f'y2="{_n(up.at(value))}"/><text x="{LEFT - 8}" y="{_n(up.at(value) + 4)}" '
        f'text-anchor="end">{escape(labels.write_y(value))}</text>'
        for value in up.ticks()
    ]
    columns = [_x_tick(across, value, labels, bottom) for value in across.ticks(8)]
    return [*rows, *columns, *_names(labels, bottom)]


def _x_tick(across: Axis, value: float, labels: Labels, bottom: float) -> str:
    x = _n(across.at(value))
    return (
        f'<line class="tick" x1="{x}" x2="{x}" y1="{_n(bottom)}" y2="{_n(bottom + 5)}"/>'
        f'<text x="{x}" y="{_n(bottom + 18)}" text-anchor="middle">'
        f"{escape(labels.write_x(value))}</text>"
    )


def _names(labels: Labels, bottom: float) -> list[str]:
    middle = (LEFT + WIDTH - RIGHT) / 2
    high = (TOP + bottom) / 2
    below = f'x="{_n(middle)}" y="{_n(bottom + 36)}"'
    beside = f'transform="translate(14 {_n(high)}) rotate(-90)"'
    return [
        f'<text class="label" {place} text-anchor="middle">{escape(name)}</text>'
        for place, name in ((below, labels.x), (beside, labels.y))
    ]


def _legend(series: Sequence[Series]) -> str:
    named = [one for one in series if one.name]
    if len(named) < 2:
        return ""
    items = "".join(
        f'<li><svg class="key" viewBox="0 0 18 4" aria-hidden="true"><rect '
        f'class="c{one.colour % COLOURS}" width="18" height="4"/></svg>{escape(one.name)}</li>'
        for one in named
    )
    return f'<ul class="legend">{items}</ul>'


def _svg(height: float, title: str, parts: Sequence[str]) -> str:
    inside = "\n".join(parts)
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {_n(height)}" role="img" '
        f'aria-label="{escape(title)}">\n{inside}\n</svg>'
    )


def _cut(name: str) -> str:
    """A name that has room beside its bar."""
    return escape(name if len(name) <= 30 else name[:29] + "…")


def _n(value: float) -> str:
    """A coordinate, to a tenth of a unit."""
    return f"{value:.1f}".removesuffix(".0")
