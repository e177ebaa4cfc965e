"""The live view of a run on a terminal: a tree that grows, and what is going on below it."""

import asyncio
import contextlib
import sys
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Final, Self

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.text import Text

from choria_playbooks.engine.events import Event, Level
from choria_playbooks.view.tree import Running, Said, Tree

_INDENT: Final = "  "
_BAR: Final = 20
_MOST_ROWS: Final = 10
_LEAST_ROOM: Final = 20
_SPINNER: Final = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_PER_SECOND: Final = 8


class LiveView:
    """A listener that draws on standard output, as a context, within a running event loop.

    What is over is printed for good; below it is what is being done, with the nodes that
    answered, drawn anew a few times a second.  Where much is said it is printed as often, so
    that a talkative program costs little more time than a quiet one.

    Args:
        level: log lines below it are not shown.
    """

    def __init__(self, level: Level) -> None:
        self.tree = Tree(level)
        self._console = Console(file=sys.stdout, highlight=False, soft_wrap=False)
        self._live = Live(
            console=self._console,
            refresh_per_second=_PER_SECOND,
            get_renderable=lambda: _Now(self.tree),
            transient=True,
        )
        self._rows: list[Text] = []
        self._printed = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._is_gone = False

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._print()
        with contextlib.suppress(OSError):  # the terminal may be gone
            self._live.stop()

    def __call__(self, event: Event) -> None:
        """Draw what happened."""
        for said in self.tree.take(event):
            self._rows += _said(said, self._console)
        if not self._rows or self._timer is not None:
            return
        left = self._printed + 1 / _PER_SECOND - time.monotonic()
        if left <= 0:
            self._print()
        else:
            self._timer = asyncio.get_running_loop().call_later(left, self._print)

    def _print(self) -> None:
        """Print what was said since the last time; nothing once the terminal is gone."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        rows, self._rows = self._rows, []
        self._printed = time.monotonic()
        if rows and not self._is_gone:
            try:
                self._console.print(Text("\n").join(rows), soft_wrap=True)
            except OSError:
                self._is_gone = True


class _Now:
    """What is going on at this moment."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        rows = self._tree.innermost
        for running in rows[:_MOST_ROWS]:
            row = _running(running, time.time())
            row.truncate(options.max_width, overflow="ellipsis")
            yield row
        if len(rows) > _MOST_ROWS:
            yield Text(f"… and {len(rows) - _MOST_ROWS} more", style="dim")
        for lock, holder in self._tree.waiting.items():
            row = Text(f"◌ waiting for the lock {lock}, which {holder} has", style="yellow")
            row.truncate(options.max_width, overflow="ellipsis")
            yield row


def _said(said: Said, console: Console) -> Iterator[Text]:
    """The lines of what stays; those behind the first stand below its text."""
    lead = Text(_INDENT * said.depth)
    if said.mark:
        lead.append(f"{said.mark} ", style=said.colour)
    text = Text(said.text, style="dim" if said.mark == "│" else "")
    if said.note:
        text.append(f"  {said.note}", style="dim")
    room = max(console.width - lead.cell_len, _LEAST_ROOM)
    if text.cell_len <= room:
        yield lead.append_text(text)
        return
    rest = Text(" " * lead.cell_len)
    for number, row in enumerate(text.wrap(console, room)):
        row.rstrip()
        yield (rest if number else lead) + row


def _running(running: Running, now: float) -> Text:
    seconds = max(now - running.began, 0.0)
    sign = _SPINNER[int(now * _PER_SECOND) % len(_SPINNER)]
    text = Text(_INDENT * running.depth)
    text.append(f"{sign} ", style="cyan")
    text.append(running.description)
    if running.tries > 1:
        text.append(f"  try {running.number} of {running.tries}", style="yellow")
    if running.nodes:
        filled = round(_BAR * running.done / running.nodes)
        text.append("  ")
        text.append("━" * filled, style="red" if running.failed else "green")
        text.append("━" * (_BAR - filled), style="dim")
        text.append(f" {running.done:,}/{running.nodes:,}")
        if running.failed:
            text.append(f", {running.failed:,} failed", style="red")
    text.append(f"  {seconds:.0f} s", style="dim")
    return text
