"""Colours of what is printed.  Pure.

A renderer is given a function that colours; :func:`plain` leaves texts alone, for
files, pipes and people who want none.
"""

from collections.abc import Callable
from typing import Final

Paint = Callable[[str, str], str]
"""``paint(text, colour)``."""

_CODES: Final = {"red": 31, "green": 32, "yellow": 33, "bold": 1}


def plain(text: str, _colour: str) -> str:
    """The text as it is."""
    return text


def ansi(text: str, colour: str) -> str:
    """The text in a colour of the terminal."""
    return f"\x1b[{_CODES[colour]}m{text}\x1b[0m"
