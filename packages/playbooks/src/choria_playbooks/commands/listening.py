"""Who is told of a run: terminal, standard error, JSON, the report."""

import contextlib
import io
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import typer

from choria_core.errors import UsageError
from choria_playbooks.engine.events import CONTAINERS, Event, Level, Line, RunEnded, StepEnded

if TYPE_CHECKING:
    from choria_playbooks.book.model import Book
    from choria_playbooks.commands.run_options import TellingOptions
    from choria_playbooks.engine.request import Listener


@dataclass(slots=True)
class Tally:
    """A listener that counts.

    Attributes:
        tasks: that ran.
        ended: how it ended.
    """

    tasks: int = 0
    ended: RunEnded | None = None
    started: float = field(default_factory=time.time)

    def __call__(self, event: Event) -> None:
        """Take an event."""
        if isinstance(event, StepEnded):
            self.tasks += event.started > 0 and event.type not in CONTAINERS
        elif isinstance(event, RunEnded):
            self.ended = event


def chosen_level(tells: "TellingOptions", book: "Book") -> Level:
    """The level of log lines.

    An option wins over the book, and ``--loglevel`` over ``-v``.

    Raises:
        UsageError: there is no such level.
    """
    from choria_playbooks.view.log_lines import level_of

    name = tells.loglevel or ("debug" if tells.verbose else book.metadata.loglevel)
    try:
        return level_of(name)
    except KeyError:
        known = ", ".join(level.name.lower() for level in Level)
        raise UsageError(f"--loglevel: {name!r} is none of {known}") from None


@contextlib.contextmanager
def listening(
    tells: "TellingOptions", book: "Book", *, is_check: bool, asks: bool
) -> "Iterator[list[Listener]]":
    """Those who listen, while the book runs.

    Args:
        tells: options.
        book: that runs.
        is_check: nothing is done, so what would be is all there is to tell.
        asks: questions are asked, so nothing may draw over them.

    Raises:
        UsageError: the report is there already, or cannot be made, or nothing is done.
    """
    level = chosen_level(tells, book)
    listeners: list[Listener] = []
    file = report_file(tells, book)
    if file is not None and is_check:
        raise UsageError(
            "--check does nothing that a report could tell of, or a run go on from: leave out "
            "--report, or take --json"
        )
    with contextlib.ExitStack() as stack:
        if file is not None:
            from choria_playbooks.report.report_file import ReportFile

            listeners.append(ReportFile(file, digest=book.digest))
            stack.callback(_forget_empty, file)
        if tells.as_json:
            _speak_unicode()
            listeners.append(_while_heard(_print_json, sys.stdout))
        elif sys.stdout.isatty() and not (is_check or asks):
            from choria_playbooks.view.live import LiveView

            view = stack.enter_context(LiveView(_quieter(level)))
            listeners.append(_while_heard(view, sys.stdout))
        elif is_check or asks:
            listeners.append(_while_heard(_tree_printer(_quieter(level)), sys.stdout))
        else:
            printer = _log_printer(book.metadata.name, level)
            listeners.append(_while_heard(printer, sys.stderr))
        yield listeners


def say_error(text: str) -> None:
    """Say on standard error why a run failed, as the program says errors."""
    typer.secho(f"error: {text}", err=True, fg=None if os.environ.get("NO_COLOR") else "red")


def report_file(tells: "TellingOptions", book: "Book") -> Path | None:
    """Where the report goes; None for none."""
    if tells.report_file is not None:
        return tells.report_file
    if not tells.report:
        return None
    from choria_playbooks.report.report_file import usual_path

    return usual_path(book.metadata.name, time=time.time())


def _forget_empty(file: Path) -> None:
    """Remove the report of a run that did not begin."""
    with contextlib.suppress(OSError):
        if not file.stat().st_size:
            file.unlink()


@contextlib.contextmanager
def heard(stream: TextIO) -> Iterator[None]:
    """Within the block it is no error that nobody reads ``stream`` any more: it goes nowhere."""
    try:
        yield
        stream.flush()
    except OSError:
        _silence(stream)


def _silence(stream: TextIO) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _while_heard(listener: "Listener", stream: TextIO) -> "Listener":
    """``listener``, which prints on ``stream``; a run goes on without readers."""

    def take(event: Event) -> None:
        try:  # as `heard`, in a third of its time: there are six events for each task
            listener(event)
            stream.flush()
        except OSError:
            _silence(stream)

    return take


def _quieter(level: Level) -> Level:
    """In a tree what happens is seen: the usual lines would say it again."""
    return Level.WARN if level is Level.INFO else level


def _speak_unicode() -> None:
    """JSON is UTF-8 whatever the terminal is."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")


def _print_json(event: Event) -> None:
    from choria_playbooks.view.json_lines import json_line

    sys.stdout.write(f"{json_line(event)}\n")


def _tree_printer(level: Level) -> "Listener":
    from choria_playbooks.view.tree import Tree

    tree = Tree(level)

    def take(event: Event) -> None:
        for said in tree.take(event):
            note = f"  {said.note}" if said.note else ""
            typer.echo(f"{'  ' * said.depth}{said.mark} {said.text}{note}")

    return take


def _log_printer(book: str, level: Level) -> "Listener":
    from choria_core.presentation.colours import ansi, plain
    from choria_playbooks.view.log_lines import log_line

    has_colours = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    paint = ansi if has_colours else plain

    def take(event: Event) -> None:
        if isinstance(event, Line) and event.level >= level:
            sys.stderr.write(f"{log_line(event, book, paint=paint)}\n")

    return take
