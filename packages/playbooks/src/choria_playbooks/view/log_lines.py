"""Log lines as the original wrote them: ``I 12:00:00: deploy#prep.nodes   MESSAGE``.  Pure."""

from datetime import datetime, tzinfo
from typing import Final

from choria_core.presentation.colours import Paint, plain
from choria_core.presentation.safe_text import one_line
from choria_playbooks.engine.events import Level, Line

_LETTERS: Final = {
    Level.DEBUG: "D",
    Level.INFO: "I",
    Level.WARN: "W",
    Level.ERROR: "E",
    Level.FATAL: "F",
}
_COLOURS: Final = {
    Level.INFO: "green",
    Level.WARN: "yellow",
    Level.ERROR: "red",
    Level.FATAL: "red",
}
_WIDTH: Final = 25


def log_line(line: Line, book: str, *, zone: tzinfo | None = None, paint: Paint = plain) -> str:
    """One line, without its end.

    Args:
        line: what happened.
        book: name of the playbook.
        zone: of the clock; the machine's own where None.
        paint: colours the letter.
    """
    letter = _LETTERS[line.level]
    colour = _COLOURS.get(line.level)
    clock = datetime.fromtimestamp(line.time, zone)
    place = one_line(f"{book}#{line.context}")
    shown = paint(letter, colour) if colour else letter
    return f"{shown} {clock:%H:%M:%S}: {place:<{_WIDTH}} {one_line(line.text)}"


def level_of(name: str) -> Level:
    """The level of a name that books and options use: ``debug`` … ``fatal``."""
    return Level[name.upper()]
