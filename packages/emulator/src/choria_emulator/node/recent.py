"""What is remembered of requests that came lately, within a number and a size.  Pure."""

from collections import OrderedDict
from typing import Final, Generic, TypeVar

Value = TypeVar("Value")

MOST_REQUESTS: Final = 1_024
MOST_BYTES: Final = 32_000_000


class Recent(Generic[Value]):
    """Values by the bytes of their requests; the oldest are forgotten first.

    Args:
        most: requests.
        most_bytes: of them and their values together; the latest is kept whatever its size.
    """

    __slots__ = ("_held", "_most", "_most_bytes", "size_bytes")

    def __init__(self, *, most: int = MOST_REQUESTS, most_bytes: int = MOST_BYTES) -> None:
        self._held: OrderedDict[bytes, tuple[Value, int]] = OrderedDict()
        self._most = most
        self._most_bytes = most_bytes
        self.size_bytes = 0
        """Of all that is remembered, roughly."""

    def __len__(self) -> int:
        return len(self._held)

    def get(self, body: bytes) -> Value | None:
        """What is remembered of the request ``body``."""
        found = self._held.get(body)
        return None if found is None else found[0]

    def put(self, body: bytes, value: Value, *, size_bytes: int) -> None:
        """Remember ``value``, which takes so many bytes with its request, in place of others."""
        _, former = self._held.get(body, (None, 0))
        self._held[body] = value, size_bytes
        self.size_bytes += size_bytes - former
        while len(self._held) > self._most or self.size_bytes > self._most_bytes:
            if len(self._held) == 1:
                return
            _, (_, freed) = self._held.popitem(last=False)
            self.size_bytes -= freed
