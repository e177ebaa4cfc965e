"""The newest message of a target stream.  Pure."""

from dataclasses import dataclass

from choria_replicator.message.provenance import Provenance


@dataclass(frozen=True, slots=True)
class Tail:
    """The newest message that the target still holds.

    Attributes:
        sequence: on the target.
        subject: its subject.
        provenance: its origin; None where it does not say, or says nonsense.
        message_id: its ``Nats-Msg-Id``; empty for none.
        is_linked: it says what had to be before it, as all that an ordered copy
            writes does, and nothing that the original or a pool writes.
    """

    sequence: int
    subject: str
    provenance: Provenance | None
    message_id: str = ""
    is_linked: bool = False
