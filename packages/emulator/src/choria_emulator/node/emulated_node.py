"""One node: a connection to a broker that takes requests and sends replies.

It holds what is its own and nothing else: a machine has tens of thousands of them.
"""

import asyncio
from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import TYPE_CHECKING, Protocol, cast

from choria_core.nats import wire
from choria_core.node.gate import RequestCounts

if TYPE_CHECKING:
    from choria_emulator.fleet.facts import GroupFacts
    from choria_emulator.fleet.plan import Group
    from choria_emulator.node.broker import Broker
    from choria_emulator.node.traits import Traits


class Line(Protocol):
    """Who looks after the connections of nodes."""

    def made(self, node: "EmulatedNode", /) -> None:
        """A connection is open."""

    def garbled(self, node: "EmulatedNode", cause: str, /) -> None:
        """A broker sent what is not the NATS protocol."""

    def lost(self, node: "EmulatedNode", error: Exception | None, /) -> None:
        """A connection ended."""

    def control(self, node: "EmulatedNode", control: wire.Control, /) -> None:
        """A broker said something that is no message."""


class Shared(Protocol):
    """What a node shares with the others of its group: their desk."""

    chunk: bytes

    @property
    def group(self) -> "Group":
        """All of them."""

    @property
    def traits(self) -> "Traits":
        """What they have in common, as agents see it."""

    @property
    def own(self) -> "GroupFacts":
        """Facts and classes of each."""

    @property
    def line(self) -> Line:
        """Who looks after their connections."""

    def take_again(self, node: "EmulatedNode", /) -> None:
        """A node got the message whose bytes are :attr:`chunk`."""

    def decode(self, node: "EmulatedNode", data: bytes, /) -> None:
        """A node got other bytes."""


class State(IntEnum):
    """How far a node's connection is."""

    DOWN = 0
    OPEN = 1
    INTRODUCED = 2
    READY = 3


class EmulatedNode(asyncio.Protocol):
    """One node.

    Args:
        desk: of its group: what it shares with the others.
        number: in its group, from 1.
        place: among the nodes of its group in this process.
        broker: that it connects to first.

    Attributes:
        identity, name: its name, as text and bytes.
        broker: that it is connected to, or tries.
        transport: None while it has no connection.
        state: of the connection.
        lent: what decodes its bytes while a message is not there whole.
        started: unix time of its first connection.
        attempts: to connect, that failed since it was last ready.
        connections: how often it was ready.
        is_wanted: False once it shall not come back.
        was_cut: whether it was us who ended its last connection, as the plan wants.
        awaits_pong: whether it asked for a sign of life that has not come.
        requests, taken, filtered, expired, refused, repeated, replies, events, in_bytes,
            out_bytes: counted since its start.
    """

    __slots__ = (
        "attempts",
        "awaits_pong",
        "broker",
        "connections",
        "desk",
        "events",
        "expired",
        "filtered",
        "identity",
        "in_bytes",
        "is_wanted",
        "lent",
        "name",
        "number",
        "out_bytes",
        "place",
        "refused",
        "repeated",
        "replies",
        "requests",
        "started",
        "state",
        "taken",
        "transport",
        "was_cut",
    )

    def __init__(self, desk: Shared, number: int, place: int, broker: "Broker") -> None:
        self.desk = desk
        self.number = number
        self.place = place
        self.broker = broker
        self.identity = desk.group.identity(number)
        self.name = self.identity.encode()
        self.transport: asyncio.Transport | None = None
        self.state = State.DOWN
        self.lent: wire.Decoder | None = None
        self.started = 0.0
        self.attempts = self.connections = 0
        self.is_wanted = True
        self.was_cut = False
        self.awaits_pong = False
        self.requests = self.taken = self.filtered = self.expired = 0
        self.refused = self.repeated = self.replies = self.events = 0
        self.in_bytes = self.out_bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open."""
        self.transport = cast("asyncio.Transport", transport)
        self.desk.line.made(self)

    def data_received(self, data: bytes) -> None:
        """Bytes came in; mostly the same as every other node gets at this moment."""
        desk = self.desk
        if data == desk.chunk and self.lent is None:
            desk.take_again(self)
        else:
            desk.decode(self, data)

    def eof_received(self) -> bool:
        """The broker says that nothing more comes."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is closed."""
        self.transport = None
        self.lent = None
        self.desk.line.lost(self, exc)

    def write(self, frame: bytes) -> bool:
        """Send a frame; whether there was a connection to take it."""
        transport = self.transport
        if transport is None or self.state is not State.READY or transport.is_closing():
            return False
        transport.write(frame)
        return True

    def facts(self) -> Mapping[str, object]:
        """Its facts, made when asked for."""
        return self.desk.own.facts(self.number)

    def classes(self) -> Sequence[str]:
        """Its classes, made when asked for."""
        return self.desk.own.classes(self.number)

    def counts(self) -> RequestCounts:
        """What it has counted, as real nodes tell it."""
        passed = self.taken + self.repeated
        return RequestCounts(
            total=self.requests,
            valid=self.taken,
            invalid=self.refused,
            passed=passed,
            filtered=self.filtered,
            ttl_expired=self.expired,
            repeated=self.repeated,
            replies=self.replies,
        )
