"""How long to wait before the next attempt.  Pure.

The delays grow by a fixed factor up to a cap and stay there, so that retrying
never ends.  Jitter only shortens a delay: the first one is never longer than
``first_seconds`` and none is longer than ``cap_seconds``, while clients that
lost the same server spread out.
"""

from dataclasses import dataclass

from choria_core.errors import LocalProtocolError

_LARGEST_EXPONENT = 64
"""Beyond it any sensible cap is reached; keeps the power from overflowing."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Jittered, endless delays.

    Attributes:
        first_seconds: longest delay before the second attempt.
        cap_seconds: longest delay ever.
        factor: growth from one delay to the next, 1 to 16.
        jitter: share of a delay that chance may take away, 0 to 1.
    """

    first_seconds: float = 0.1
    cap_seconds: float = 5.0
    factor: float = 2.0
    jitter: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.first_seconds <= self.cap_seconds:
            raise LocalProtocolError("backoff needs 0 < first_seconds <= cap_seconds")
        if not 1 <= self.factor <= 16:
            raise LocalProtocolError("backoff needs a factor from 1 to 16")
        if not 0 <= self.jitter <= 1:
            raise LocalProtocolError("backoff needs a jitter from 0 to 1")

    def delay(self, attempt: int, random: float) -> float:
        """Seconds to wait after failed attempt number ``attempt``, counted from 0.

        Args:
            attempt: how many attempts have failed before this one; 0 or more.
            random: a fresh random number from 0 to 1.
        """
        exponent = min(max(attempt, 0), _LARGEST_EXPONENT)
        longest = min(self.cap_seconds, self.first_seconds * self.factor**exponent)
        return longest * (1 - self.jitter * random)
