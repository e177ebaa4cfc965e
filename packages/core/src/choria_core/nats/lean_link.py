"""One TCP connection of the lean connector, from greeting to end."""

import asyncio
import json
import ssl
from collections.abc import Callable, Mapping
from typing import Any, cast

from choria_core.errors import (
    AuthenticationError,
    ConnectError,
    DisconnectedError,
    RemoteProtocolError,
)
from choria_core.nats import wire
from choria_core.nats.dialing import explain_server_error
from choria_core.nats.endpoint import ServerAddress, TlsSettings
from choria_core.nats.tls_context import make_context


class LeanLink(asyncio.Protocol):
    """One TCP connection from greeting to end; a transport uses many in its life."""

    def __init__(
        self, after_chunk: Callable[[], None], on_complaint: Callable[[str], None]
    ) -> None:
        self.decoder = wire.Decoder(self._on_control)
        self.info: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self.closed: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport | None = None
        self.writable = asyncio.Event()
        self.writable.set()
        self.unanswered_pings = 0
        self.last_error = ""
        self.failure: Exception | None = None
        self._pongs: list[asyncio.Future[None]] = []
        self._after_chunk = after_chunk
        self._on_complaint = on_complaint

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Bytes came in."""
        try:
            self.decoder.feed(data)
        except RemoteProtocolError as error:
            self.end(str(error))
            return
        self._after_chunk()

    def pause_writing(self) -> None:
        """The socket takes nothing more for now."""
        self.writable.clear()

    def resume_writing(self) -> None:
        """The socket takes bytes again."""
        self.writable.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is closed; ``exc`` says why, if anyone knows."""
        self.failure = exc
        self.end(self.last_error or (str(exc) if exc else "the server closed the connection"))

    def end(self, cause: str) -> None:
        """Close for ``cause``, which is kept; harmless when already closed."""
        if self.transport is not None:
            self.transport.abort()
        self.writable.set()
        if not self.closed.done():
            self.closed.set_result(cause)
        waiting: list[asyncio.Future[Any]] = [self.info, *self._pongs]
        for future in waiting:
            if not future.done():
                future.set_exception(DisconnectedError(cause))
                future.exception()  # nobody may be waiting any more
        self._pongs.clear()

    @property
    def is_over(self) -> bool:
        """Whether nothing can be written any more, told or not."""
        return self.closed.done() or self.transport is None or self.transport.is_closing()

    def write(self, data: bytes) -> None:
        """Send bytes; they are lost when the connection is over."""
        if self.transport is not None and not self.is_over:
            self.transport.write(data)

    def rest(self) -> None:
        """Read no more in this turn of the event loop, and go on in the next.

        A loop may read a socket many times in one turn; this lets others have theirs.
        """
        if self.transport is not None and not self.is_over and self.transport.is_reading():
            self.transport.pause_reading()
            asyncio.get_running_loop().call_soon(self._read_on)

    def _read_on(self) -> None:
        if self.transport is not None and not self.is_over:
            self.transport.resume_reading()

    def ping(self) -> asyncio.Future[None]:
        """Send a PING; the future is done when its PONG arrives."""
        pong: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.closed.done():
            pong.set_exception(DisconnectedError(self.closed.result()))
        else:
            self._pongs.append(pong)
            self.write(wire.PING)
        return pong

    async def greet(self, server: ServerAddress, settings: TlsSettings | None) -> dict[str, Any]:
        """Open the socket, with TLS where wanted, and return the server's INFO.

        Raises:
            AuthenticationError: TLS is wanted and the server offers none.
            ConnectError, DisconnectedError, OSError, ssl.SSLError: it did not work.
        """
        loop = asyncio.get_running_loop()
        tls = settings or (TlsSettings() if server.scheme == "tls" else None)
        first = tls is not None and tls.handshake_first
        context = None if tls is None else make_context(tls)
        await loop.create_connection(
            lambda: self,
            server.host,
            server.port,
            ssl=context if first else None,
            server_hostname=server.host if first else None,
        )
        info = await asyncio.shield(self.info)
        if not first and (tls is not None or info.get("tls_required")):
            if not (info.get("tls_required") or info.get("tls_available")):
                raise AuthenticationError("TLS is configured, but the server offers none")
            await self._start_tls(context or make_context(TlsSettings()), server.host)
        return info

    async def _start_tls(self, context: ssl.SSLContext, host: str) -> None:
        assert self.transport is not None
        upgraded = await asyncio.get_running_loop().start_tls(
            self.transport, self, context, server_hostname=host
        )
        if upgraded is None:
            raise ConnectError("the server closed the connection during the TLS handshake")
        self.transport = upgraded

    async def introduce(self, options: Mapping[str, Any], frames: bytes) -> None:
        """CONNECT with ``options``, send ``frames``, and wait for the PONG behind them.

        Raises:
            AuthenticationError: the server refuses us.
            DisconnectedError: it closed the connection without saying why.
        """
        self.write(wire.connect(json.dumps(options).encode()) + frames)
        try:
            await self.ping()
        except DisconnectedError:
            if self.last_error:
                raise explain_server_error(self.last_error) from None
            if self.info.result().get("tls_verify"):
                raise AuthenticationError(
                    "the server demands a client certificate and refuses ours"
                ) from None
            raise

    def _on_control(self, control: wire.Control) -> None:
        match control:
            case wire.Ping():
                self.write(wire.PONG)
            case wire.Pong():
                self.unanswered_pings = 0
                if self._pongs and not (pong := self._pongs.pop(0)).done():
                    pong.set_result(None)
            case wire.Info(document):
                self._on_info(document)
            case wire.ServerError(text) if text.startswith(wire.PERMISSIONS_VIOLATION):
                self._on_complaint(text)
            case wire.ServerError(text):
                self.last_error = text

    def _on_info(self, document: bytes) -> None:
        try:
            info = json.loads(document)
        except (ValueError, RecursionError):
            self.end("the server's INFO is not JSON")
            return
        if not self.info.done():
            self.info.set_result(info)
