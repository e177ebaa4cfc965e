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
    """

    sequence: int
    subject: str
    provenance: Provenance | None
    message_id: str = ""
