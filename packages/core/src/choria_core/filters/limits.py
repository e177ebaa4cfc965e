"""What the filters of one request may cost, and the error when they cost more.  Pure.

Work is counted in steps, so that the outcome is the same on every machine: one for
each part of an expression each time it is reached, for each element that a path
visits, and for each 64 bytes of text that are read or written.  The work of regular
expressions is counted apart, as characters of text times instructions of the
pattern.
"""

from choria_core.errors import RemoteProtocolError

PATTERNS = 32
PATTERN_BYTES = 512
PATTERN_MEMORY_BYTES = 256 * 1024
EXPRESSION_BYTES = 4096
EXPRESSION_DEPTH = 50
STEPS = 10_000
VALUE_BYTES = 64 * 1024
PATH_BYTES = 512
SCANS = 32 * 1024 * 1024  # characters times instructions: half a second at the very worst

_SCALAR_BYTES = 8
_BYTES_A_STEP = 64


class FilterError(RemoteProtocolError):
    """A filter cannot be evaluated: malformed, of wrong types, or beyond a limit."""


class Meter:
    """Counts the work done for one request at one node."""

    __slots__ = ("_patterns", "scans_left", "steps_left")

    def __init__(self) -> None:
        self.steps_left = STEPS
        self.scans_left = SCANS
        self._patterns: set[str] = set()

    def spend(self, steps: int) -> None:
        """Count ``steps``.

        Raises:
            FilterError: there are not that many left.
        """
        self.steps_left -= steps
        if self.steps_left < 0:
            raise FilterError(f"more than {STEPS} evaluation steps")

    def read(self, text: str) -> None:
        """Count the reading of a text.

        Raises:
            FilterError: not enough steps left.
        """
        if len(text) >= _BYTES_A_STEP:
            self.spend(len(text) // _BYTES_A_STEP)

    def scan(self, work: int) -> None:
        """Count a search, ``work`` being characters times instructions.

        Raises:
            FilterError: the request searched too much.
        """
        self.scans_left -= work
        if self.scans_left < 0:
            raise FilterError("too much text for its patterns")

    def admit_pattern(self, pattern: str) -> None:
        """Count a pattern that the request brings, each text once.

        Raises:
            FilterError: the request has too many.
        """
        self._patterns.add(pattern)
        if len(self._patterns) > PATTERNS:
            raise FilterError(f"more than {PATTERNS} patterns")

    def admit(self, value: object) -> object:
        """``value``, after its size was checked and counted.

        Raises:
            FilterError: it is larger than a value may be, or the steps ran out.
        """
        kind = type(value)
        if kind is str:
            self.admit_bytes(len(value))  # type: ignore[arg-type]
        elif kind is list or kind is dict:
            self.admit_bytes(self._size(value, VALUE_BYTES))
        return value

    def admit_bytes(self, size: int) -> None:
        """Count a value of ``size`` bytes before it is made.

        Raises:
            FilterError: it would be too large, or the steps ran out.
        """
        if size > VALUE_BYTES:
            raise FilterError(f"a value of more than {VALUE_BYTES} bytes")
        if size >= _BYTES_A_STEP:
            self.spend(size // _BYTES_A_STEP)

    def _size(self, value: object, room: int) -> int:
        """Bytes of ``value``, walked no further than a little beyond ``room``."""
        size, depth, level = 0, 0, [value]
        while level and size <= room:
            depth += 1
            if depth > EXPRESSION_DEPTH:
                raise FilterError(f"a value nested deeper than {EXPRESSION_DEPTH}")
            below: list[object] = []
            for one in level:
                size += _SCALAR_BYTES
                if size > room:
                    break
                if isinstance(one, str):
                    size += len(one)
                elif isinstance(one, list):
                    below += one[:room]
                elif isinstance(one, dict):
                    size += sum(len(key) if isinstance(key, str) else _SCALAR_BYTES for key in one)
                    below += one.values()
            level = below
        return size
