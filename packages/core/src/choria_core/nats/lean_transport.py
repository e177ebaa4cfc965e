"""The NATS connector of the hot paths: our own codec on an ``asyncio.Protocol``.

It keeps the contract of :mod:`choria_core.nats.transport` and adds what copying and
discovery at full speed need: :meth:`LeanTransport.add_sink` hands over messages
as bytes, inside the read of the socket; ``after_chunk`` is called once when all
complete messages of a read were handed over; :meth:`LeanTransport.send` writes
frames that the caller built.
"""

import asyncio
import contextlib
import itertools
import os
import ssl
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Final, Self

import structlog

from choria_core.errors import (
    ChoriaError,
    DisconnectedError,
    NoRespondersError,
    PayloadTooLargeError,
    PermissionsError,
    RemoteProtocolError,
    RequestTimeoutError,
    TransportError,
)
from choria_core.nats import wire
from choria_core.nats.dialing import Dialer, explain
from choria_core.nats.endpoint import Endpoint, ServerAddress
from choria_core.nats.headers import encode_headers, parse_headers
from choria_core.nats.lean_link import LeanLink
from choria_core.nats.signing import load_credentials
from choria_core.nats.transport import (
    NO_HEADERS,
    ConnectionState,
    Handler,
    Message,
    ServerInfo,
    StateChange,
    StateListener,
)

UNANSWERED_PINGS: Final = 2
"""So many PINGs without a PONG mean, an interval later, that the peer is gone."""

TURN_FRAMES: Final = 100
"""After so many messages the event loop gets a turn: a fast peer never makes us wait."""


def _ignore(_change: StateChange) -> None:
    pass


class LeanSubscription:
    """Interest of a :class:`LeanTransport` in a subject."""

    def __init__(
        self, owner: "LeanTransport", *, sid: bytes, subject: str, queue: str, sink: wire.Sink
    ) -> None:
        self._owner = owner
        self.sid = sid
        self.subject = subject
        self.queue = queue
        self.sink = sink

    def frame(self) -> bytes:
        """The SUB that tells a server of it."""
        return wire.subscribe(self.sid, self.subject.encode(), self.queue.encode())

    async def unsubscribe(self) -> None:
        """End it; the sink is not called again.  Harmless when already ended."""
        self.end()

    def end(self) -> None:
        """End it at once, without waiting."""
        self._owner.drop(self)


class LeanTransport:
    """An open connection; made by :func:`connect`."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        name: str,
        on_state: StateListener,
        inbox_prefix: str,
        echo: bool,
    ) -> None:
        self._endpoint = endpoint
        self._name = name
        self._on_state = on_state
        self._inbox_prefix = inbox_prefix
        self._echo = echo
        self._dialer = Dialer(endpoint, self._connect_to, self._tell)
        self._log = structlog.get_logger("nats").bind(connection=name)
        self._link: LeanLink | None = None
        self._server = ServerInfo("", "", "", 1 << 20, "")
        self._sids = itertools.count(1)
        self._tokens = itertools.count(1)
        self._subscriptions: dict[bytes, LeanSubscription] = {}
        self._answers: dict[str, asyncio.Future[Message]] = {}
        self._asked: dict[str, str] = {}  # the subjects of what is to be answered
        self._answer_prefix = self.new_inbox()
        self._outgoing: list[bytes] = []
        self._connected = asyncio.Event()
        self._published = 0
        self._closing = False
        self._keeper: asyncio.Task[None] | None = None
        self.after_chunk: list[Callable[[], None]] = []
        """Called when all complete messages of one read were handed over."""
        self.handler_errors = 0
        """Exceptions that subscription handlers let out; each is logged."""
        self.complaint = ""
        """What the present server forbade last, in its words; empty when there is nothing."""
        self.connections = 0
        """How often it connected; another number means that messages may be lost."""

    @property
    def is_connected(self) -> bool:
        """Whether a server is reachable right now."""
        return self._link is not None and not self._closing

    @property
    def server(self) -> ServerInfo:
        """The server connected to, or the last one."""
        return self._server

    @property
    def endpoint(self) -> Endpoint:
        """What :func:`connect` was given."""
        return self._endpoint

    def new_inbox(self) -> str:
        """Return a subject of our own that nobody else will guess."""
        return f"{self._inbox_prefix}.{os.urandom(12).hex()}"

    async def publish(
        self,
        subject: str,
        data: bytes = b"",
        *,
        reply: str = "",
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> None:
        """Send one message.  See :class:`~choria_core.nats.transport.Transport`."""
        link = self._up()
        header = encode_headers(headers) if headers else b""
        size = len(header) + len(data)
        if size > self._server.max_payload_bytes:
            raise PayloadTooLargeError(subject, size, self._server.max_payload_bytes)
        target = wire.check_subject(subject)
        frame = wire.publish(target, wire.check_subject(reply) if reply else b"", header, data)
        self.send(frame)
        await self._take_turn(link)

    async def request(
        self,
        subject: str,
        data: bytes = b"",
        *,
        headers: Mapping[str, str] = NO_HEADERS,
        timeout_seconds: float = 5.0,
    ) -> Message:
        """Send one message and return its first answer.  See ``Transport``."""
        token = f"{self._answer_prefix}.{next(self._tokens)}"
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._answers[token] = answer
        self._asked[token] = subject
        try:
            await self.publish(subject, data, reply=token, headers=headers)
            async with asyncio.timeout(timeout_seconds):
                message = await answer
        except TimeoutError:
            raise RequestTimeoutError(subject, timeout_seconds) from None
        finally:
            self._answers.pop(token, None)
            self._asked.pop(token, None)
        if message.status == 503:
            raise NoRespondersError(subject)
        return message

    async def subscribe(
        self, subject: str, handler: Handler, *, queue: str = ""
    ) -> LeanSubscription:
        """Call ``handler`` for every message on ``subject``.  See ``Transport``."""

        def sink(delivery: wire.Delivery) -> None:
            try:
                handler(_message(delivery))
            except Exception:  # noqa: BLE001 - whatever a handler does, the others are served
                self.handler_errors += 1
                self._log.exception("a subscription handler failed", subject=repr(delivery[0]))

        return self.add_sink(subject, sink, queue=queue)

    def add_sink(self, subject: str, sink: wire.Sink, *, queue: str = "") -> LeanSubscription:
        """Call ``sink`` with each message on ``subject``, as bytes; it must not raise."""
        wire.check_subject(subject)
        if queue:
            wire.check_subject(queue)
        if self._closing:
            raise DisconnectedError(f"{self._name} is closed")
        sid = b"%d" % next(self._sids)
        subscription = LeanSubscription(self, sid=sid, subject=subject, queue=queue, sink=sink)
        self._subscriptions[sid] = subscription
        if self._link is not None:
            self._link.decoder.sinks[sid] = sink
            self._write_soon(subscription.frame())
        return subscription

    def drop(self, subscription: LeanSubscription) -> None:
        """Forget ``subscription``."""
        if self._subscriptions.pop(subscription.sid, None) is None:
            return
        if self._link is not None:
            self._link.decoder.sinks.pop(subscription.sid, None)
            self._write_soon(wire.unsubscribe(subscription.sid))

    def send(self, frames: bytes) -> None:
        """Write whole frames that the caller built; they are lost while the connection is down."""
        if self._link is not None:
            if self._outgoing:
                self._flush_outgoing()
            self._link.write(frames)

    def rest(self) -> None:
        """Read no more in this turn of the event loop; see :meth:`LeanLink.rest`."""
        if self._link is not None:
            self._link.rest()

    async def flush(self, *, timeout_seconds: float = 10.0) -> None:
        """Return when the server has processed all that was sent before."""
        link = self._up()
        self._flush_outgoing()
        try:
            async with asyncio.timeout(timeout_seconds):
                await link.ping()
        except TimeoutError:
            raise RequestTimeoutError("PING", timeout_seconds) from None

    async def wait_connected(self) -> None:
        """Return when a server is reachable; at once when one is."""
        await self._connected.wait()

    async def close(self) -> None:
        """Send what is buffered and close.  Harmless when already closed."""
        if self._closing:
            return
        if self._link is not None:
            with contextlib.suppress(TransportError):
                await self.flush(timeout_seconds=2.0)
        self._closing = True
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
        if self._link is not None:
            self._link.end("closed")
            self._link = None
        self._fail_answers("closed")
        self._tell(StateChange(ConnectionState.CLOSED, self._server.url))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def _up(self) -> LeanLink:
        if self._link is None or self._link.is_over or self._closing:
            raise DisconnectedError(f"{self._name} is not connected to {self._endpoint}")
        return self._link

    async def _take_turn(self, link: LeanLink) -> None:
        """Wait while the peer is slow, and let others have the event loop now and then."""
        self._published += 1
        if not link.writable.is_set():
            await link.writable.wait()
        elif self._published % TURN_FRAMES == 0:
            await asyncio.sleep(0)
        if link.is_over:
            raise DisconnectedError(f"{self._name} lost its connection to {self._server.url}")

    def _write_soon(self, frame: bytes) -> None:
        """Join small writes of one turn of the event loop."""
        if not self._outgoing:
            asyncio.get_running_loop().call_soon(self._flush_outgoing)
        self._outgoing.append(frame)

    def _flush_outgoing(self) -> None:
        frames, self._outgoing = self._outgoing, []
        if frames and self._link is not None:
            self._link.write(b"".join(frames))

    def _chunk_done(self) -> None:
        for call in self.after_chunk:
            call()

    def _take_answer(self, delivery: wire.Delivery) -> None:
        answer = self._answers.get(delivery[0].decode("utf-8", "replace"))
        if answer is not None and not answer.done():
            try:
                answer.set_result(_message(delivery))
            except RemoteProtocolError as error:
                answer.set_exception(error)

    def _take_complaint(self, text: str) -> None:
        """Whoever waits for an answer to what the server forbids shall not wait for nothing."""
        if text != self.complaint:
            self._log.warning("the server complains", server=self._server.url, cause=text)
        self.complaint = text
        for token, subject in self._asked.items():
            answer = self._answers[token]
            if f'Publish to "{subject}"' in text and not answer.done():
                answer.set_exception(PermissionsError(f"{self._server.url}: {text}"))

    def _fail_answers(self, cause: str) -> None:
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(DisconnectedError(cause))

    async def open(self, timeout_seconds: float | None) -> None:
        """Connect for the first time, then keep the connection.

        Raises:
            ConnectError: no server was reached within ``timeout_seconds``.
            AuthenticationError: every server that answers refuses us.
        """
        self.add_sink(f"{self._answer_prefix}.*", self._take_answer)
        link = await self._dialer.first(timeout_seconds=timeout_seconds)
        self._keeper = asyncio.create_task(self._keep(link), name=f"keep {self._name} connected")

    async def _keep(self, link: LeanLink) -> None:
        """Watch the connection and make it anew, for ever."""
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            cause = await self._watch(link)
            self._link = None
            self._connected.clear()
            self._outgoing.clear()
            self._fail_answers(cause)
            self._tell(StateChange(ConnectionState.DISCONNECTED, self._server.url, cause))
            link = await self._dialer.again(lived_seconds=loop.time() - began)

    async def _watch(self, link: LeanLink) -> str:
        """Ping now and then; return why the connection ended."""
        interval = self._endpoint.ping_interval_seconds
        while True:
            done, _ = await asyncio.wait({link.closed}, timeout=interval)
            if done:
                return link.closed.result()
            if link.unanswered_pings >= UNANSWERED_PINGS:
                link.end("the server answers no PING")
            else:
                link.unanswered_pings += 1
                link.ping()

    def _tell(self, change: StateChange) -> None:
        try:
            self._on_state(change)
        except Exception:  # noqa: BLE001 - whatever it is, it must not end the connection
            self._log.exception("a state listener failed", state=change.state.value)

    async def _connect_to(self, server: ServerAddress) -> LeanLink:
        link = LeanLink(self._chunk_done, self._take_complaint)
        try:
            async with asyncio.timeout(self._endpoint.connect_timeout_seconds):
                info = await link.greet(server, self._endpoint.tls)
                await self._introduce(link, info)
        except Exception as error:
            link.end("connecting failed")
            seconds = self._endpoint.connect_timeout_seconds
            is_tls = isinstance(link.failure, ssl.SSLError)
            cause = link.failure if is_tls and link.failure is not None else error
            raise explain(cause, timeout_seconds=seconds) from error
        except BaseException:
            link.end("connecting failed")
            raise
        self._server = _server_info(info, server)
        self.complaint = ""
        self._link = link
        for sid, subscription in self._subscriptions.items():
            if sid not in link.decoder.sinks:  # it came while we waited for the PONG
                link.decoder.sinks[sid] = subscription.sink
                link.write(subscription.frame())
        self._connected.set()
        self.connections += 1
        self._tell(StateChange(ConnectionState.CONNECTED, str(server)))
        return link

    async def _introduce(self, link: LeanLink, info: Mapping[str, Any]) -> None:
        """CONNECT, repeat the subscriptions, and wait for the PONG behind them."""
        signer = load_credentials(self._endpoint.credentials)  # it may have been renewed
        options = {
            "verbose": False,
            "pedantic": False,
            "lang": "python3-choria",
            "version": "1",
            "protocol": 1,
            "headers": True,
            "no_responders": True,
            "echo": self._echo,
            "name": self._name,
            **signer.connect_options(str(info.get("nonce", "")).encode()),
        }
        frames = []
        for sid, subscription in self._subscriptions.items():
            link.decoder.sinks[sid] = subscription.sink
            frames.append(subscription.frame())
        await link.introduce(options, b"".join(frames))


def _message(delivery: wire.Delivery) -> Message:
    subject, reply, header, body = delivery
    name, answer_to = subject.decode("utf-8", "replace"), reply.decode("utf-8", "replace")
    if not header:
        return Message(name, body, answer_to)
    parsed = parse_headers(header)
    return Message(name, body, answer_to, parsed.headers, parsed.status, parsed.description)


def _server_info(info: Mapping[str, Any], server: ServerAddress) -> ServerInfo:
    return ServerInfo(
        server_id=str(info.get("server_id", "")),
        name=str(info.get("server_name", "")),
        version=str(info.get("version", "")),
        max_payload_bytes=int(info.get("max_payload", 1 << 20)),
        url=str(server),
        cluster=str(info.get("cluster", "")),
        jetstream=bool(info.get("jetstream", False)),
    )


async def connect(
    endpoint: Endpoint,
    *,
    name: str,
    on_state: StateListener = _ignore,
    timeout_seconds: float | None = None,
    inbox_prefix: str = "_INBOX",
    no_echo: bool = False,
) -> LeanTransport:
    """Connect to one server of ``endpoint`` and stay connected.

    Args:
        endpoint: servers, credentials, TLS.
        name: shown by the server's connection list.
        on_state: told of every change, failed attempts included.
        timeout_seconds: how long the first connection may take; None tries for ever.
        inbox_prefix: begin of the subjects that :meth:`LeanTransport.new_inbox` makes.
        no_echo: do not receive what this connection published itself.

    Raises:
        ConnectError: nothing reached in time.
        AuthenticationError: every server refuses us, or we its certificate.
        ConfigError: a credentials or certificate file is unusable.
    """
    transport = LeanTransport(
        endpoint, name=name, on_state=on_state, inbox_prefix=inbox_prefix, echo=not no_echo
    )
    try:
        await transport.open(timeout_seconds)
    except (ChoriaError, asyncio.CancelledError):
        transport._closing = True  # noqa: SLF001 - it never opened
        raise
    return transport
