"""A broker as nodes see it."""

from choria_core.nats.endpoint import ServerAddress
from choria_emulator.node.emulated_agents import Limits


class Broker:
    """One server that nodes connect to.

    Args:
        address: of its client port.
        limits: told of the largest message that it takes.

    Attributes:
        url: of its client port.
        max_payload_bytes: as it said last; 0 before.
    """

    __slots__ = ("_limits", "address", "max_payload_bytes", "url")

    def __init__(self, address: ServerAddress, limits: Limits) -> None:
        self.address = address
        self.url = str(address)
        self.max_payload_bytes = 0
        self._limits = limits

    def takes(self, max_payload_bytes: int) -> None:
        """Note the largest message that it says it takes."""
        self.max_payload_bytes = max_payload_bytes
        self._limits.max_payload_bytes = max(self._limits.max_payload_bytes, max_payload_bytes)
