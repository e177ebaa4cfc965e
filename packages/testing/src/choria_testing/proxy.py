"""A TCP proxy that delays, blackholes and cuts.

    async with Proxy("127.0.0.1", broker.port, delay_seconds=0.025) as proxy:
        await connect(parse_endpoint(proxy.url), name="far away")   # 50 ms round trip

Each direction is a queue of chunks with the times at which they are due, so
that a delay costs latency and no throughput.
"""

import asyncio
from collections import deque
from types import TracebackType
from typing import Self, cast

from choria_core.broker.free_port import pick_port

MAX_QUEUED_BYTES = 64 * 1024 * 1024
LISTEN_ATTEMPTS = 5
HOST = "127.0.0.1"


class Proxy:
    """Passes connections on to another port; use as ``async with``.

    Attributes:
        port: where the proxy listens; it stays over ``cut`` and ``restore``.
        delay_seconds: one way, for each direction; may be changed at any time.
        is_stalled: nothing passes; see :meth:`stall`.
        holds_answers: nothing passes from the upstream; see :meth:`stall_answers`.
    """

    def __init__(
        self, upstream_host: str, upstream_port: int, *, delay_seconds: float = 0.0
    ) -> None:
        self.port = 0
        self.delay_seconds = delay_seconds
        self.is_stalled = False
        self.holds_answers = False
        self._upstream = (upstream_host, upstream_port)
        self._server: asyncio.Server | None = None
        self._links: set[_Link] = set()

    @property
    def url(self) -> str:
        """The proxy as a NATS server."""
        return f"nats://{HOST}:{self.port}"

    @property
    def is_cut(self) -> bool:
        """Whether it refuses connections."""
        return self._server is None

    @property
    def connections(self) -> int:
        """How many connections it holds."""
        return len(self._links)

    async def cut(self) -> None:
        """Drop all connections and refuse new ones."""
        if self._server is not None:
            self._server.close()
            self._server = None
        links = tuple(self._links)
        for link in links:
            link.abort()
        await asyncio.gather(*(link.ended.wait() for link in links))

    async def restore(self) -> None:
        """Take connections again, on the same port.

        Raises:
            OSError: another program took the port meanwhile.
        """
        if self._server is None:
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(self._accept, HOST, self.port)

    def stall(self) -> None:
        """Let nothing pass, as a network that drops packets: no error, no answer."""
        self.is_stalled = True

    def stall_answers(self) -> None:
        """Pass on what clients say, and nothing of what the upstream says."""
        self.holds_answers = True

    def resume(self) -> None:
        """Pass on all that was held back, and go on."""
        self.is_stalled = self.holds_answers = False
        for link in tuple(self._links):
            link.deliver()

    async def __aenter__(self) -> Self:
        for attempt in range(1, LISTEN_ATTEMPTS + 1):
            self.port = pick_port(HOST)
            try:
                await self.restore()
                break
            except OSError:
                if attempt == LISTEN_ATTEMPTS:
                    raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.cut()

    def _accept(self) -> "_End":
        link = _Link(self, self._upstream)
        self._links.add(link)
        return link.near

    def forget(self, link: "_Link") -> None:
        """Both ends of ``link`` are closed."""
        self._links.discard(link)


class _Link:
    """One accepted connection and its way to the upstream."""

    def __init__(self, proxy: Proxy, upstream: tuple[str, int]) -> None:
        self.ended = asyncio.Event()
        outward, inward = _Direction(proxy), _Direction(proxy, is_inward=True)
        self.near = _End(self, outward, inward)
        self.far = _End(self, inward, outward)
        self._proxy = proxy
        self._upstream = upstream
        self._connecting: asyncio.Task[None] | None = None

    def opened(self, end: "_End") -> None:
        """A socket of the link is open; the near one asks for the far one."""
        if self._proxy.is_cut:
            self.abort()  # it was on its way in while the proxy was cut
        elif end is self.near:
            self._connecting = asyncio.create_task(self._connect())

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(lambda: self.far, *self._upstream)
        except OSError:
            self.abort()

    def closed(self) -> None:
        """A socket of the link is closed: when both are, the link is over."""
        if self.near.is_closed and self.far.is_closed:
            self._proxy.forget(self)
            self.ended.set()

    def deliver(self) -> None:
        """Pass on what is due in both directions."""
        for end in (self.near, self.far):
            end.incoming.deliver()

    def abort(self) -> None:
        """Close both sockets without sending what is queued."""
        if self.far.transport is None:  # and never will be
            self.far.is_closed = True
            if self._connecting is not None:
                self._connecting.cancel()
        for end in (self.near, self.far):
            if end.transport is not None:
                end.transport.abort()
        self.closed()


class _Direction:
    """One way through a link: a queue between a source and a target."""

    def __init__(self, proxy: Proxy, *, is_inward: bool = False) -> None:
        self._proxy = proxy
        self._is_inward = is_inward
        self._queue: deque[tuple[float, bytes | None]] = deque()
        self._queued_bytes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._source: asyncio.Transport | None = None
        self._target: asyncio.Transport | None = None
        self._is_target_full = False
        self._is_source_paused = False

    def starts_at(self, source: asyncio.Transport) -> None:
        """Bytes come from here."""
        self._source = source

    def ends_at(self, target: asyncio.Transport) -> None:
        """Bytes go here; what came before it was open goes now."""
        self._target = target
        self.deliver()

    def feed(self, chunk: bytes | None) -> None:
        """Queue bytes; None stands for the end of the source."""
        loop = asyncio.get_running_loop()
        self._queue.append((loop.time() + self._proxy.delay_seconds, chunk))
        self._queued_bytes += len(chunk or b"")
        self._balance()
        self.deliver()

    def target_full(self, *, is_full: bool) -> None:
        """The target takes no more at present, or does again."""
        self._is_target_full = is_full
        self.deliver()

    def deliver(self) -> None:
        """Write what is due, and set the timer for the next."""
        if self._target is None or self._is_held or self._target.is_closing():
            return
        now = asyncio.get_running_loop().time()
        while self._queue and self._queue[0][0] <= now and not self._is_target_full:
            self._write(self._target)
        self._balance()
        if self._queue and not self._is_target_full and self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(self._queue[0][0], self._on_timer)

    @property
    def _is_held(self) -> bool:
        return self._proxy.is_stalled or (self._is_inward and self._proxy.holds_answers)

    def stop(self) -> None:
        """Forget what is queued: an end of the link is closed."""
        if self._timer is not None:
            self._timer.cancel()
        self._queue.clear()

    def _on_timer(self) -> None:
        self._timer = None
        self.deliver()

    def _write(self, target: asyncio.Transport) -> None:
        _, chunk = self._queue.popleft()
        if chunk is None:
            target.close()
            return
        self._queued_bytes -= len(chunk)
        target.write(chunk)

    def _balance(self) -> None:
        """Stop reading while too much is queued."""
        is_too_much = self._queued_bytes > MAX_QUEUED_BYTES
        if self._source is None or is_too_much is self._is_source_paused:
            return
        self._is_source_paused = is_too_much
        if self._source.is_closing():
            return
        if is_too_much:
            self._source.pause_reading()
        else:
            self._source.resume_reading()


class _End(asyncio.Protocol):
    """One socket of a link: feeds ``outgoing`` and writes what comes ``incoming``."""

    def __init__(self, link: _Link, outgoing: _Direction, incoming: _Direction) -> None:
        self.transport: asyncio.Transport | None = None
        self.is_closed = False
        self.incoming = incoming
        self._outgoing = outgoing
        self._link = link

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open."""
        self.transport = cast(asyncio.Transport, transport)  # of a TCP connection
        self._outgoing.starts_at(self.transport)
        self.incoming.ends_at(self.transport)
        self._link.opened(self)

    def data_received(self, data: bytes) -> None:
        """Bytes from this socket's peer."""
        self._outgoing.feed(data)

    def connection_lost(self, _error: Exception | None) -> None:
        """The socket is closed; the other follows when it has all that was sent."""
        self.is_closed = True
        self._outgoing.feed(None)
        self.incoming.stop()
        self._link.closed()

    def pause_writing(self) -> None:
        """The peer reads too slowly."""
        self.incoming.target_full(is_full=True)

    def resume_writing(self) -> None:
        """The peer has caught up."""
        self.incoming.target_full(is_full=False)
