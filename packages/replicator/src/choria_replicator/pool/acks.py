"""What a pool's worker tells the source of each message: done, or again later.  Pure."""

from typing import Final

from choria_core.backoff import Backoff
from choria_core.nats.jetstream import NANOSECONDS

REDELIVERY: Final = Backoff(first_seconds=0.5, cap_seconds=20.0)
"""How long the source waits with a message that comes again, by its deliveries."""


class PoolAcks:
    """Acknowledgements made and not sent yet.

    Attributes:
        settled: messages acknowledged so far.
    """

    def __init__(self) -> None:
        self.settled = 0
        self._frames: list[bytes] = []
        self._settled_before = 0

    def acknowledge(self, reply: bytes) -> None:
        """The message is settled; ``reply`` is its acknowledgement subject."""
        self.settled += 1
        self._frames.append(b"PUB %b 0\r\n\r\n" % reply)

    def refuse(self, reply: bytes, deliveries: int, random: float) -> None:
        """The message is to come again.

        Args:
            reply: its acknowledgement subject.
            deliveries: how often it was delivered, from 1.
            random: a fresh random number from 0 to 1.
        """
        seconds = REDELIVERY.delay(deliveries - 1, random)
        body = b'-NAK {"delay": %d}' % (seconds * NANOSECONDS)
        self._frames.append(b"PUB %b %d\r\n%b\r\n" % (reply, len(body), body))

    @property
    def unsent(self) -> int:
        """Messages acknowledged since the last :meth:`take`."""
        return self.settled - self._settled_before

    def take(self) -> bytes:
        """The frames for the source since the last call."""
        frames, self._frames = self._frames, []
        self._settled_before = self.settled
        return b"".join(frames)
