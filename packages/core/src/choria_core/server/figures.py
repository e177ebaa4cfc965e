"""What a server counts beside its requests."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Figures:
    """Counts since the start.

    Attributes:
        refusals: requests that could not be opened, by reason.
        failures: requests that ended in an error of ours.
        lost_replies: replies for which there was no connection.
        large_replies: replies that were larger than the broker takes.
        lost_audits: entries of the audit log that could not be kept.
        last_message: unix time of the last request, in seconds; 0 before the first.
        in_messages, in_bytes: that came from the network.
        out_messages, out_bytes: that went there.
        events: lifecycle events published.
        registrations: published.
        lost_registrations: for which there was no connection, or which were too large.
    """

    refusals: Counter[str] = field(default_factory=Counter)
    failures: int = 0
    lost_replies: int = 0
    large_replies: int = 0
    lost_audits: int = 0
    last_message: int = 0
    in_messages: int = 0
    in_bytes: int = 0
    out_messages: int = 0
    out_bytes: int = 0
    events: int = 0
    registrations: int = 0
    lost_registrations: int = 0

    def lose_audit(self) -> None:
        """Count one more entry that could not be kept."""
        self.lost_audits += 1
