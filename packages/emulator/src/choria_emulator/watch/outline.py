"""What is told of a fleet besides its figures.  Pure."""

from msgspec import Struct


class Outline(Struct, frozen=True, kw_only=True):
    """What stays the same while a fleet runs.

    Attributes:
        name: prefix of the nodes' names.
        agents: emulated agents of a node.
        collectives: of a node.
        is_tls: whether connections are encrypted.
        is_verifying: whether the brokers' certificates are verified.
        seed: of all that chance decides.
    """

    name: str
    agents: int = 1
    collectives: int = 1
    is_tls: bool = False
    is_verifying: bool = False
    seed: int = 0
