"""The live view of a replicator on a terminal, and its plain lines elsewhere."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import structlog
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from choria_replicator.entry import Entry

LINE_SECONDS: Final = 30.0
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
        name = entry.settings.worker
        read = total(entry, "received_messages")
        then, before = self._seen.get(name, (now, read))
        if now - then >= 0.5 or name not in self._seen:
            if now > then:
                self._rates[name] = (read - before) / (now - then)
            self._seen[name] = (now, read)
        return self._rates.get(name, 0.0)


def total(entry: Entry, name: str) -> int:
    """A counter of an entry over its workers."""
    return sum(getattr(stats, name) for stats in entry.stats)


class LiveView:
    """A table that shows how the entries fare whenever it is drawn."""

    def __init__(self, entries: tuple[Entry, ...]) -> None:
        self._entries = entries
        self._rates = Rates()

    def __rich__(self) -> RenderableType:
        now = time.monotonic()
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in ("entry", "stream", "state"):
            table.add_column(column, no_wrap=True)
        for column in ("msgs/s", "copied", "skipped", "lag", "behind", "errors"):
            table.add_column(column, justify="right", no_wrap=True)
        errors: list[Text] = []
        for entry in self._entries:
            stats = entry.stats[0]
            style = _STATE_STYLES.get(stats.state, "")
            failed = total(entry, "resyncs") + total(entry, "failed_messages")
            table.add_row(
                stats.worker,
                stats.stream,
                Text(stats.state, style=style),
                f"{self._rates.rate(entry, now):,.0f}",
                f"{total(entry, 'copied_messages'):,}",
                f"{total(entry, 'skipped_messages'):,}",
                f"{total(entry, 'lag_messages'):,}",
                f"{max(one.lag_seconds for one in entry.stats):,.1f} s",
                Text(f"{failed:,}", style="red" if failed else ""),
            )
            if stats.state in ("failed", "resyncing") and stats.last_error:
                errors.append(Text(f"{stats.worker}: {stats.last_error}", style=style))
        return Group(table, *errors)


async def tell_now_and_then(entries: tuple[Entry, ...]) -> None:
    """Log one line for each entry every half minute, until cancelled."""
    rates = Rates()
    log = structlog.get_logger("replicator")
    for entry in entries:
        rates.rate(entry, time.monotonic())
    while True:
        await asyncio.sleep(LINE_SECONDS)
        for entry in entries:
            stats = entry.stats[0]
            log.info(
                "progress",
                entry=stats.worker,
                state=stats.state,
                messages_per_s=round(rates.rate(entry, time.monotonic())),
                copied=total(entry, "copied_messages"),
                skipped=total(entry, "skipped_messages"),
                lag_messages=total(entry, "lag_messages"),
                lag_s=round(stats.lag_seconds, 1),
                resyncs=total(entry, "resyncs"),
            )
