"""Where a copy begins that has nothing to go on from.  Pure.

What the settings say is resolved once, against the source as it is then, and
kept in the consumer's metadata: "at the end" must mean the same place when the
process starts again before the first copy was made.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from choria_core.timestamps import format_rfc3339_ms
from choria_replicator.settings.model import Start, StartDelta, StartEnd, StartSequence, StartTime


@dataclass(frozen=True, slots=True)
class StartPoint:
    """A place in the source.

    Attributes:
        setting: the setting it was made from, as one word.
        sequence: first sequence to read; None when time or the beginning decides.
        time_ms: oldest time to read; None when not by time.
    """

    setting: str
    sequence: int | None = None
    time_ms: int | None = None

    def __str__(self) -> str:
        """For people: ``source message 5``."""
        if self.sequence is not None:
            return f"source message {self.sequence}"
        if self.time_ms is not None:
            return f"messages of {format_rfc3339_ms(self.time_ms)} on"
        return "the start"

    def deliver(self) -> Mapping[str, Any]:
        """The delivery policy in consumer configuration keys."""
        if self.sequence is not None:
            return from_sequence(self.sequence)
        if self.time_ms is not None:
            return {
                "deliver_policy": "by_start_time",
                "opt_start_time": format_rfc3339_ms(self.time_ms),
            }
        return {"deliver_policy": "all"}

    def format(self) -> str:
        """One line that :func:`parse_start_point` reads back."""
        return f"{self.setting} {self.sequence or '-'} {self.time_ms or '-'}"


def resolve(start: Start, *, now_ms: int, last_sequence: int) -> StartPoint:
    """The place that the setting means now, by the source's clock and its last sequence."""
    match start:
        case StartSequence(sequence):
            return StartPoint(word_of(start), sequence=max(1, sequence))
        case StartTime(unix_ms):
            return StartPoint(word_of(start), time_ms=unix_ms)
        case StartDelta(seconds):
            return StartPoint(word_of(start), time_ms=now_ms - round(seconds * 1000))
        case StartEnd():
            return StartPoint(word_of(start), sequence=last_sequence + 1)
    return StartPoint(word_of(start))


def word_of(start: Start) -> str:
    """The setting as one word, for people and for the metadata."""
    match start:
        case StartSequence(sequence):
            return f"sequence:{sequence}"
        case StartTime(unix_ms):
            return f"time:{unix_ms}"
        case StartDelta(seconds):
            return f"delta:{seconds:g}s"
        case StartEnd():
            return "end"
    return "all"


def parse_start_point(text: str, setting: Start) -> StartPoint | None:
    """The place kept in metadata; None when it was made from another setting, or unreadable."""
    parts = text.split(" ")
    if len(parts) != 3 or parts[0] != word_of(setting):
        return None
    if not all(part == "-" or (part.isascii() and part.isdecimal()) for part in parts[1:]):
        return None
    sequence, time_ms = (None if part == "-" else int(part) for part in parts[1:])
    return StartPoint(parts[0], sequence, time_ms)


def from_sequence(sequence: int) -> Mapping[str, Any]:
    """The delivery policy that begins at ``sequence``."""
    return {"deliver_policy": "by_start_sequence", "opt_start_seq": sequence}
