"""What has been read, and up to where it is settled.  Pure.

Reading runs ahead of confirmation.  After each handful of messages the copier
leaves a *mark*: so many published, read up to here.  When the target confirms,
the newest mark that is wholly confirmed is the *frontier*: every source message
up to it is on the target or was skipped on purpose, and only that may be
acknowledged, stored or counted.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

Decision = tuple[str, int, int]
"""A sampled value that was let through: value, source milliseconds, body bytes."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A point of the reading.

    Attributes:
        published: messages given to the writer so far, in this incarnation.
        read_sequence: last source sequence read.
        read_timestamp_ms: its time.
        copied_sequence: source sequence of the last message given to the writer;
            0 when there was none yet.
        published_bytes: sum of their bodies.
        skipped, skipped_bytes: sampled away so far, and not counted before.
        keyless: what the limiter has let pass so far for want of a value.
        read_messages: messages read so far.
        oldest_timestamp_ms: time of the first message since the mark before.
        moment: local monotonic seconds, for processing times.
        decisions: what the limiter let through since the mark before.
        replies: acknowledgement subjects since the mark before: of each
            message where each is acknowledged by itself, else of the last.
    """

    published: int
    read_sequence: int
    read_timestamp_ms: int
    copied_sequence: int
    published_bytes: int = 0
    skipped: int = 0
    skipped_bytes: int = 0
    keyless: int = 0
    read_messages: int = 0
    oldest_timestamp_ms: int = 0
    moment: float = 0.0
    decisions: Sequence[Decision] = ()
    replies: Sequence[bytes] = ()


@dataclass(slots=True)
class Cursor:
    """The marks of one incarnation of a copy."""

    frontier: Mark
    _marks: deque[Mark] = field(default_factory=deque, init=False)

    @property
    def newest(self) -> Mark:
        """The last mark left, or the frontier."""
        return self._marks[-1] if self._marks else self.frontier

    @property
    def oldest_unsettled_ms(self) -> int:
        """Time of the oldest message read and not settled; 0 when there is none."""
        return self._marks[0].oldest_timestamp_ms if self._marks else 0

    @property
    def unconfirmed_messages(self) -> int:
        """Published and not known to be stored."""
        return self.newest.published - self.frontier.published

    @property
    def unconfirmed_bytes(self) -> int:
        """Their bodies."""
        return self.newest.published_bytes - self.frontier.published_bytes

    @property
    def unsettled_messages(self) -> int:
        """Read and not behind the frontier."""
        return self.newest.read_messages - self.frontier.read_messages

    def unconfirmed_among(self, published: int) -> tuple[int, int]:
        """How many of the first ``published`` messages are not known to be stored, and their bytes.

        Within a mark the bytes are shared out evenly.
        """
        below = self.frontier
        messages = size = 0
        for mark in self._marks:
            here = mark.published - below.published
            among = min(here, published - below.published)
            if among > 0:
                messages += among
                size += (mark.published_bytes - below.published_bytes) * among // here
            below = mark
        return messages, size

    def leave(self, mark: Mark) -> None:
        """Leave a mark; numbers never go down from one to the next."""
        self._marks.append(mark)

    def confirm(self, published: int) -> list[Mark]:
        """Take note that the first ``published`` messages are stored.

        Returns:
            The marks that this settles, oldest first; the last is the new frontier.
        """
        settled: list[Mark] = []
        marks = self._marks
        while marks and marks[0].published <= published:
            settled.append(marks.popleft())
        if settled:
            self.frontier = settled[-1]
        return settled
