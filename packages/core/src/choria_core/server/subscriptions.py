"""What a node listens to.  Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from choria_core.protocol import subjects


@dataclass(frozen=True, slots=True)
class Interest:
    """One subscription.

    Attributes:
        queue: the group in which one member takes each message; empty for all of them.
    """

    subject: str
    queue: str = ""


def interests(
    identity: str, collectives: Sequence[str], agents: Iterable[tuple[str, bool]]
) -> Iterator[Interest]:
    """All subscriptions of a node, in the order in which it makes them.

    What is for this node alone comes last: who can reach it by name can rely on its
    agents.

    Args:
        identity: the node's name.
        collectives: that it is in.
        agents: name of each, and whether it is a service.
    """
    for agent, is_service in agents:
        for collective in collectives:
            if is_service:
                yield Interest(subjects.service(collective, agent), queue=agent)
            else:
                yield Interest(subjects.broadcast(collective, agent))
    for collective in collectives:
        yield Interest(subjects.node(collective, identity))
