"""How much to ask of a pull consumer, and what its answers mean.  Pure.

Several pulls are outstanding on one inbox, so that the source never waits for
us; what was asked for plus what is read and not settled stays below a bound in
messages and below one in bytes.
"""

import json
from dataclasses import dataclass, field
from typing import Final

from choria_core.errors import RemoteProtocolError
from choria_core.nats.headers import parse_headers

NANOSECONDS: Final = 1_000_000_000
EXPIRES_SECONDS: Final = 30
HEARTBEAT_SECONDS: Final = 5
SILENCE_SECONDS: Final = 3.0 * HEARTBEAT_SECONDS
"""A consumer that sends nothing at all for so long is gone."""


@dataclass(slots=True)
class PullWindow:
    """What is asked of one consumer.

    Attributes:
        max_messages: asked plus unsettled messages, at most.
        max_bytes: the same for bodies.
        largest_message_bytes: what the source lets through in one message.
        asked: messages asked for and not delivered yet; who takes a delivery
            counts it down.
    """

    max_messages: int
    max_bytes: int
    largest_message_bytes: int
    asked: int = 0
    _pulls: int = field(default=0, init=False)

    @property
    def batch(self) -> int:
        """Messages per pull."""
        return max(1, self.max_messages // 4)

    @property
    def _bytes_per_pull(self) -> int:
        return max(self.max_bytes // 4, self.largest_message_bytes + 4096)

    def requests(self, *, unsettled_messages: int, unsettled_bytes: int) -> list[bytes]:
        """Bodies of the pull requests to send now."""
        bodies = []
        while self.asked + unsettled_messages + self.batch <= self.max_messages:
            if unsettled_bytes and unsettled_bytes + self._bytes_per_pull > self.max_bytes:
                break
            self.asked += self.batch
            self._pulls += 1
            bodies.append(
                json.dumps(
                    {
                        "batch": self.batch,
                        "max_bytes": self._bytes_per_pull,
                        "expires": EXPIRES_SECONDS * NANOSECONDS,
                        "idle_heartbeat": HEARTBEAT_SECONDS * NANOSECONDS,
                    }
                ).encode()
            )
        return bodies

    def status(self, header: bytes) -> str:
        """Take note of a status message.

        Returns:
            Why the consumer must be made anew; empty when all is well.
        """
        try:
            parsed = parse_headers(header)
        except RemoteProtocolError as error:
            return str(error)
        if parsed.status == 100:
            return ""
        unfilled = parsed.headers.get("Nats-Pending-Messages", "")
        if unfilled.isdigit():  # one pull is over, the consumer is well
            self.asked = max(0, self.asked - int(unfilled))
            return ""
        return f"the source says {parsed.status} {parsed.description}".rstrip()
