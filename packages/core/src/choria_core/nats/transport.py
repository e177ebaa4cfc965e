"""What services may ask of a NATS connection.

Two connectors implement :class:`Transport`: ``nats_transport`` over nats-py,
for everything with ordinary traffic, and ``lean_transport`` on our own wire
codec, for the hot paths.  One conformance suite holds both to this contract:

* A connection is opened by the connector's ``connect`` and used as
  ``async with``; leaving the block flushes and closes it.
* It reconnects for ever, with jittered backoff, and re-establishes its
  subscriptions.  Every change of state is told to ``on_state``.
* While it is down, ``publish``, ``request`` and ``flush`` raise
  :class:`~choria_core.errors.DisconnectedError`: nothing is kept back in
  silence to be sent later.
* Subscription handlers are plain functions, called in order of arrival on the
  event loop; an exception in one is logged and counted, never fatal.
"""

import enum
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType, TracebackType
from typing import Protocol, Self

NO_HEADERS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Message:
    """One message as received.

    Attributes:
        subject: where it was published.
        data: the body, possibly empty.
        reply: where an answer is wanted; empty when none is.
        headers: name to value, names as sent; of a repeated name the last value.
        status: NATS inline status (100, 404, 408, 409, 503); 0 on ordinary messages.
        description: the text beside ``status``.
    """

    subject: str
    data: bytes
    reply: str = ""
    headers: Mapping[str, str] = field(default_factory=lambda: NO_HEADERS)
    status: int = 0
    description: str = ""


Handler = Callable[[Message], None]


class ConnectionState(enum.Enum):
    """Where a connection stands."""

    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class StateChange:
    """A connection changed state.

    Attributes:
        state: the new state.
        server: URL of the server concerned, without secrets.
        cause: why, in words for the operator; empty when there is nothing to say.
    """

    state: ConnectionState
    server: str
    cause: str = ""


StateListener = Callable[[StateChange], None]


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """What the connected server said of itself (the INFO of the NATS protocol)."""

    server_id: str
    name: str
    version: str
    max_payload_bytes: int
    url: str
    cluster: str = ""
    jetstream: bool = False

    @property
    def release(self) -> tuple[int, int, int]:
        """``version`` as numbers: ``2.14.0-beta.1`` is (2, 14, 0)."""
        numbers = [int(part) for part in re.findall(r"\d+", self.version)[:3]]
        major, minor, patch = [*numbers, 0, 0, 0][:3]
        return major, minor, patch


class Subscription(Protocol):
    """Interest in a subject, until it is ended."""

    @property
    def subject(self) -> str:
        """The subscribed subject, wildcards included."""

    async def unsubscribe(self) -> None:
        """End it; the handler is not called again.  Harmless when already ended."""


class Transport(Protocol):
    """An open NATS connection.  See the module for what all of them promise."""

    @property
    def is_connected(self) -> bool:
        """Whether a server is reachable right now."""

    @property
    def server(self) -> ServerInfo:
        """The server connected to, or the last one."""

    def new_inbox(self) -> str:
        """A subject of our own that nobody else will guess."""

    async def publish(
        self,
        subject: str,
        data: bytes = b"",
        *,
        reply: str = "",
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> None:
        """Send one message; returning means it was handed to the socket.

        Raises:
            DisconnectedError: the connection is down.
            PayloadTooLargeError: more than the server's ``max_payload``.
            LocalProtocolError: an impossible subject or header.
        """

    async def request(
        self,
        subject: str,
        data: bytes = b"",
        *,
        headers: Mapping[str, str] = NO_HEADERS,
        timeout_seconds: float = 5.0,
    ) -> Message:
        """Send one message and return its first answer.

        Raises:
            NoRespondersError: nobody listens.
            RequestTimeoutError: nobody answered in time.
            DisconnectedError: the connection went down before the answer.
        """

    async def subscribe(self, subject: str, handler: Handler, *, queue: str = "") -> Subscription:
        """Call ``handler`` for every message on ``subject``.

        With ``queue``, each message goes to one member of that group.
        """

    async def flush(self, *, timeout_seconds: float = 10.0) -> None:
        """Return when the server has processed all that was sent before."""

    async def close(self) -> None:
        """Send what is buffered and close.  Harmless when already closed."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
