"""What verification found out about the sender of a message.  Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VerifiedSender:
    """Who sent a message, beyond doubt.

    Attributes:
        name: caller id of a client, identity of a node.
        credential_names: what the certificate or token itself says; another
            than ``name`` where a privileged certificate calls as someone else.
        is_privileged: whether it may call as anyone.
    """

    name: str
    credential_names: tuple[str, ...]
    is_privileged: bool = False
