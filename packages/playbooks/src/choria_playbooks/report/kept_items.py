"""Items of a report that may be very many: the first and the last are kept.  Pure."""

from collections import deque
from collections.abc import Iterator
from typing import Final

MOST_HEAD_CHARS: Final = 8 << 20
MOST_TAIL_CHARS: Final = 8 << 20


class KeptItems:
    """Takes texts of items; a program that talks without end fills no memory and no disk.

    Attributes:
        left_out: how many items are not kept.
    """

    __slots__ = ("_head", "_head_chars", "_tail", "_tail_chars", "left_out")

    def __init__(self) -> None:
        self.left_out = 0
        self._head: list[str] = []
        self._head_chars = 0
        self._tail: deque[str] = deque()
        self._tail_chars = 0

    def add(self, text: str) -> None:
        """One more; it may push out the oldest of the last ones."""
        if not self._tail and self._head_chars + len(text) <= MOST_HEAD_CHARS:
            self._head.append(text)
            self._head_chars += len(text)
            return
        self._tail.append(text)
        self._tail_chars += len(text)
        while self._tail_chars > MOST_TAIL_CHARS:
            self._tail_chars -= len(self._tail.popleft())
            self.left_out += 1

    def texts(self, gap: str) -> Iterator[str]:
        """All that are kept, with ``gap`` where some are left out."""
        yield from self._head
        if self.left_out:
            yield gap
        yield from self._tail
