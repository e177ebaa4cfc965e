"""Connects nodes to brokers, at a pace that brokers can follow, and again after a loss.

A broker's accept queue is short: with more than some fifty connects in flight its pace falls
to a tenth.  So each broker has a few slots; a node holds one from the connect to the PONG
behind its subscriptions, and a delay before another try comes before the slot, not in it.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from msgspec import DecodeError, Struct, json

from choria_core.backoff import Backoff
from choria_core.errors import AuthenticationError, ChoriaError, ConnectError
from choria_core.nats import wire
from choria_core.nats.dialing import explain, explain_server_error
from choria_core.server.sparing_log import SparingLog
from choria_emulator.node.broker import Broker
from choria_emulator.node.emulated_node import EmulatedNode, State
from choria_emulator.watch.figures import Counts
from choria_emulator.worker.dialing import NodeDialer
from choria_emulator.worker.greeting import Greeter

CONNECT_SECONDS: Final = 10.0
"""From the connect to the PONG; a broker that gets tens of thousands of nodes needs a while."""

BACKOFF: Final = Backoff(first_seconds=0.75, cap_seconds=30.0, factor=1.09, jitter=2 / 3)
"""As the Go server waits: a quarter of a second at first, half a minute after forty failures."""

_TLS: Final = "tls"
_READY: Final = "ready"


class _Info(Struct, frozen=True, gc=False):
    max_payload: int = 1 << 20
    nonce: str = ""
    tls_required: bool = False
    tls_available: bool = False


_infos: Final = json.Decoder(_Info)


class Connector:
    """Looks after the connections of all nodes of one process.

    Args:
        slots: connects that may be in flight to one broker.
        per_second: connects in a second, all brokers together; 0 for as many as go.
        greeter: writes what a node says first.
        dialer: opens them.
        context: of TLS; None for plain connections.
        counts: of the process.
        log: where warnings go.
        jitter: a random number from 0 to 1 for a node's try.
        on_ready: told of each node when the broker has all its subscriptions.

    Attributes:
        connected, ready, absent: nodes that have a connection, of which the broker has all
            subscriptions, and that are away because the plan wants it.
        last_failure: why the last try failed; empty when none did since the last success.
    """

    def __init__(  # noqa: PLR0913 - it joins that many
        self,
        *,
        slots: int,
        per_second: float,
        greeter: Greeter,
        dialer: NodeDialer,
        context: ssl.SSLContext | None,
        counts: Counts,
        log: SparingLog,
        jitter: Callable[[EmulatedNode], float],
        on_ready: Callable[[EmulatedNode], None],
    ) -> None:
        self.connected = self.ready = self.absent = 0
        self.last_failure = ""
        self._slots = slots
        self._gap = 1 / per_second if per_second > 0 else 0.0
        self._next = 0.0
        self._greeter = greeter
        self._dialer = dialer
        self._context = context
        self._counts = counts
        self._log = log
        self._jitter = jitter
        self._on_ready = on_ready
        self._loop = asyncio.get_running_loop()
        self._queues: dict[Broker, asyncio.Queue[EmulatedNode]] = {}
        self._pools: dict[str, Sequence[Broker]] = {}
        self._waiting: dict[EmulatedNode, asyncio.Future[str]] = {}
        self._complaints: dict[EmulatedNode, str] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._is_open = True
        self._empty = asyncio.Event()

    def open(self, pools: Iterable[tuple[str, Sequence[Broker]]]) -> None:
        """Have slots for the brokers of each group."""
        self._pools = dict(pools)
        for broker in {broker: None for pool in self._pools.values() for broker in pool}:
            queue = self._queues[broker] = asyncio.Queue()
            self._tasks += [
                self._loop.create_task(self._serve(broker, queue)) for _ in range(self._slots)
            ]

    async def close(self) -> None:
        """Connect nobody any more."""
        self._is_open = False
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def wait_empty(self, *, timeout_seconds: float) -> None:
        """Return when no node has a connection, or after so long."""
        self._empty.clear()
        if self.connected:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout_seconds):
                    await self._empty.wait()

    def add(self, node: EmulatedNode) -> None:
        """Connect a node when its turn comes."""
        if self._is_open and node.is_wanted:
            self._queues[node.broker].put_nowait(node)

    def cut(self, node: EmulatedNode) -> None:
        """End its connection at once, as if the network did; it comes back."""
        if node.state is State.READY and node.transport is not None:
            node.was_cut = True
            self._counts.cuts += 1
            self.absent += 1
            node.transport.abort()

    def release(self, node: EmulatedNode) -> None:
        """End its connection for good, when what is written has left."""
        node.is_wanted = False
        if node.was_cut:
            node.was_cut = False
            self.absent -= 1
        if node.transport is not None:
            node.transport.close()

    def garbled(self, node: EmulatedNode, cause: str) -> None:
        """A broker sent what is not the NATS protocol: this connection is of no further use."""
        self._log.warning("a broker sent what is no NATS frame", node=node.identity, cause=cause)
        self._complaints[node] = cause
        if node.transport is not None:
            node.transport.abort()

    def made(self, node: EmulatedNode) -> None:
        """A connection is open."""
        del node
        self.connected += 1

    def lost(self, node: EmulatedNode, error: Exception | None) -> None:
        """A connection ended."""
        state, node.state = node.state, State.DOWN
        node.awaits_pong = False
        self.connected -= 1
        if not self.connected:
            self._empty.set()
        complaint = self._complaints.pop(node, "")
        if state is not State.READY:
            self._fail(node, _cause(error, complaint))
            return
        self.ready -= 1
        if not node.is_wanted:
            return
        if not node.was_cut:
            self._counts.losses += 1
            self._log.warning(
                "a connection is lost",
                broker=node.broker.url,
                cause=complaint or str(error or "closed by the broker"),
            )
        self._try_later(node)

    def control(self, node: EmulatedNode, control: wire.Control) -> None:
        """A broker said something that is no message."""
        match control:
            case wire.Ping() if node.transport is not None:
                node.transport.write(wire.PONG)
            case wire.Pong():
                self._take_pong(node)
            case wire.Info(document):
                self._take_info(node, document)
            case wire.ServerError(text):
                if not text.startswith(wire.PERMISSIONS_VIOLATION):
                    self._complaints[node] = text
                self._log.warning("a broker complains", broker=node.broker.url, cause=text)

    def _take_pong(self, node: EmulatedNode) -> None:
        node.awaits_pong = False
        if node.state is not State.INTRODUCED:
            return
        node.state = State.READY
        node.attempts = 0
        node.connections += 1
        self.ready += 1
        if node.was_cut:
            node.was_cut = False
            self.absent -= 1
        self._counts.connects += 1
        self.last_failure = ""
        self._settle(node, _READY)
        if node.is_wanted:
            self._on_ready(node)
        else:  # it was given up while it was connecting
            self.release(node)

    def _take_info(self, node: EmulatedNode, document: bytes) -> None:
        try:
            info = _infos.decode(document)
        except (DecodeError, ValueError):
            self.garbled(node, "INFO that is no JSON")
            return
        node.broker.takes(info.max_payload)
        if node.state is not State.OPEN:
            return  # news of the cluster
        if self._context is not None or info.tls_required:
            if not (info.tls_required or info.tls_available):
                self._fail(node, ConnectError("--tls is given, but the broker offers no TLS"))
                return
            self._greeter.note_nonce(node, info.nonce)
            self._settle(node, _TLS)
        else:
            self._introduce(node, info.nonce)

    def _introduce(self, node: EmulatedNode, nonce: str) -> None:
        assert node.transport is not None
        node.state = State.INTRODUCED
        node.transport.write(self._greeter.introduction(node, nonce))

    def _settle(self, node: EmulatedNode, what: str) -> None:
        waiting = self._waiting.get(node)
        if waiting is not None and not waiting.done():
            waiting.set_result(what)

    def _fail(self, node: EmulatedNode, error: ChoriaError) -> None:
        waiting = self._waiting.get(node)
        if waiting is not None and not waiting.done():
            waiting.set_exception(error)
            waiting.exception()  # its slot may have given up already

    async def _serve(self, broker: Broker, queue: "asyncio.Queue[EmulatedNode]") -> None:
        """One slot of one broker."""
        while True:
            node = await queue.get()
            if not node.is_wanted or node.transport is not None or node.broker is not broker:
                continue
            if self._gap:
                await self._turn()
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    await self._connect(node)
                self._dialer.succeeded(node)
            except (OSError, TimeoutError, ChoriaError) as error:
                self._failed(node, error)
            finally:
                self._waiting.pop(node, None)

    async def _turn(self) -> None:
        now = self._loop.time()
        self._next = max(self._next, now) + self._gap
        await asyncio.sleep(self._next - now - self._gap)

    async def _connect(self, node: EmulatedNode) -> None:
        """Connect, and wait until the broker has all subscriptions."""
        waiting = self._waiting[node] = self._loop.create_future()
        node.state = State.OPEN
        await self._dialer.open(node)
        if await waiting == _TLS:
            waiting = self._waiting[node] = self._loop.create_future()
            await self._start_tls(node)
            self._introduce(node, self._greeter.nonce_of(node))
            await waiting

    async def _start_tls(self, node: EmulatedNode) -> None:
        if self._context is None:
            raise AuthenticationError("the broker demands TLS: give --tls")
        assert node.transport is not None
        upgraded = await self._loop.start_tls(
            node.transport, node, self._context, server_hostname=node.broker.address.host
        )
        if upgraded is None:
            raise ConnectError("the broker closed the connection during the TLS handshake")
        node.transport = upgraded

    def _failed(self, node: EmulatedNode, error: Exception) -> None:
        self._dialer.failed(node)
        cause = str(explain(error, timeout_seconds=CONNECT_SECONDS))
        self._counts.failed_connects += 1
        self.last_failure = f"{node.broker.url}: {cause}"
        self._log.warning("a node cannot connect", broker=node.broker.url, cause=cause)
        if node.transport is not None:
            node.transport.abort()
        else:
            node.state = State.DOWN
        node.attempts += 1
        self._try_later(node)

    def _try_later(self, node: EmulatedNode) -> None:
        """Queue a node for the next broker of its group, after a delay."""
        if not (self._is_open and node.is_wanted):
            return
        pool = self._pools[node.desk.group.name]
        if not node.was_cut or node.attempts:
            node.broker = pool[(pool.index(node.broker) + 1) % len(pool)]
        delay = BACKOFF.delay(node.attempts, self._jitter(node))
        self._loop.call_later(delay, self.add, node)


def _cause(error: Exception | None, complaint: str) -> ChoriaError:
    if complaint:
        return explain_server_error(complaint)
    if error is None:
        return ConnectError("the broker closed the connection")
    return explain(error, timeout_seconds=CONNECT_SECONDS)
