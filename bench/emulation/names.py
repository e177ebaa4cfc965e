"""What the fleets of this bench have in common.  Pure."""

from typing import Final

from choria_core.protocol import subjects

COLLECTIVE: Final = "mcollective"
PREFIX: Final = "bench"
EMULATED: Final = 10
AGENTS: Final = (
    "choria_util",
    "discovery",
    "rpcutil",
    *(f"emulated{number}" for number in range(EMULATED)),
)
"""Of every node."""

ASKED_AGENT: Final = "emulated0"
SIZE: Final = 100
"""Characters that each reply to ``generate`` has."""


def node_name(number: int) -> str:
    """The identity of node ``number``, counted from 1."""
    return f"{PREFIX}-{number}"


def node_subjects(name: str) -> tuple[str, ...]:
    """All that a node subscribes to: its own subject, and one for each agent."""
    return (
        subjects.node(COLLECTIVE, name),
        *(subjects.broadcast(COLLECTIVE, agent) for agent in AGENTS),
    )


SUBSCRIPTIONS: Final = len(node_subjects(PREFIX))
"""Of every node."""
