"""Warnings about strangers, at a pace that strangers do not set."""

from collections.abc import Callable
from typing import Final

from choria_core.protocol.messages import NANOSECONDS
from choria_core.telemetry.logs import get_logger

_SPAN_NS: Final = NANOSECONDS


class SparingLog:
    """Writes one warning of a kind each second; the next says how many were left out.

    Args:
        clock_ns: unix time.
        logger: name of the log.
    """

    __slots__ = ("_clock_ns", "_kinds", "_log")

    def __init__(self, clock_ns: Callable[[], int], *, logger: str = "choria.server") -> None:
        self._log = get_logger(logger)
        self._clock_ns = clock_ns
        self._kinds: dict[str, tuple[int, int]] = {}  # when it was written, and those since

    def warning(self, kind: str, **details: object) -> None:
        """Warn, unless that was done just now; ``kind`` is one of a few fixed texts."""
        now_ns = self._clock_ns()
        written_ns, left_out = self._kinds.get(kind, (now_ns - _SPAN_NS, 0))
        if 0 <= now_ns - written_ns < _SPAN_NS:
            self._kinds[kind] = (written_ns, left_out + 1)
            return
        self._kinds[kind] = (now_ns, 0)
        if left_out:
            details["left_out"] = left_out
        self._log.warning(kind, **details)
