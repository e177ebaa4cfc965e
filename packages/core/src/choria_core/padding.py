"""How wide columns are padded, whatever is in them.  Pure."""

from collections.abc import Iterable
from typing import Final

MAX_PADDED: Final = 200
"""Columns of a terminal; a longer text sticks out, and the others are not padded for it."""


def padded_width(lengths: Iterable[int]) -> int:
    """The width of the widest text that others are padded to."""
    return max((length for length in lengths if length <= MAX_PADDED), default=0)
