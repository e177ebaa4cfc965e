"""The NATS connector for ordinary traffic, over nats-py.

    async with await connect(endpoint, name="example") as transport:
        await transport.publish("greetings", b"hello")

It keeps the contract of :mod:`choria_core.nats.transport`.
"""

import asyncio
import itertools
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

import structlog

from choria_core.errors import (
    DisconnectedError,
    NoRespondersError,
    PayloadTooLargeError,
    RemoteProtocolError,
    RequestTimeoutError,
    TransportError,
)
from choria_core.nats.dialing import Dialer
from choria_core.nats.endpoint import Endpoint, ServerAddress
from choria_core.nats.headers import encode_headers, parse_headers
from choria_core.nats.nats_link import LinkOptions, NatsLink, open_link
from choria_core.nats.transport import (
    NO_HEADERS,
    ConnectionState,
    Handler,
    Message,
    ServerInfo,
    StateChange,
    StateListener,
)
from choria_core.nats.wire import check_subject, publish, subscribe, unsubscribe

CLOSE_FLUSH_SECONDS: Final = 2.0
"""How long :meth:`NatsTransport.close` waits for the server to take what was sent."""

NO_RESPONDERS: Final = 503


def _ignore(_change: StateChange) -> None:
    pass


async def connect(
    endpoint: Endpoint,
    *,
    name: str,
    on_state: StateListener = _ignore,
    timeout_seconds: float | None = None,
    inbox_prefix: str = "_INBOX",
    no_echo: bool = False,
) -> "NatsTransport":
    """Connect to one server of ``endpoint`` and stay connected.

    Args:
        endpoint: servers, credentials, TLS.
        name: shown by the server's connection list.
        on_state: told of every change, failed attempts included.
        timeout_seconds: how long the first connection may take; None tries for ever.
        inbox_prefix: begin of the subjects that :meth:`NatsTransport.new_inbox` makes.
        no_echo: do not receive what this connection itself publishes.

    Raises:
        ConnectError: no server was reached in time.
        AuthenticationError: every server that can be reached refuses us, or we its certificate.
        ConfigError: a credentials or certificate file is unusable.
    """
    transport = NatsTransport(
        endpoint, name=name, on_state=on_state, inbox_prefix=inbox_prefix, no_echo=no_echo
    )
    await transport.open(timeout_seconds=timeout_seconds)
    return transport


@dataclass(eq=False, slots=True)
class NatsSubscription:
    """Interest of a :class:`NatsTransport` in a subject."""

    subject: str
    queue: str
    handler: Handler
    sid: int
    _owner: "NatsTransport"

    def frame(self) -> bytes:
        """The SUB that tells a server of it."""
        return subscribe(b"%d" % self.sid, self.subject.encode(), self.queue.encode())

    async def unsubscribe(self) -> None:
        """End it; the handler is not called again.  Harmless when already ended."""
        await self._owner.drop(self)


class NatsTransport:
    """An open connection; made by :func:`connect`."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        name: str,
        on_state: StateListener,
        inbox_prefix: str,
        no_echo: bool,
    ) -> None:
        self.handler_errors = 0
        """How many messages were lost to a failing handler or to broken headers."""
        self._endpoint = endpoint
        self._name = name
        self._on_state = on_state
        self._inbox_prefix = inbox_prefix
        self._log = structlog.get_logger("choria.nats").bind(connection=name)
        self._options = LinkOptions(name=name, no_echo=no_echo, deliver=self._deliver)
        self._dialer = Dialer(endpoint, self._attempt, self._tell)
        self._link: NatsLink | None = None
        self._is_up = False
        self._is_closed = False
        self._server = ServerInfo("", "", "", 0, "")
        self._keeper: asyncio.Task[None] | None = None
        self._sids = itertools.count(1)
        self._subscriptions: dict[int, NatsSubscription] = {}
        self._tokens = itertools.count(1)
        self._answers: dict[str, asyncio.Future[Message]] = {}
        self._answer_inbox = ""

    @property
    def is_connected(self) -> bool:
        """Whether a server is reachable right now."""
        return self._is_up and self._link is not None and not self._link.lost.done()

    @property
    def server(self) -> ServerInfo:
        """The server connected to, or the last one."""
        return self._link.server_info if self._link is not None and self._is_up else self._server

    def new_inbox(self) -> str:
        """A subject of our own that nobody else will guess."""
        return f"{self._inbox_prefix}.{secrets.token_hex(12)}"

    async def open(self, *, timeout_seconds: float | None) -> None:
        """Connect for the first time, then keep the connection; see :func:`connect`."""
        link = await self._dialer.first(timeout_seconds=timeout_seconds)
        self._tell(StateChange(ConnectionState.CONNECTED, link.url))
        self._keeper = asyncio.create_task(self._keep(link), name=f"keep {self._name} connected")

    async def publish(
        self,
        subject: str,
        data: bytes = b"",
        *,
        reply: str = "",
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> None:
        """Send one message; see :meth:`choria_core.nats.transport.Transport.publish`."""
        link = self._require_link()
        target = check_subject(subject)
        answer_to = check_subject(reply) if reply else b""
        block = encode_headers(headers) if headers else b""
        size, limit = len(block) + len(data), link.server_info.max_payload_bytes
        if size > limit:
            raise PayloadTooLargeError(subject, size, limit)
        await link.write(publish(target, answer_to, block, data))

    async def request(
        self,
        subject: str,
        data: bytes = b"",
        *,
        headers: Mapping[str, str] = NO_HEADERS,
        timeout_seconds: float = 5.0,
    ) -> Message:
        """Send one message and return its first answer; see ``Transport.request``."""
        link = self._require_link()
        try:
            async with asyncio.timeout(timeout_seconds):
                message = await self._ask(link, subject, data, headers)
        except TimeoutError:
            raise RequestTimeoutError(subject, timeout_seconds) from None
        if message.status == NO_RESPONDERS:
            raise NoRespondersError(subject)
        return message

    async def subscribe(
        self, subject: str, handler: Handler, *, queue: str = ""
    ) -> NatsSubscription:
        """Call ``handler`` for every message on ``subject``; see ``Transport.subscribe``.

        While the connection is down the subscription waits for the next one.

        Raises:
            LocalProtocolError: an impossible subject or queue.
            DisconnectedError: the transport is closed.
        """
        check_subject(subject)
        if queue:
            check_subject(queue)
        if self._is_closed:
            raise DisconnectedError(f"{self._name} is closed")
        subscription = NatsSubscription(subject, queue, handler, next(self._sids), self)
        self._subscriptions[subscription.sid] = subscription
        await self._write_if_linked(subscription.frame())
        return subscription

    async def drop(self, subscription: NatsSubscription) -> None:
        """Forget ``subscription``."""
        if self._subscriptions.pop(subscription.sid, None) is not None:
            await self._write_if_linked(unsubscribe(b"%d" % subscription.sid))

    async def flush(self, *, timeout_seconds: float = 10.0) -> None:
        """Return when the server has processed all that was sent before.

        Raises:
            DisconnectedError: the connection is down, or went down.
            RequestTimeoutError: the server did not answer in time.
        """
        link = self._require_link()
        try:
            await link.ping(timeout_seconds=timeout_seconds)
        except TimeoutError:
            raise RequestTimeoutError("PING", timeout_seconds) from None

    async def close(self) -> None:
        """Send what is buffered and close.  Harmless when already closed."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait({self._keeper})
        if self._link is not None:
            await self._take_leave(self._link)
        self._server, self._is_up = self.server, False
        self._subscriptions.clear()
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

    def _require_link(self) -> NatsLink:
        if self._is_closed:
            raise DisconnectedError(f"{self._name} is closed")
        if not self._is_up or self._link is None or self._link.lost.done():
            raise DisconnectedError(f"{self._name} is not connected to {self._endpoint}")
        return self._link

    async def _take_leave(self, link: NatsLink) -> None:
        try:
            if not link.lost.done():
                await link.ping(timeout_seconds=CLOSE_FLUSH_SECONDS)
        except (TransportError, TimeoutError) as error:
            self._log.warning("not all that was sent is sure to have arrived", cause=str(error))
        finally:
            await link.end()

    async def _write_if_linked(self, frame: bytes) -> None:
        """Write ``frame`` if there is a link; the next one begins with all subscriptions."""
        if self._link is None or self._link.lost.done():
            return
        try:
            await self._link.write(frame)
        except DisconnectedError as error:
            self._log.debug("a subscription waits for the next connection", cause=str(error))

    async def _ask(
        self, link: NatsLink, subject: str, data: bytes, headers: Mapping[str, str]
    ) -> Message:
        if not self._answer_inbox:
            self._answer_inbox = self.new_inbox()
            await self.subscribe(f"{self._answer_inbox}.*", self._take_answer)
        reply = f"{self._answer_inbox}.{next(self._tokens)}"
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._answers[reply] = answer
        try:
            await self.publish(subject, data, reply=reply, headers=headers)
            await link.wait_for(answer)
        finally:
            del self._answers[reply]
        if not answer.done():
            raise DisconnectedError(
                f"the connection to {link.url} went down before the answer on {subject}: "
                f"{link.lost.result()}"
            )
        return answer.result()

    def _take_answer(self, message: Message) -> None:
        answer = self._answers.get(message.subject)
        if answer is not None and not answer.done():
            answer.set_result(message)

    def _deliver(self, sid: int, subject: bytes, reply: bytes, data: bytes, block: bytes) -> None:
        subscription = self._subscriptions.get(sid)
        if subscription is None:
            return
        try:
            subscription.handler(_message(subject, reply, data, block))
        except RemoteProtocolError as error:
            self.handler_errors += 1
            self._log.warning("a message is dropped", subject=repr(subject), cause=str(error))
        except Exception:  # noqa: BLE001 - whatever it is, it must not end the reading
            self.handler_errors += 1
            self._log.exception("a subscription's handler failed", subject=repr(subject))

    async def _attempt(self, server: ServerAddress) -> NatsLink:
        """Connect to ``server`` and repeat the subscriptions there."""
        link = await open_link(server, self._endpoint, self._options)
        self._link, self._is_up = link, False
        try:
            if self._subscriptions:
                frames = [subscription.frame() for subscription in self._subscriptions.values()]
                await link.write(b"".join(frames))
                await link.ping(timeout_seconds=self._endpoint.connect_timeout_seconds)
        except TimeoutError:
            await self._discard(link)
            raise DisconnectedError("the server does not confirm the subscriptions") from None
        except BaseException:
            await self._discard(link)
            raise
        self._is_up = True
        return link

    async def _discard(self, link: NatsLink) -> None:
        self._link = None
        await link.end()

    async def _keep(self, link: NatsLink) -> None:
        """Make the connection anew whenever it is lost."""
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            await asyncio.wait({link.lost})
            self._server, self._link, self._is_up = link.server_info, None, False
            self._tell(StateChange(ConnectionState.DISCONNECTED, link.url, link.lost.result()))
            await link.end()
            link = await self._dialer.again(lived_seconds=loop.time() - began)
            self._tell(StateChange(ConnectionState.CONNECTED, link.url))

    def _tell(self, change: StateChange) -> None:
        try:
            self._on_state(change)
        except Exception:  # noqa: BLE001 - whatever it is, it must not end the connection
            self._log.exception("a state listener failed", state=change.state.value)


def _message(subject: bytes, reply: bytes, data: bytes, block: bytes) -> Message:
    name, answer_to = subject.decode("utf-8", "replace"), reply.decode("utf-8", "replace")
    if not block:
        return Message(name, data, answer_to)
    parsed = parse_headers(block)
    return Message(name, data, answer_to, parsed.headers, parsed.status, parsed.description)
