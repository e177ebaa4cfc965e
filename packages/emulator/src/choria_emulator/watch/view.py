"""A fleet on the terminal of whoever started it, or in its log.

    with opened_view(Console(stderr=True)) as view:
        view.show(figures)  # twice a second

On a terminal there is a live view, with ``NO_COLOR`` a plain one; elsewhere there are log
lines, one at each change of stage and every ten seconds in between.  Standard output stays
free for results.
"""

import contextlib
from collections.abc import Iterator
from typing import Final, Protocol

import structlog
from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from choria_emulator.watch.figures import FleetFigures
from choria_emulator.watch.health import last_failure
from choria_emulator.watch.history import History, Moment
from choria_emulator.watch.screen import remaining_seconds, screen

LINE_SECONDS: Final = 10.0
_DRAWS_PER_SECOND: Final = 2


class View(Protocol):
    """What is shown figures."""

    def show(self, figures: FleetFigures) -> None:
        """Show these figures from now on."""


class LiveView:
    """Draws the last figures whenever the terminal is drawn."""

    def __init__(self) -> None:
        self._history = History()
        self._figures: FleetFigures | None = None

    def show(self, figures: FleetFigures) -> None:
        """Show these figures from now on."""
        self._figures = figures
        self._history.add(figures)

    def __rich__(self) -> RenderableType:
        if self._figures is None or self._history.latest is None:
            return Text("starting", style="dim")
        return screen(self._figures, self._history.latest, self._history.latest_with_replies)


class LineView:
    """Writes a log line when the stage changes, and now and then in between.

    A fleet that stands still and has nothing to do is told of once.
    """

    def __init__(self) -> None:
        self._history = History()
        self._log = structlog.get_logger("emulator")
        self._stage: tuple[str, bool] | None = None
        self._told_at = 0.0
        self._told: dict[str, object] = {}

    def show(self, figures: FleetFigures) -> None:
        """Tell of these figures, if it is time to."""
        moment = self._history.add(figures)
        stage = (figures.stage, figures.is_ready)
        is_new = stage != self._stage
        if not is_new and abs(figures.time - self._told_at) < LINE_SECONDS:
            return
        self._stage = stage
        self._told_at = figures.time
        line = self._line(figures, moment)
        if is_new or _news(line) != _news(self._told):
            tell = self._log.info if "last_failure" not in line else self._log.warning
            tell("ready" if figures.is_ready else figures.stage, **line)
        self._told = line

    def _line(self, figures: FleetFigures, moment: Moment) -> dict[str, object]:
        line: dict[str, object] = {
            "wanted": figures.wanted,
            "connected": figures.connected,
            "ready": figures.ready,
        }
        if figures.connected < figures.wanted:
            remaining = remaining_seconds(figures, moment)
            line["connects_per_s"] = round(moment.connects_per_s)
            line["remaining_s"] = None if remaining is None else round(remaining)
            line["failed_connects"] = figures.counts.failed_connects
            if failure := last_failure(figures):
                line["last_failure"] = failure
            return line
        return line | {
            "requests": figures.counts.requests,
            "replies": figures.counts.replies,
            "requests_per_s": round(moment.requests_per_s),
            "replies_per_s": round(moment.replies_per_s),
            "memory_bytes": moment.memory_bytes,
            "broker_memory_bytes": moment.broker_memory_bytes,
        }


@contextlib.contextmanager
def opened_view(console: Console) -> Iterator[View]:
    """A view of the kind that ``console`` can show; the last picture stays when it closes."""
    if not console.is_terminal:
        yield LineView()
        return
    view = LiveView()
    with Live(view, console=console, refresh_per_second=_DRAWS_PER_SECOND):
        yield view


def _news(line: dict[str, object]) -> dict[str, object]:
    """What is worth another line: memory alone, which always moves a little, is not."""
    return {name: value for name, value in line.items() if not name.endswith("memory_bytes")}
