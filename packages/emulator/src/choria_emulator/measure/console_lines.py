"""What people read of a suite, on a terminal.  Pure."""

from collections.abc import Iterable, Iterator
from typing import Final

from choria_core.presentation.safe_text import one_line
from choria_core.presentation.table import table
from choria_emulator.measure.comparison import Compared, outstanding
from choria_emulator.measure.figures import Spread
from choria_emulator.measure.metrics import KINDS, REPLIES
from choria_emulator.measure.quantities import count_text, nodes_text, seconds_text, written
from choria_emulator.measure.result import RequestResult
from choria_emulator.measure.summary import Summary
from choria_emulator.measure.thresholds import Verdict

NAMES_A_LINE: Final = 5
MOST_LINES: Final = 20
"""So many lines of names are printed for a request; the files have the counts."""

_SPREAD_HEADERS: Final = ("", "min", "p50", "p90", "p95", "p99", "p100")


def request_line(result: RequestResult) -> str:
    """How a request went; one that does not count has the number 0."""
    number = f"#: {result.number}" if result.number else "(warm-up)"
    elapsed = seconds_text(result.request_ns / 1e9)
    return (
        f"REQUEST {result.request_id} {number} OK: {result.ok} / {result.expected} "
        f"ELAPSED TIME {elapsed}"
    )


def trouble_lines(result: RequestResult) -> Iterator[str]:
    """What was not as it should be."""
    if result.failed:
        yield f"   {nodes_text(result.failed)} failed"
    if result.missing:
        yield f"   {nodes_text(len(result.missing))} did not answer in time:"
        yield from _names(result.missing)
    if result.late:
        yield f"   {count_text(len(result.late))} of them answered after the timeout"
    if result.duplicates:
        yield f"   {nodes_text(len(result.duplicates))} answered more than once:"
        yield from _names(result.duplicates)
    if result.strangers:
        yield f"   {nodes_text(len(result.strangers))} answered and had not been found:"
        yield from _names(result.strangers)
    if result.cut:
        yield f"   the connection was lost: {one_line(result.cut)}"


def _names(names: tuple[str, ...]) -> Iterator[str]:
    """Some a line, as many lines as people read."""
    for start in range(0, len(names), NAMES_A_LINE)[:MOST_LINES]:
        shown = ", ".join(one_line(name) for name in names[start : start + NAMES_A_LINE])
        yield f"      {shown}"
    left = len(names) - NAMES_A_LINE * MOST_LINES
    if left > 0:
        yield f"      and {count_text(left)} more"


def summary_text(summary: Summary) -> str:
    """The tables behind all requests."""
    rows = [_spread_row("request", summary.request_seconds)]
    rows += [_spread_row(said, summary.reply_seconds[moment]) for moment, said in REPLIES.items()]
    parts = [
        table(_SPREAD_HEADERS, rows, title=one_line(summary.description)),
        *counts_lines(summary),
    ]
    parts += [f"note: {one_line(note)}\n" for note in summary.notes]
    if summary.comparison:
        parts.append(comparison_table(summary.comparison, summary.compared_with))
    parts += [verdict_line(verdict) for verdict in summary.thresholds]
    return "".join(parts)


def counts_lines(summary: Summary) -> Iterator[str]:
    """What is counted, in a few words."""
    found = {name: written(value, KINDS[name]) for name, value in summary.metrics.items()}
    yield (
        f"{found['complete']} of {found['requests']} requests complete, {found['ok']} replies ok, "
        f"{found['failed']} failed, {found['missing']} missing, {found['late']} late, "
        f"{found['duplicates']} duplicates\n"
    )
    yield (
        f"{found['rate']} replies; the client was busy {found['client']} of the time, "
        f"{found['cpu']} of processor for a reply\n"
    )


def comparison_table(compared: Iterable[Compared], with_what: str) -> str:
    """Two runs beside each other."""
    rows = [comparison_row(one) for one in outstanding(tuple(compared))]
    return table(("", "old", "new", "new/old"), rows, title=f"compared with {one_line(with_what)}")


def comparison_row(one: Compared) -> tuple[str, str, str, str]:
    """Name, old, new, ratio."""
    kind = KINDS[one.name]
    ratio = "" if one.ratio is None else f"{one.ratio:.2f}"
    return one.name, written(one.old, kind), written(one.new, kind), ratio


def verdict_line(verdict: Verdict) -> str:
    """Whether a threshold was kept."""
    word = "kept  " if verdict.is_kept else "BROKEN"
    return f"threshold {word} {verdict.threshold}: measured {verdict.measured}\n"


def _spread_row(name: str, one: Spread) -> tuple[str, ...]:
    values = (one.min, one.p50, one.p90, one.p95, one.p99, one.p100)
    return (name, *map(seconds_text, values))
