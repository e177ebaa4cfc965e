"""One connection of nats-py, from greeting to end.  The only module that imports it.

nats-py speaks the protocol here, and nothing more: a link is never reconnected.
Left to itself nats-py gives up after an authentication error, waits a fixed time
between attempts, keeps what is published meanwhile to send it later, drops
messages when a handler is slow, and lets a PING overtake what was published
before it.  So each connection is a new client, frames are written by us, and
messages are handed over where they are parsed.
"""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog
from nats.aio.client import Client
from nats.errors import Error, SecureConnWantedError, UnexpectedEOF

from choria_core.errors import AuthenticationError, DisconnectedError
from choria_core.nats.dialing import explain, explain_server_error
from choria_core.nats.endpoint import Endpoint, ServerAddress, TlsSettings
from choria_core.nats.signing import Signer, load_credentials
from choria_core.nats.tls_context import make_context
from choria_core.nats.transport import ServerInfo

UNANSWERED_PINGS: Final = 2
"""So many PINGs without a PONG mean, an interval later, that the peer is gone."""

END_SECONDS: Final = 1.0
"""How long a connection may take to end politely."""

HALF_MADE_END_SECONDS: Final = 0.1
"""The same for one that was never fully made."""

TURN_FRAMES: Final = 100
"""After so many frames the event loop gets a turn: a fast peer never makes us wait."""

Deliver = Callable[[int, bytes, bytes, bytes, bytes], None]
"""Takes subscription id, subject, reply, body and header block (maybe empty); must not raise."""


@dataclass(frozen=True, slots=True)
class LinkOptions:
    """What a link is made of.

    Attributes:
        name: shown by the server's connection list.
        no_echo: do not receive what this link itself publishes.
        deliver: takes the messages.
    """

    name: str
    no_echo: bool
    deliver: Deliver


async def open_link(server: ServerAddress, endpoint: Endpoint, options: LinkOptions) -> "NatsLink":
    """Connect to ``server`` and introduce ourselves.

    Raises:
        ConnectError: it cannot be reached, or is no NATS server.
        AuthenticationError: it refuses us, or we its certificate.
        ConfigError: a credentials or certificate file is unusable.
    """
    seconds = endpoint.connect_timeout_seconds
    signer = load_credentials(endpoint.credentials)
    link = NatsLink(server, endpoint, options)
    try:
        async with asyncio.timeout(seconds):
            await link.start(signer)
    except _AttemptError as error:
        await link.end()
        raise link.failure(error.cause, timeout_seconds=seconds) from error.cause
    except Exception as error:
        await link.end()
        raise link.failure(error, timeout_seconds=seconds) from error
    except BaseException:
        await link.end()
        raise
    return link


class _AttemptError(Exception):
    """Carries what went wrong out of nats-py, which would go on trying."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


class NatsLink(Client):
    """A nats-py client that tells of its end instead of mending it.

    Attributes:
        lost: done, with the cause in words, as soon as the connection is down.
        server_info: what the server last said of itself.
    """

    def __init__(self, server: ServerAddress, endpoint: Endpoint, options: LinkOptions) -> None:
        super().__init__()
        self.url = str(server)
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.server_info = ServerInfo("", "", "", 0, self.url)
        self._endpoint = endpoint
        self._tls = tls = endpoint.tls
        self._link_options = options
        self._context = None if tls is None else make_context(tls)
        self._frames = 0
        self._is_started = False
        self._certificate_demanded = False
        self._server_error = ""

    async def start(self, signer: Signer) -> None:
        """Connect; to be called once."""
        self._public_nkey = signer.nkey or None
        self._auth_configured = signer.can_sign
        task = asyncio.current_task()
        cancelled = task.cancelling() if task else 0
        await self.connect(
            [self.url],
            name=self._link_options.name,
            no_echo=self._link_options.no_echo,
            allow_reconnect=False,
            dont_randomize=True,
            connect_timeout=self._endpoint.connect_timeout_seconds,  # type: ignore[arg-type]  # it takes fractions
            ping_interval=self._endpoint.ping_interval_seconds,  # type: ignore[arg-type]  # it takes fractions
            max_outstanding_pings=UNANSWERED_PINGS,
            tls_handshake_first=self._tls is not None and self._tls.handshake_first,
            error_cb=self._on_error,
            user=signer.user or None,
            password=signer.password if signer.user else None,
            token=signer.auth_token or None,
            signature_cb=(lambda nonce: signer.sign(nonce.encode()).encode())
            if signer.can_sign
            else None,
            user_jwt_cb=signer.jwt.encode if signer.jwt else None,
        )
        if task and task.cancelling() > cancelled:
            raise asyncio.CancelledError  # Python 3.11 loses it where what it waits for is done
        if not self.is_connected or self._reading_task is None:
            raise ConnectionResetError("the server closed the connection")
        self._is_started = True
        self._reading_task.add_done_callback(lambda _: self._lose("nothing more can be read"))

    def failure(self, error: Exception, *, timeout_seconds: float) -> Exception:
        """What it means that :meth:`start` raised ``error``."""
        if isinstance(error, SecureConnWantedError):
            return AuthenticationError("TLS is configured, but the server offers none")
        if isinstance(error, Error) and not isinstance(error, OSError | TimeoutError):
            return explain_server_error(str(error).removeprefix("nats: ").strip("'"))
        if isinstance(error, ConnectionError) and self._certificate_demanded:
            return AuthenticationError("the server demands a client certificate and refuses ours")
        return explain(error, timeout_seconds=timeout_seconds)

    @property
    def ssl_context(self) -> ssl.SSLContext:
        """TLS as configured; with defaults when the server alone wants it."""
        if self._context is None:
            self._context = make_context(TlsSettings())
        return self._context

    async def write(self, frame: bytes) -> None:
        """Hand a frame, or several at once, to the socket; waits while the peer is slow.

        Raises:
            DisconnectedError: the connection broke.
        """
        if self.lost.done() or self._transport is None:
            raise DisconnectedError(f"the connection to {self.url} is down")
        try:
            self._transport.write(frame)
            await self._transport.drain()  # type: ignore[no-untyped-call]  # nats-py left it so
        except (OSError, RuntimeError) as error:  # uvloop raises the latter on a closed socket
            self._lose(str(error))
            raise DisconnectedError(f"the connection to {self.url} broke") from error
        self._frames += 1
        if self._frames % TURN_FRAMES == 0:
            await asyncio.sleep(0)

    async def ping(self, *, timeout_seconds: float) -> None:
        """Return when the server has processed what was written before.

        Raises:
            TimeoutError: it did not in time.
            DisconnectedError: the connection broke.
        """
        # nats-py's reader dies of a future that is cancelled when its PONG comes, as a
        # timeout around its own flush() leaves behind; this one is never cancelled.
        pong: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        async with asyncio.timeout(timeout_seconds):
            self._pongs.append(pong)
            await self.write(b"PING\r\n")
            await self.wait_for(pong)
        if not pong.done():
            raise DisconnectedError(f"the connection to {self.url} broke: {self.lost.result()}")

    async def wait_for(self, future: asyncio.Future[Any]) -> None:
        """Return when ``future`` is done or the link is lost; neither is cancelled."""
        either: set[asyncio.Future[Any]] = {future, self.lost}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)

    async def end(self) -> None:
        """Close the connection, without waiting for the peer for long."""
        self._lose("closed")
        # After a failed TLS handshake nobody tells nats-py that the socket is closed.
        seconds = END_SECONDS if self._is_started else HALF_MADE_END_SECONDS
        try:
            async with asyncio.timeout(seconds):
                await self.close()
        except (OSError, RuntimeError, Error, TimeoutError):
            self._abort()

    def _abort(self) -> None:
        """Drop the socket with what waits in it; a stalled peer would keep it for ever."""
        writer: asyncio.StreamWriter | None = getattr(self._transport, "_io_writer", None)
        if writer is not None:
            writer.transport.abort()

    def _lose(self, cause: str) -> None:
        if not self.lost.done():
            self.lost.set_result(self._server_error or cause)

    async def _on_error(self, error: Exception) -> None:
        if not self._is_started and not self.lost.done():
            raise _AttemptError(error)

    async def _process_op_err(self, e: Exception) -> None:
        """What nats-py calls when the connection broke."""
        is_end = isinstance(e, UnexpectedEOF)
        self._lose("the server closed the connection" if is_end else str(e).removeprefix("nats: "))

    async def _process_err(self, err_msg: str) -> None:
        """What nats-py calls for an error line; if it was fatal, the server ends the connection."""
        self._server_error = err_msg.strip("'")
        structlog.get_logger("choria.nats").warning(
            "the server complains", server=self.url, cause=self._server_error
        )

    async def _process_info(self, info: dict[str, Any], initial_connection: bool = False) -> None:  # noqa: FBT001, FBT002 - nats-py's signature
        """What nats-py calls for each INFO."""
        self.server_info = _server_info(info, self.url)
        if initial_connection and self._tls is not None and not self._tls.handshake_first:
            if not (info.get("tls_required") or info.get("tls_available")):
                raise SecureConnWantedError
            info["tls_required"] = True
        self._certificate_demanded = bool(info.get("tls_verify"))

    async def _process_msg(
        self, sid: int, subject: bytes, reply: bytes, data: bytes, headers: bytes | None
    ) -> None:
        """What nats-py calls for each message."""
        self._link_options.deliver(sid, subject, reply, data, headers or b"")


def _server_info(info: Mapping[str, Any], url: str) -> ServerInfo:
    return ServerInfo(
        server_id=str(info.get("server_id", "")),
        name=str(info.get("server_name", "")),
        version=str(info.get("version", "")),
        max_payload_bytes=int(info.get("max_payload", 0)),
        url=url,
        cluster=str(info.get("cluster", "")),
        jetstream=bool(info.get("jetstream", False)),
    )
