"""What the nodes of this bench are called.  Pure."""

from typing import Final

COLLECTIVE: Final = "mcollective"


def node_name(number: int) -> str:
    """The identity of one of them."""
    return f"node{number:05d}.example.net"
