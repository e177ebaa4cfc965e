"""What a node says to its broker first: who it is, and what it listens to."""

from collections.abc import Callable, Mapping
from typing import Final

from msgspec import json

from choria_core.nats import wire
from choria_core.nats.signing import Signer
from choria_core.protocol import subjects
from choria_emulator.fleet.plan import Group
from choria_emulator.node.emulated_node import EmulatedNode

_encoder: Final = json.Encoder()

OPTIONS: Final[Mapping[str, object]] = {
    "verbose": False,
    "pedantic": False,
    "lang": "python3-choria",
    "version": "1",
    "protocol": 1,
    "headers": True,
    "no_responders": True,
    "echo": True,
}


class Greeter:
    """Writes introductions; what the nodes of a group have in common is written once.

    Args:
        signer: gives the current credentials.
    """

    def __init__(self, signer: Callable[[], Signer]) -> None:
        self._signer = signer
        self._shared: dict[str, tuple[bytes, tuple[tuple[bytes, bytes], ...]]] = {}
        self._nonces: dict[EmulatedNode, str] = {}
        begin = _encoder.encode(OPTIONS)
        self._begin = b"CONNECT " + begin[:-1] + b',"name":"'

    def add(self, group: Group) -> None:
        """Prepare for the nodes of ``group``."""
        self._shared[group.name] = _subscriptions(group)

    def introduction(self, node: EmulatedNode, nonce: str) -> bytes:
        """CONNECT, every subscription, and the PING whose PONG says that all arrived."""
        options = self._signer().connect_options(nonce.encode())
        more = b"" if not options else b"," + _encoder.encode(options)[1:-1]
        common, own = self._shared[node.desk.group.name]
        name = node.name
        subscribed = b"".join([b"SUB %b%b %b\r\n" % (prefix, name, sid) for prefix, sid in own])
        return b'%b%b"%b}\r\n%b%b%b' % (self._begin, name, more, common, subscribed, wire.PING)

    def note_nonce(self, node: EmulatedNode, nonce: str) -> None:
        """Keep what the broker wants signed until TLS is there."""
        self._nonces[node] = nonce

    def nonce_of(self, node: EmulatedNode) -> str:
        """What was kept; it is forgotten then."""
        return self._nonces.pop(node, "")


def _subscriptions(group: Group) -> tuple[bytes, tuple[tuple[bytes, bytes], ...]]:
    """Frames for the agents, and begin and id of each subscription to a node's own name.

    All nodes of a group use the same ids, so a broadcast reaches each in the same bytes.
    """
    common, sid = [], 0
    for agent in group.agents:
        for collective in group.collectives:
            sid += 1
            subject = subjects.broadcast(collective, agent).encode()
            common.append(wire.subscribe(b"%d" % sid, subject))
    own = []
    for collective in group.collectives:
        sid += 1
        prefix = subjects.node(collective, "x").encode()[:-1]
        own.append((prefix, b"%d" % sid))
    return b"".join(common), tuple(own)
