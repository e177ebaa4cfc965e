"""The outline of a book as a picture, a file that stands alone.  Pure."""

from collections.abc import Sequence
from html import escape
from typing import Final

from choria_playbooks.drawing.outline import Row

_ROW: Final = 34
_BOX: Final = 26
_INDENT: Final = 26
_WIDTH: Final = 920
_MARGIN: Final = 24
_LONGEST: Final = 104
_STEPS: Final = frozenset(("task", "block", "parallel", "call", "branch"))

_STYLE: Final = """
svg { background: #fff; font: 14px system-ui, sans-serif; }
text { fill: #1d2430; } .soft { fill: #5b6573; } .heading { font-weight: 600; font-size: 15px; }
rect { fill: #f6f8fa; stroke: #dfe3e8; } .line { stroke: #9aa5b4; stroke-width: 1.5; fill: none; }
.task { fill: #2563eb; } .block, .parallel { fill: #0f9d74; } .call { fill: #b5179e; }
.branch { fill: #d97706; } .input, .store, .lock, .nodes { fill: #64748b; }
@media (prefers-color-scheme: dark) {
  svg { background: #12161c; } text { fill: #e4e8ee; } .soft { fill: #9aa5b4; }
  rect { fill: #1a2029; stroke: #2c343f; }
}
"""


def picture(rows: Sequence[Row]) -> str:
    """An SVG document: a box for each thing, steps joined in the order in which they run."""
    height = _MARGIN * 2 + _ROW * len(rows)
    parts = [*_lines(rows), *(_drawn(number, row) for number, row in enumerate(rows))]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'width="{_WIDTH}" height="{height}" role="img">\n<style>{_STYLE}</style>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _left(row: Row) -> int:
    return _MARGIN + _INDENT * max(row.depth - 1, 0)


def _top(number: int) -> int:
    return _MARGIN + _ROW * number


def _drawn(number: int, row: Row) -> str:
    left, top = _left(row), _top(number)
    base = top + _BOX // 2 + 5
    if row.kind == "heading":
        return (
            f'<text class="heading" x="{left}" y="{base}">{escape(row.name)}'
            f'<tspan class="soft" dx="10" font-weight="400">{escape(_cut(row.text))}</tspan></text>'
        )
    return (
        f'<rect x="{left}" y="{top}" width="{_WIDTH - _MARGIN - left}" height="{_BOX}" rx="5"/>'
        f'<rect class="{row.kind}" x="{left}" y="{top}" width="5" height="{_BOX}" rx="2"/>'
        f'<text x="{left + 14}" y="{base}">{escape(row.name)}'
        f'<tspan class="soft" dx="10">{escape(_cut(row.text))}</tspan></text>'
    )


def _lines(rows: Sequence[Row]) -> list[str]:
    """From each step to the next one beside it."""
    found, last = [], dict[int, int]()
    for number, row in enumerate(rows):
        last = {depth: above for depth, above in last.items() if depth <= row.depth}
        above = last.get(row.depth)
        if row.kind == "heading":
            last = {}
        elif above is not None and row.kind in _STEPS:
            x = _left(row) - 9
            start, end = _top(above) + _BOX // 2, _top(number) + _BOX // 2
            found.append(f'<path class="line" d="M{x + 9} {start}H{x}V{end}H{x + 9}"/>')
        last[row.depth] = number
    return found


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
