"""When a registration is due.  Pure.

All times are seconds of one clock that never goes back.

Source: go-choria's registration manager.  There all plugins share the time of the last
publication, so that a second one hardly gets a turn; here each has its own.
"""

from dataclasses import dataclass

LEAST_PAUSE_SECONDS = 1.0
MOST_PAUSE_SECONDS = 4.0
"""A node that has just come first waits so long, more or less."""

_SLACK_SECONDS = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often.

    Attributes:
        interval_seconds: between two registrations; 0 for none at all.
        splay: wait a random part of the interval before the first.
        size_trigger_bytes: change of size that makes one come early; 0 for none.
        size_interval_seconds: between two looks at the size, where there is a trigger.
    """

    interval_seconds: float
    splay: bool = False
    size_trigger_bytes: int = 0
    size_interval_seconds: float = 30.0

    @property
    def is_never(self) -> bool:
        """Whether nothing is registered."""
        return self.interval_seconds <= 0

    @property
    def look_seconds(self) -> float:
        """Between two looks at whether it is due."""
        if self.size_trigger_bytes > 0:
            return max(_SLACK_SECONDS, self.size_interval_seconds)
        return self.interval_seconds

    def first_wait(self, *, splay_share: float, pause_share: float) -> float:
        """Before the first look.

        Args:
            splay_share: drawn from 0 to 1, for each plugin of each node.
            pause_share: likewise.
        """
        pause = LEAST_PAUSE_SECONDS + pause_share * (MOST_PAUSE_SECONDS - LEAST_PAUSE_SECONDS)
        return pause + (splay_share * self.interval_seconds if self.splay else 0.0)


class Turns:
    """The turns of one plugin of one node."""

    __slots__ = ("_last", "_pace", "_size")

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._last: float | None = None
        self._size = 0

    def is_due(self, *, now: float, size_bytes: int) -> bool:
        """Whether to register at this look.

        Args:
            now: that it was planned for.
            size_bytes: of the material; it counts where there is a trigger.
        """
        pace = self._pace
        if pace.is_never:
            return False
        if self._last is None or now - self._last >= pace.interval_seconds - _SLACK_SECONDS:
            return True
        trigger = pace.size_trigger_bytes
        return trigger > 0 and abs(size_bytes - self._size) >= trigger

    def done(self, *, now: float, size_bytes: int) -> None:
        """It was registered, at a look planned for ``now``."""
        self._last = now
        self._size = size_bytes

    def next_look(self, planned: float, *, now: float) -> float:
        """When to look again; looks that were missed are left out.

        Args:
            planned: time of the last look.
            now: the time.
        """
        return max(planned + self._pace.look_seconds, now)
