"""The lifecycle events of nodes."""

import uuid
from typing import Literal

from choria_core.nats import wire
from choria_core.protocol.lifecycle import Event, encode_bare_event, encode_event
from choria_core.protocol.subjects import lifecycle_event
from choria_core.server.events import COMPONENT
from choria_core.server.served_node import VERSION
from choria_emulator.node.emulated_node import EmulatedNode
from choria_emulator.watch.figures import Counts

Kind = Literal["startup", "shutdown", "alive"]


class EventTeller:
    """Publishes events of nodes.

    Args:
        counts: of the process.
        is_legacy: whether events have the older form.
    """

    def __init__(self, counts: Counts, *, is_legacy: bool) -> None:
        self._counts = counts
        self._encode = encode_bare_event if is_legacy else encode_event

    def tell(self, node: EmulatedNode, kind: Kind, *, timestamp: int) -> None:
        """Publish one event, which is lost where the node has no connection.

        Args:
            node: of which it tells.
            kind: of event.
            timestamp: unix seconds.
        """
        event = Event(
            kind=kind,
            event_id=str(uuid.uuid4()),
            identity=node.identity,
            component=COMPONENT,
            timestamp=timestamp,
            version="" if kind == "shutdown" else VERSION,
        )
        subject = lifecycle_event(kind, COMPONENT).encode()
        if node.write(wire.publish(subject, b"", b"", self._encode(event))):
            node.events += 1
            self._counts.events += 1
