"""A page that stands alone: style and all in one file.  Pure."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Final

_STYLE: Final = """
:root {
  color-scheme: light dark;
  --paper: #fff; --ink: #1d2430; --soft: #5b6573; --rule: #dfe3e8; --card: #f6f8fa;
  --good: #1a7f37; --bad: #c62828; --note: #fff4d6; --note-ink: #5c4400;
  --c0: #2563eb; --c1: #0f9d74; --c2: #d97706; --c3: #b5179e; --c4: #dc2626; --c5: #64748b;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #12161c; --ink: #e4e8ee; --soft: #9aa5b4; --rule: #2c343f; --card: #1a2029;
    --good: #4ac26b; --bad: #ff7b72; --note: #3a2f10; --note-ink: #f4d98b;
    --c0: #6ea8fe; --c1: #3ecf9f; --c2: #f5a742; --c3: #f06bd8; --c4: #ff7b72; --c5: #94a3b8;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1000px; padding: 24px 20px 60px; background: var(--paper);
  color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 26px; line-height: 1.25; margin: 0 0 4px; overflow-wrap: anywhere; }
h2 { font-size: 18px; margin: 36px 0 8px; }
p { margin: 6px 0; overflow-wrap: anywhere; }
section { min-width: 0; }
.soft { color: var(--soft); }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 10px;
  margin: 20px 0 0; }
.card { background: var(--card); border: 1px solid var(--rule); border-radius: 8px;
  padding: 10px 14px; }
.card b { display: block; font-size: 22px; line-height: 1.3; overflow-wrap: anywhere;
  font-variant-numeric: tabular-nums; }
.card span { color: var(--soft); font-size: 13px; }
.note { background: var(--note); color: var(--note-ink); border-radius: 8px; padding: 10px 14px;
  margin: 12px 0 0; overflow-wrap: anywhere; }
.good { color: var(--good); font-weight: 600; }
.bad { color: var(--bad); font-weight: 600; }
.wide { overflow-x: auto; max-width: 100%; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 5px 12px 5px 0; border-bottom: 1px solid var(--rule);
  vertical-align: top; }
th { color: var(--soft); font-weight: 600; font-size: 13px; }
td.number, th.number { text-align: right; }
td:last-child, th:last-child { padding-right: 0; }
details { border-bottom: 1px solid var(--rule); padding: 6px 0; }
summary { cursor: pointer; overflow-wrap: anywhere; }
.chart { width: 100%; height: auto; display: block; }
.chart text { fill: var(--soft); font: 12px system-ui, sans-serif; }
.chart .name { fill: var(--ink); }
.grid { stroke: var(--rule); }
.tick { stroke: var(--soft); }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; }
.faint { opacity: .28; stroke-width: 1.2; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 0 0 4px;
  padding: 0 0 0 74px; font-size: 13px; color: var(--soft); }
.legend .key { width: 18px; height: 4px; margin-right: 6px; vertical-align: middle; }
"""
_COLOURS: Final = "\n".join(
    f".c{number} {{ fill: var(--c{number}); }} .l{number} {{ stroke: var(--c{number}); }}"
    for number in range(6)
)


def page(title: str, subtitle: str, parts: Iterable[str]) -> str:
    """A whole page.

    Args:
        title: a text.
        subtitle: a text below it.
        parts: HTML.
    """
    body = "\n".join(part for part in parts if part)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}{_COLOURS}\n</style>\n</head>\n<body>\n"
        f'<h1>{escape(title)}</h1>\n<p class="soft">{escape(subtitle)}</p>\n'
        f"{body}\n</body>\n</html>\n"
    )


def section(heading: str, body: str, *, said: str = "") -> str:
    """A part with a heading; nothing where ``body`` is empty.

    Args:
        heading: a text.
        body: HTML.
        said: a text below the heading.
    """
    if not body:
        return ""
    words = f'<p class="soft">{escape(said)}</p>\n' if said else ""
    return f"<section>\n<h2>{escape(heading)}</h2>\n{words}{body}\n</section>"


def cards(values: Iterable[tuple[str, str]]) -> str:
    """Great figures: pairs of a value and what it is."""
    inside = "".join(
        f'<div class="card"><b>{escape(value)}</b><span>{escape(what)}</span></div>'
        for value, what in values
    )
    return f'<div class="cards">{inside}</div>'


def note(text: str) -> str:
    """What a reader must know."""
    return f'<p class="note">{escape(text)}</p>'


def grid(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; all columns but the first are numbers."""
    head = "".join(
        f"<th{_number(column)}>{escape(name)}</th>" for column, name in enumerate(headers)
    )
    body = "\n".join(
        "<tr>"
        + "".join(f"<td{_number(column)}>{escape(cell)}</td>" for column, cell in enumerate(row))
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="wide"><table><thead><tr>{head}</tr></thead>\n'
        f"<tbody>{body}</tbody></table></div>"
    )


def pairs(values: Mapping[str, str]) -> str:
    """A table of names and texts."""
    rows = "\n".join(
        f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>"
        for name, value in values.items()
    )
    return f'<div class="wide"><table><tbody>{rows}</tbody></table></div>'


def verdicts(rows: Iterable[tuple[str, str, bool]]) -> str:
    """Conditions, what was measured, and whether they hold."""
    body = "\n".join(
        f'<tr><td>{escape(text)}</td><td class="number">{escape(measured)}</td>'
        f'<td class="number {"good" if kept else "bad"}">{"kept" if kept else "broken"}</td></tr>'
        for text, measured, kept in rows
    )
    if not body:
        return ""
    return (
        '<div class="wide"><table><thead><tr><th>threshold</th><th class="number">measured</th>'
        f'<th class="number">verdict</th></tr></thead><tbody>{body}</tbody></table></div>'
    )


def _number(column: int) -> str:
    return ' class="number"' if column else ""
