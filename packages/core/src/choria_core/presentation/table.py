"""Tables in boxes.  Pure."""

from collections.abc import Iterable, Sequence

from rich.cells import cell_len

from choria_core.padding import padded_width
from choria_core.presentation import safe_text

Cells = Sequence[Sequence[str]]
"""A row: for each column its lines."""


def table(headers: Sequence[str], rows: Iterable[Sequence[str]], *, title: str = "") -> str:
    """A table, ending with a line break; texts are escaped, and very long ones stick out.

    Args:
        headers: of the columns.
        rows: as many texts each; they may have several lines.
        title: above the headers; empty for none.
    """
    body = [[safe_text.lines(cell) for cell in row] for row in rows]
    head = [[safe_text.one_line(header)] for header in headers]
    widths = [_width(column) for column in zip(head, *body, strict=True)]
    if title:
        widths[-1] += max(0, cell_len(title) + 2 - _outer(widths))
    return "\n".join([*_top(title, widths), *_row(head, widths), *_under(body, widths)]) + "\n"


def _top(title: str, widths: Sequence[int]) -> list[str]:
    bars = ["─" * (width + 2) for width in widths]
    if not title:
        return [f"╭{'┬'.join(bars)}╮"]
    room = _outer(widths) - 2
    free = room - cell_len(title)
    shown = " " * (free // 2) + title + " " * (free - free // 2)
    return [f"╭{'─' * (room + 2)}╮", f"│ {shown} │", f"├{'┬'.join(bars)}┤"]


def _under(body: Sequence[Cells], widths: Sequence[int]) -> list[str]:
    bars = ["─" * (width + 2) for width in widths]
    rows = [line for row in body for line in _row(row, widths)]
    return [f"├{'┼'.join(bars)}┤", *rows, f"╰{'┴'.join(bars)}╯"]


def _row(cells: Cells, widths: Sequence[int]) -> list[str]:
    """The lines of a row, as many as its highest cell has."""
    shown = []
    for number in range(max(map(len, cells), default=1)):
        parts = [cell[number] if number < len(cell) else "" for cell in cells]
        padded = (
            part + " " * (width - cell_len(part)) for part, width in zip(parts, widths, strict=True)
        )
        shown.append(f"│ {' │ '.join(padded)} │")
    return shown


def _width(column: Iterable[Sequence[str]]) -> int:
    return padded_width(cell_len(line) for cell in column for line in cell)


def _outer(widths: Sequence[int]) -> int:
    """Between the left and the right edge."""
    return sum(widths) + 3 * len(widths) - 1
