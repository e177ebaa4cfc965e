"""What one adapter counts.  Pure."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Figures:
    """Counts since the start.

    What came in is sooner or later published, dropped, refused or lost:
    ``received = published + dropped + refused + lost + waiting``.

    Attributes:
        received, received_bytes: that came from the network.
        dropped: for which there was no room in the queue.
        refusals: messages that were not believed or understood, by reason.
        sent: handed to the stream's connection for the first time.
        published, published_bytes: that a stream acknowledged.
        duplicates: of those, that the stream held already.
        retries: publishes of something that was published before.
        lost: by reason; published and not acknowledged in time, or refused by the stream.
        slow_cuts: connections that the broker cut because we read too slowly.
        ingest_losses: connections to the network that ended otherwise.
        input_seconds: spent on taking messages out of their envelopes.
        output_seconds, output_count: from publishing to acknowledgement, added up.
    """

    received: int = 0
    received_bytes: int = 0
    dropped: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    published: int = 0
    published_bytes: int = 0
    duplicates: int = 0
    retries: int = 0
    lost: Counter[str] = field(default_factory=Counter)
    slow_cuts: int = 0
    ingest_losses: int = 0
    input_seconds: float = 0.0
    output_seconds: float = 0.0

    @property
    def refused(self) -> int:
        """All that was refused."""
        return self.refusals.total()
