"""The lifecycle events of nodes.

Tens of thousands tell the same within seconds: what they have in common is written once.
"""

import uuid
from typing import Final, Literal

from choria_core.nats import wire
from choria_core.protocol.lifecycle import Event, encode_bare_event, encode_event
from choria_core.protocol.subjects import lifecycle_event
from choria_core.server.events import COMPONENT
from choria_core.server.served_node import VERSION
from choria_emulator.node.emulated_node import EmulatedNode
from choria_emulator.watch.figures import Counts

Kind = Literal["startup", "shutdown", "alive"]

_NAME: Final = "zq-place-of-the-name-qz"
_ID: Final = "zq-place-of-the-id-qz"


class EventTeller:
    """Publishes events of nodes.

    Args:
        counts: of the process.
        is_legacy: whether events have the older form.
    """

    def __init__(self, counts: Counts, *, is_legacy: bool) -> None:
        self._counts = counts
        self._encode = encode_bare_event if is_legacy else encode_event
        self._written: dict[Kind, tuple[int, list[list[bytes]]]] = {}

    def tell(self, node: EmulatedNode, kind: Kind, *, timestamp: int) -> None:
        """Publish one event, which is lost where the node has no connection.

        Args:
            node: of which it tells.
            kind: of event.
            timestamp: unix seconds.
        """
        body = self.event(node.name, kind, timestamp=timestamp)
        if node.write(wire.publish(_SUBJECTS[kind], b"", b"", body)):
            node.events += 1
            self._counts.events += 1

    def event(self, name: bytes, kind: Kind, *, timestamp: int) -> bytes:
        """An event of the node ``name``, with an id of its own."""
        written = self._written.get(kind)
        if written is None or written[0] != timestamp:
            written = self._written[kind] = (timestamp, self._cut(kind, timestamp))
        own = str(uuid.uuid4()).encode()
        return own.join([name.join(parts) for parts in written[1]])

    def _cut(self, kind: Kind, timestamp: int) -> list[list[bytes]]:
        """What is between the places of the id, and in there between those of the name."""
        event = Event(
            kind=kind,
            event_id=_ID,
            identity=_NAME,
            component=COMPONENT,
            timestamp=timestamp,
            version="" if kind == "shutdown" else VERSION,
        )
        pieces = self._encode(event).split(_ID.encode())
        return [piece.split(_NAME.encode()) for piece in pieces]


_SUBJECTS: Final[dict[Kind, bytes]] = {
    kind: lifecycle_event(kind, COMPONENT).encode() for kind in ("startup", "shutdown", "alive")
}
