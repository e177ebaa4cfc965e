"""What a terminal shows of the demonstration: the path, the playbook and the audit log."""

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from choria.demo.audit_watch import SHOWN, NodeEntry
from choria.demo.progress import LIVE_PAGE, Progress
from choria_core.nats.jetstream import StreamState
from choria_core.presentation.safe_text import one_line
from choria_core.protocol.messages import NANOSECONDS
from choria_emulator.watch.quantities import bytes_text
from choria_playbooks.view.tree import Running, Said
from choria_replicator.view import short_count

_WIDTHS: Final = (13, 14, 13, 16, 13)
"""Of the boxes, at least."""
_MOST_MORE: Final = 7
_ARROW_WIDTH: Final = 2
_BOOK_ROWS: Final = 6
_BAR: Final = 20
_SPINNER: Final = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_PER_SECOND: Final = 8
_RATE_SECONDS: Final = 1.0


class Screen:
    """Draws the demonstration as it is whenever the terminal is drawn.

    Args:
        progress: of the demonstration.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._rate = 0.0
        self._seen = (0.0, 0)

    def __rich_console__(
        self, _console: Console, options: ConsoleOptions
    ) -> Iterator[RenderableType]:
        progress = self._progress
        yield _cut(
            Text.assemble(
                ("choria demo", "bold"), f"  {progress.seconds:.0f} s  ", (progress.step, "cyan")
            ),
            options,
        )
        yield self._path(options.max_width)
        yield _cut(_heading("playbook", _book_note(progress)), options)
        for row in _book_rows(progress):
            yield _cut(row, options)
        audit = progress.audit
        yield _cut(_heading("audit logs of the nodes", f"{audit.count:,} entries"), options)
        rows = [audit_text(found) for found in audit.last]
        for row in _padded(rows, SHOWN):
            yield _cut(row, options)
        if url := progress.urls.get(LIVE_PAGE):
            yield _cut(_heading(LIVE_PAGE, url), options)

    def _path(self, width: int) -> RenderableType:
        """The boxes beside one another, with arrows between; below one another where it is narrow.

        Those of a wide terminal are wider.
        """
        spare = width - sum(_WIDTHS) - (len(_WIDTHS) - 1) * _ARROW_WIDTH
        more = max(0, min(_MOST_MORE, spare // len(_WIDTHS)))
        boxes = list(self._boxes([each + more for each in _WIDTHS]))
        return _row(boxes) if spare >= 0 else Group(*boxes)

    def _boxes(self, widths: Sequence[int]) -> Iterator[Panel]:
        nodes, adapter_width, site, replicator, centre = widths
        progress = self._progress
        figures, adapter, entry = progress.figures, progress.adapter, progress.entry
        ready = figures.ready if figures else 0
        yield _panel(
            "nodes",
            nodes,
            (short_count(ready), "ready"),
            (short_count(progress.registrations), "registered"),
            (f"{self._registrations_per_second():,.0f}/s", ""),
        )
        lost = adapter.dropped + adapter.refused + adapter.lost.total() if adapter else 0
        yield _panel(
            "adapter",
            adapter_width,
            (short_count(adapter.received if adapter else 0), "received"),
            (short_count(adapter.published if adapter else 0), "acknowledged"),
            (short_count(lost), "dropped"),
        )
        yield _stream_panel("dc1", site, progress.site, "nodes.*")
        yield _panel(
            "replicator",
            replicator,
            (short_count(entry.total("copied_messages") if entry else 0), "copied"),
            (short_count(entry.total("skipped_messages") if entry else 0), "sampled away"),
            (short_count(entry.total("lag_messages") if entry else 0), "behind"),
        )
        yield _stream_panel("central", centre, progress.centre, "dc1.nodes.*")

    def _registrations_per_second(self) -> float:
        now, count = time.monotonic(), self._progress.registrations
        then, before = self._seen
        if now - then >= _RATE_SECONDS:
            self._rate = (count - before) / (now - then) if then else 0.0
            self._seen = now, count
        return self._rate


def said_text(said: Said) -> Text:
    """A line of the playbook that stays."""
    text = Text("  " * said.depth)
    if said.mark:
        text.append(f"{said.mark} ", style=said.colour)
    text.append(said.text)
    if said.note:
        text.append(f"  {said.note}", style="dim")
    return text


def _heading(name: str, note: str) -> Text:
    return Text.assemble((name, "bold"), "  ", (note, "dim"))


def _cut(text: Text, options: ConsoleOptions) -> Text:
    """In one line."""
    text.truncate(options.max_width, overflow="ellipsis")
    return text


def _panel(name: str, width: int, *figures: tuple[str, str]) -> Panel:
    text = Text(justify="center", no_wrap=True)
    for number, (value, label) in enumerate(figures):
        text.append("\n" if number else "")
        text.append(value, style="bold")
        text.append(f"\n{label}" if label else "", style="dim")
    return Panel(text, title=name, width=width, height=8, box=box.ROUNDED, padding=0)


def _stream_panel(name: str, width: int, state: StreamState | None, subjects: str) -> Panel:
    messages, size = (state.messages, state.bytes) if state else (0, 0)
    return _panel(
        name,
        width,
        (short_count(messages), "messages"),
        (bytes_text(size), "stored"),
        (subjects, "subjects"),
    )


def _row(panels: Sequence[Panel]) -> Table:
    row = Table.grid(padding=0)
    cells: list[RenderableType] = []
    for number, panel in enumerate(panels):
        if number:
            cells.append(Text("\n\n\n→ ", style="cyan"))
        cells.append(panel)
    row.add_row(*cells)
    return row


def _book_note(progress: Progress) -> str:
    tally = progress.tally
    lock = f"lock with token {tally.token}, " if tally.token else ""
    return f"{lock}{tally.called:,} nodes called"


def _book_rows(progress: Progress) -> Sequence[Text]:
    """What it said last, and what it is doing."""
    tally = progress.tally
    running = [_running_text(one) for one in tally.tree.innermost][:_BOOK_ROWS]
    room = _BOOK_ROWS - len(running)
    said = [said_text(one) for one in tally.said[-room:]] if room else []
    return _padded([*said, *running], _BOOK_ROWS)


def _padded(rows: Sequence[Text], count: int) -> Sequence[Text]:
    """So many rows, so that what stands below them keeps its place."""
    return [*rows, *(Text() for _ in range(count - len(rows)))]


def _running_text(running: Running) -> Text:
    now = time.time()
    text = Text("  " * running.depth)
    text.append(f"{_SPINNER[int(now * _PER_SECOND) % len(_SPINNER)]} ", style="cyan")
    text.append(running.description)
    if running.nodes:
        filled = round(_BAR * running.done / running.nodes)
        text.append("  ")
        text.append("━" * filled, style="red" if running.failed else "green")
        text.append("━" * (_BAR - filled), style="dim")
        text.append(f" {running.done:,}/{running.nodes:,}")
    return text


def audit_text(found: NodeEntry) -> Text:
    """An entry of a node's audit log, in a line."""
    entry = found.entry
    moment = datetime.fromtimestamp(entry.time_ns // NANOSECONDS, UTC)
    data = one_line(bytes(entry.data).decode(errors="replace"))
    return Text.assemble(
        (f"{moment:%H:%M:%S}  ", "dim"),
        f"{one_line(found.node):8}  ",
        (f"{one_line(entry.agent)}#{one_line(entry.action)} ", "cyan"),
        f"{data}  ",
        (f"by {one_line(entry.caller)}", "dim"),
    )
