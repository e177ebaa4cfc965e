"""What a program writes, as lines; however much it is, what is kept is bounded.  Pure."""

from collections import deque
from collections.abc import Callable
from typing import Final

MOST_LINE_BYTES: Final = 1 << 20
MOST_HEAD_BYTES: Final = 8 << 20
MOST_TAIL_BYTES: Final = 8 << 20

_LINE_COST: Final = 80
"""Bytes that a line costs beyond its text, so that empty lines are bounded too."""


class Output:
    """Takes bytes as they come and makes lines of them.

    Bytes that are no UTF-8 become U+FFFD.  What a line has beyond :data:`MOST_LINE_BYTES` is
    dropped, and the line says so at its end.  All lines are told; of many, the first and the
    last are kept, with a line between them that says how many are not.

    Args:
        on_line: told each line as soon as it is whole.
    """

    def __init__(self, on_line: Callable[[str], None] | None = None) -> None:
        self._on_line = on_line
        self._rest = bytearray()
        self._cut_bytes = 0
        self._head: list[str] = []
        self._head_bytes = 0
        self._tail: deque[str] = deque()
        self._tail_bytes = 0
        self._left_out = 0

    def take(self, data: bytes) -> None:
        """Some more bytes."""
        *whole, rest = data.split(b"\n")
        for part in whole:
            self._add(part)
            self._end_line()
        self._add(rest)

    def end(self) -> tuple[str, ...]:
        """No more comes: a last line without an end counts too.

        Returns:
            The lines that were kept.
        """
        if self._rest or self._cut_bytes:
            self._end_line()
        if not self._left_out:
            return (*self._head, *self._tail)
        return (*self._head, f"[{self._left_out} lines are not kept]", *self._tail)

    def _add(self, part: bytes) -> None:
        room = MOST_LINE_BYTES - len(self._rest)
        self._rest += part[:room]
        self._cut_bytes += max(len(part) - room, 0)

    def _end_line(self) -> None:
        text = self._rest.decode("utf-8", "replace")
        if self._cut_bytes:
            text += f" [{self._cut_bytes} more bytes are not kept]"
        else:
            text = text.removesuffix("\r")
        self._rest.clear()
        self._cut_bytes = 0
        self._keep(text)
        if self._on_line is not None:
            self._on_line(text)

    def _keep(self, text: str) -> None:
        size = len(text) + _LINE_COST
        if not self._tail and self._head_bytes + size <= MOST_HEAD_BYTES:
            self._head.append(text)
            self._head_bytes += size
            return
        self._tail.append(text)
        self._tail_bytes += size
        while self._tail_bytes > MOST_TAIL_BYTES:
            self._tail_bytes -= len(self._tail.popleft()) + _LINE_COST
            self._left_out += 1
