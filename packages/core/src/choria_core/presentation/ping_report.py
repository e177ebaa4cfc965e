"""Answers to a ping.  Pure."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from choria_core.client.records import PingReply
from choria_core.durations import format_duration
from choria_core.presentation.safe_text import one_line

_BUCKET_SECONDS: Final = 0.05
_HEIGHT: Final = 15
_WIDTH: Final = 60
_BLOCKS: Final = " ▁▂▃▄▅▆▇█"


def ping_line(reply: PingReply, *, names_only: bool = False) -> str:
    """A line for one node."""
    name = one_line(reply.sender)
    return f"{name}\n" if names_only else f"{name:<40} time={int(reply.seconds * 1000)} ms\n"


def ping_statistics(seconds: Sequence[float], *, overhead_seconds: float) -> str:
    """How long the answers took.

    Args:
        seconds: of each answer; at least one.
        overhead_seconds: from the start of the program to the request.
    """
    average = sum(seconds) / len(seconds)
    return (
        f"{len(seconds)} replies max: {_shown(max(seconds))} min: {_shown(min(seconds))} "
        f"avg: {_shown(average)} overhead: {_shown(overhead_seconds)}\n"
    )


def ping_graph(seconds: Sequence[float]) -> str:
    """Answers in each 50 ms, as columns over time.

    Args:
        seconds: of each answer; at least one.
    """
    counts = [0] * (int(max(seconds) / _BUCKET_SECONDS) + 1)
    for one in seconds:
        counts[int(one / _BUCKET_SECONDS)] += 1
    columns = _stretched(counts)
    top = max(columns)
    margin = len(str(top))
    rows = [
        f"{_scale(row, top):>{margin}} │{_cells(columns, row, top)}".rstrip()
        for row in range(_HEIGHT, 0, -1)
    ]
    span = _shown(len(counts) * _BUCKET_SECONDS)
    axis = f"{'':>{margin}} └{'─' * len(columns)}"
    ends = f"{'':>{margin}}  0{span:>{max(len(columns) - 1, len(span) + 1)}}"
    return "\n".join([*rows, axis, ends, f"{'':>{margin}}  Responses per 50ms"]) + "\n"


def _stretched(counts: Sequence[int]) -> list[int]:
    """At most :data:`_WIDTH` columns; where several fall on one, the highest is shown."""
    if len(counts) <= _WIDTH:
        each = _WIDTH // len(counts)
        return [count for count in counts for _ in range(each)]
    edges = [len(counts) * column // _WIDTH for column in range(_WIDTH + 1)]
    return [max(counts[low:high]) for low, high in pairwise(edges)]


def _scale(row: int, top: int) -> str:
    return str(top) if row == _HEIGHT else ""


def _cells(columns: Sequence[int], row: int, top: int) -> str:
    return "".join(_block(count, row, top) for count in columns)


def _block(count: int, row: int, top: int) -> str:
    """What a column shows in a row, in eighths of it."""
    eighths = round(count * _HEIGHT * 8 / top) - (row - 1) * 8
    return _BLOCKS[min(max(eighths, 0), 8)]


def _shown(seconds: float) -> str:
    return format_duration(round(seconds, 3))
