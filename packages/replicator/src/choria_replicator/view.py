"""The live view of a replicator on a terminal, and its plain lines elsewhere."""

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog
from rich.console import Console, ConsoleOptions, RenderableType
from rich.table import Table
from rich.text import Text

from choria_replicator.entry import Entry

LINE_SECONDS: Final = 30.0
_COLUMNS: Final[Mapping[str, int]] = {
    "state": 9,
    "msgs/s": 7,
    "copied": 9,
    "skipped": 9,
    "lag": 9,
    "behind": 8,
    "errors": 7,
}
"""Widths that never shrink: of the longest state, and of the longest :func:`short_count`."""
_GAP: Final = 1
_LEAST_NAME: Final = 12
_EXACT_BELOW: Final = 10_000_000
_STATE_STYLES: Final[Mapping[str, str]] = {
    "copying": "green",
    "idle": "green",
    "starting": "yellow",
    "resyncing": "yellow",
    "failed": "bold red",
    "stopped": "dim",
}


@dataclass(slots=True)
class Rates:
    """Messages read per second, by entry, since the last look."""

    _seen: dict[str, tuple[float, int]] = field(default_factory=dict)
    _rates: dict[str, float] = field(default_factory=dict)

    def rate(self, entry: Entry, now: float) -> float:
        """Messages read per second by ``entry`` lately; ``now`` in monotonic seconds."""
        name = entry.name
        read = entry.total("received_messages")
        then, before = self._seen.get(name, (now, read))
        if now - then >= 0.5 or name not in self._seen:
            if now > then:
                self._rates[name] = (read - before) / (now - then)
            self._seen[name] = (now, read)
        return self._rates.get(name, 0.0)


class LiveView:
    """A table that shows how the entries fare whenever it is drawn.

    The numbers keep their place whatever the width of the terminal; names give
    way, in their middle.  Below the table stands what keeps an entry from
    copying, with its whole name.
    """

    def __init__(self, entries: tuple[Entry, ...]) -> None:
        self._entries = entries
        self._rates = Rates()

    def __rich_console__(
        self, _console: Console, options: ConsoleOptions
    ) -> Iterator[RenderableType]:
        fixed = sum(width + _GAP for width in _COLUMNS.values())
        room = max(_LEAST_NAME, options.max_width - fixed)
        table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
        table.add_column("entry", no_wrap=True, min_width=min(room, self._longest_name()))
        for column, width in _COLUMNS.items():
            right = column != "state"
            table.add_column(
                column, justify="right" if right else "left", no_wrap=True, min_width=width
            )
        now = time.monotonic()
        for entry in self._entries:
            table.add_row(shortened(entry.name, room), *self._numbers(entry, now))
        yield table
        for entry in self._entries:
            if entry.trouble:
                yield Text(f"{entry.name}: {entry.trouble}", style=_style(entry), overflow="fold")

    def _longest_name(self) -> int:
        return max((len(entry.name) for entry in self._entries), default=_LEAST_NAME)

    def _numbers(self, entry: Entry, now: float) -> Sequence[str | Text]:
        errors = entry.total("resyncs") + entry.total("failed_messages")
        return (
            Text(entry.state, style=_style(entry)),
            short_count(round(self._rates.rate(entry, now))),
            short_count(entry.total("copied_messages")),
            short_count(entry.total("skipped_messages")),
            short_count(entry.total("lag_messages")),
            short_span(max(stats.lag_seconds for stats in entry.stats)),
            Text(short_count(errors), style="red" if errors else ""),
        )


def _style(entry: Entry) -> str:
    return "red" if entry.state == "starting" and entry.trouble else _STATE_STYLES[entry.state]


def shortened(name: str, width: int) -> str:
    """``name`` in at most ``width`` characters: begin and end tell similar ones apart."""
    if len(name) <= width:
        return name
    end = (width - 1) // 2
    return f"{name[: width - 1 - end]}…{name[len(name) - end :]}"


def short_count(number: int) -> str:
    """Digits in groups, in at most nine characters: ``9,999,999``, ``12.3 M``."""
    if abs(number) < _EXACT_BELOW:
        return f"{number:,}"
    for unit, size in (("M", 10**6), ("G", 10**9)):
        if abs(number) < 1_000 * size:
            return f"{number / size:.1f} {unit}"
    return f"{number / 10**12:.1f} T"


def short_span(seconds: float) -> str:
    """A time in one unit: ``0.4 s``, ``12 s``, ``3.5 min``, ``2.0 h``, ``4.1 d``."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    for unit, size, end in (("min", 60, 3600), ("h", 3600, 2 * 86400)):
        if seconds < end:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds / 86400:.1f} d"


class Teller:
    """Plain lines for where there is no terminal: one an entry and half minute.

    An entry that has nothing to do is told of once, one that has ended not again.
    """

    def __init__(self, entries: tuple[Entry, ...]) -> None:
        self._entries = entries
        self._rates = Rates()
        self._told: dict[str, tuple[object, ...]] = {}
        self._log = structlog.get_logger("replicator")

    async def run(self) -> None:
        """Tell now and then, until cancelled."""
        for entry in self._entries:
            self._rates.rate(entry, time.monotonic())
        while True:
            await asyncio.sleep(LINE_SECONDS)
            for entry in self._entries:
                self.tell(entry)

    def tell(self, entry: Entry) -> None:
        """Write the line of one entry, unless there is nothing new to say."""
        news = (entry.state, entry.total("received_messages"), entry.total("copied_messages"))
        rests = entry.state == "idle" and self._told.get(entry.name) == news
        if rests or entry.state in ("failed", "stopped"):
            return
        self._told[entry.name] = news
        tell = self._log.warning if entry.trouble else self._log.info
        cause = {"cause": entry.trouble} if entry.trouble else {}
        tell(
            "progress",
            entry=entry.name,
            state=entry.state,
            **cause,
            read_per_s=round(self._rates.rate(entry, time.monotonic())),
            copied=entry.total("copied_messages"),
            skipped=entry.total("skipped_messages"),
            lag_messages=entry.total("lag_messages"),
            lag_s=round(max(stats.lag_seconds for stats in entry.stats), 1),
            resyncs=entry.total("resyncs"),
        )

    def tell_end(self) -> None:
        """Write what became of each entry that had begun."""
        for entry in self._entries:
            if not entry.has_begun:
                continue
            never_copied = "" if entry.has_started else entry.last_error
            cause = str(entry.error or never_copied)
            self._log.info(
                "ended",
                entry=entry.name,
                state=entry.state,
                **({"cause": cause} if cause else {}),
                read=entry.total("received_messages"),
                copied=entry.total("copied_messages"),
                skipped=entry.total("skipped_messages"),
                lag_messages=entry.total("lag_messages"),
                seconds=round(entry.running_seconds, 1),
            )
