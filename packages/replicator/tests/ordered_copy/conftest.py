"""A source, a target and ordered copies between them, on real brokers.

Every test of this folder names in its module's docstring the remedies that it
guards; each was seen to fail with its remedy taken out.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator, MutableMapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import pytest
import pytest_asyncio
import structlog

from choria_core.broker.server import Broker
from choria_core.nats.endpoint_url import parse_endpoint
from choria_core.nats.jetstream import StreamInfo
from choria_core.nats.lean_transport import LeanSubscription, LeanTransport, connect
from choria_core.nats.wire import Delivery, Sink
from choria_replicator.message.provenance import HEADER, Provenance
from choria_replicator.ordered.ordered_copy import OrderedCopy, Surroundings
from choria_replicator.sampling.field_path import FieldPath
from choria_replicator.sampling.limiter_state import LimiterState
from choria_replicator.settings.model import Sampling, StreamSettings
from choria_replicator.stats import StreamStats
from choria_testing.fixtures import MakeBroker
from choria_testing.proxy import Proxy
from choria_testing.streams import Held, Sent, Streams, open_streams

STREAM = "NODES"
SITE = "site"
PATIENCE_SECONDS = 90.0
"""A machine may be busy; a test with several waits of this length has a longer timeout."""
FAST_INGEST, ID_CHAIN = "fast ingest", "message-id chain"


@dataclass(slots=True)
class Copying:
    """A copy at work; its connections are its own.

    Attributes:
        task: of its run; raises what ended it.
        states: every sampling state that it saved.
    """

    copy: OrderedCopy
    stats: StreamStats
    source: LeanTransport
    target: LeanTransport
    stop_event: asyncio.Event
    states: list[LimiterState]
    task: asyncio.Task[None]
    _killed: asyncio.Event

    @property
    def writer(self) -> str:
        """The kind of writer of the present stretch; empty before the first."""
        incarnation = self.copy.incarnation
        return "" if incarnation is None else incarnation._w.writer.name

    @property
    def confirmed(self) -> int:
        """Messages that the target has confirmed in the present stretch."""
        incarnation = self.copy.incarnation
        return 0 if incarnation is None else incarnation.confirmed_messages

    async def ended(self) -> None:
        """Wait for its end; raises what ended it."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.task

    async def stop(self) -> None:
        """Stop it as SIGTERM does, and wait."""
        self.stop_event.set()
        await self.ended()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until ``condition`` holds; what ends the copy meanwhile is raised."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            if self.task.done():
                await self.task
                raise AssertionError("the copy ended before that came true")
            if time.monotonic() > deadline:
                raise AssertionError(f"that never came true: {self.stats}")
            await asyncio.sleep(0.002)

    async def copied(self, messages: int) -> None:
        """Wait until so many messages are confirmed."""
        await self.until(lambda: self.stats.copied_messages >= messages)

    async def settled(self, sequence: int) -> None:
        """Wait until all up to the source's ``sequence`` is settled.

        Over interruptions this is surer than the count of copies, which knows
        nothing of those that were stored without their confirmation arriving.
        """
        await self.until(lambda: self.stats.frontier_sequence >= sequence)

    def once_confirmed(self, messages: int, act: Callable[[], None]) -> None:
        """Call ``act`` within the very read of the target that confirms more than ``messages``."""

        def look() -> None:
            if self.confirmed > messages:
                self.target.after_chunk.remove(look)
                act()

        self.target.after_chunk.append(look)

    def hold_behind(self, place: int) -> Callable[[], None]:
        """Let the network hold back all that is published behind the first ``place`` messages.

        However fast the copy is, it is in mid-copy then.

        Returns:
            A function that lets through what was held, and holds no more.
        """
        send = self.target.send
        passed = 0
        held: list[bytes] = []

        def hold(frames: bytes) -> None:
            nonlocal passed
            if frames.startswith(b"HPUB"):
                publishes = publishes_of(frames)
                free = max(place - passed, 0)
                passed += len(publishes)
                send(b"".join(publishes[:free]))
                held.extend(publishes[free:])
            elif held and frames.startswith(b"PUB nodes."):  # the end of a batch
                held.append(frames)
            else:
                send(frames)

        def release() -> None:
            self.target.send = send  # type: ignore[method-assign]  # as it was
            send(b"".join(held))

        self.target.send = hold  # type: ignore[method-assign]  # the network does
        return release

    def lose_behind(self, place: int, *, count: int | None = None) -> None:
        """Let the network lose ``count`` publishes behind the first ``place``.

        Without a count it loses all, until a resync.
        """
        send = self.target.send
        seen = 0

        def lose(frames: bytes) -> None:
            nonlocal seen
            if not frames.startswith(b"HPUB"):
                send(frames)
                return
            kept = []
            for frame in publishes_of(frames):
                lost = seen >= place and (count is None or seen < place + count)
                seen += 1
                if not lost or self.stats.resyncs:
                    kept.append(frame)
            send(b"".join(kept))

        self.target.send = lose  # type: ignore[method-assign]  # the network does

    def lose_answers(self) -> None:
        """Let the network lose what the target answers to publishes, but for the first answer.

        A resync ends it.  To be called before the copy begins: right after ``start``.
        """
        add_sink = self.target.add_sink
        seen = 0

        def add(subject: str, sink: Sink) -> LeanSubscription:
            def lose(delivery: Delivery) -> None:
                nonlocal seen
                seen += 1
                if seen == 1 or self.stats.resyncs:
                    sink(delivery)

            return add_sink(subject, lose)

        self.target.add_sink = add  # type: ignore[assignment,method-assign]  # the network does

    async def kill(self) -> None:
        """End it as SIGKILL does: nothing more is sent, read, saved or said."""
        self._killed.set()
        for transport in (self.source, self.target):
            if transport._link is not None:
                transport._link.end("killed")
        self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.task


@dataclass(slots=True)
class Lab:
    """Two brokers, and whatever a test does with them.

    Attributes:
        source, target: their streams, for the test's own hands and eyes.
        source_url, target_url: where copies connect; a test may put proxies there.
        writer: the kind that copies are to write by.
        logs: what was logged.
    """

    source_broker: Broker
    target_broker: Broker
    source: Streams
    target: Streams
    writer: str
    logs: list[MutableMapping[str, Any]]
    source_url: str = ""
    target_url: str = ""
    _stack: contextlib.AsyncExitStack = field(default_factory=contextlib.AsyncExitStack)

    async def make_source(self, **config: Any) -> StreamInfo:
        """Make the source stream; ``config`` in the server's JSON."""
        return await self.source.create_stream(
            {"name": STREAM, "subjects": ["nodes.>"], "storage": "memory", **config}
        )

    async def make_target(self, **config: Any) -> StreamInfo:
        """Make the target stream for this lab's kind of writer."""
        batched = {"allow_batched": True} if self.writer == FAST_INGEST else {}
        return await self.target.create_stream(
            {
                "name": STREAM,
                "subjects": ["nodes.>"],
                "storage": "memory",
                "duplicate_window": 10 * 10**9,
                **batched,
                **config,
            }
        )

    async def fill(self, count: int, *, first: int = 0, size: int = 0) -> None:
        """Put numbered messages of nodes n0 to n9 on the source."""
        await self.source.fill(
            Sent(f"nodes.n{number % 10}", b"%d" % number + b"." * size)
            for number in range(first, first + count)
        )

    async def foreign(self, body: bytes = b"foreign") -> None:
        """Let another writer store one message on the target."""
        await self.target.fill([Sent("nodes.foreign", body)])

    async def copies(self) -> list[Held]:
        """What the target holds."""
        return await self.target.read(STREAM)

    async def assert_exact(self) -> None:
        """The target holds the source's messages, each once, in order, and nothing else."""
        expected = await self.source.read(STREAM)
        copies = await self.copies()
        assert [one.body for one in copies] == [one.body for one in expected]
        assert [one.subject for one in copies] == [one.subject for one in expected]
        assert origins(copies) == [one.sequence for one in expected]

    def settings(self, **changes: Any) -> StreamSettings:
        """One entry from the source to the target."""
        basis = StreamSettings(
            entry="entry",
            dialect="streams",
            site=SITE,
            worker="entry",
            source=parse_endpoint(self.source_url or self.source_broker.url),
            target=parse_endpoint(self.target_url or self.target_broker.url),
            source_stream=STREAM,
        )
        return replace(basis, **changes)

    async def start(
        self,
        settings: StreamSettings | None = None,
        *,
        instance: str = "this",
        once: bool = False,
        restart: bool = False,
        state: LimiterState | None = None,
    ) -> Copying:
        """Start a copy, as a process would; it is stopped with the test."""
        settings = settings or self.settings()
        source = await self._connect(settings.source)
        target = await self._connect(settings.target)
        states: list[LimiterState] = []
        killed = asyncio.Event()

        def save(state: LimiterState) -> None:
            if not killed.is_set():
                states.append(state)

        around = Surroundings(
            instance=instance,
            once=once,
            restart=restart,
            load_state=lambda: state,
            save_state=save,
        )
        stats = StreamStats(stream=STREAM, site=SITE, worker=settings.worker)
        copy = OrderedCopy(settings, around, stats, source=source, target=target)
        stop = asyncio.Event()
        task = asyncio.create_task(copy.run(stop))
        self._stack.push_async_callback(_end, task)
        return Copying(copy, stats, source, target, stop, states, task, killed)

    async def once(self, settings: StreamSettings | None = None, **manner: Any) -> Copying:
        """Copy what the source holds, to the end."""
        copying = await self.start(settings, once=True, **manner)
        await copying.ended()
        return copying

    async def proxy(self, broker: Broker, *, delay_seconds: float = 0.0) -> Proxy:
        """A proxy before a broker."""
        return await self._stack.enter_async_context(
            Proxy("127.0.0.1", broker.port, delay_seconds=delay_seconds)
        )

    def said(self, event: str) -> list[MutableMapping[str, Any]]:
        """The log entries with these words."""
        return [entry for entry in self.logs if entry["event"] == event]

    @property
    def interruptions(self) -> list[str]:
        """What interrupted the copies of this lab, in their words."""
        return [str(entry["cause"]) for entry in self.said("copying was interrupted")]

    async def _connect(self, endpoint: Any) -> LeanTransport:
        transport = await connect(endpoint, name="copy", no_echo=True, timeout_seconds=10.0)
        self._stack.push_async_callback(transport.close)
        return transport


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def publishes_of(frames: bytes) -> list[bytes]:
    """Each publish of a write; no body of these tests looks like one."""
    begin = b"HPUB nodes."
    return [begin + rest for rest in frames.split(begin)[1:]]


def origins(copies: list[Held]) -> list[int]:
    """The source sequences that copies say they come from."""
    return [Provenance.parse(one.named(HEADER) or "").sequence for one in copies]


def sampled_by_host(interval_ms: int) -> Sampling:
    """One message per host and interval."""
    return Sampling(FieldPath.parse("host"), interval_ms)


@pytest.fixture(params=[FAST_INGEST, ID_CHAIN])
def writer(request: pytest.FixtureRequest) -> str:
    """Each kind of writer."""
    return str(request.param)


@pytest.fixture
def logs() -> Iterator[list[MutableMapping[str, Any]]]:
    """What is logged during the test."""
    with structlog.testing.capture_logs() as entries:
        yield entries


@pytest_asyncio.fixture
async def lab(
    make_broker: MakeBroker, writer: str, logs: list[MutableMapping[str, Any]]
) -> AsyncIterator[Lab]:
    """A lab for each kind of writer; no stream is made yet."""
    source, target = await make_broker(), await make_broker()
    async with _lab_between(source, target, writer, logs) as made:
        yield made


class LabBetween(Protocol):
    """Makes a lab over two brokers of the test's own."""

    def __call__(
        self, source: Broker, target: Broker, writer: str, logs: list[MutableMapping[str, Any]]
    ) -> contextlib.AbstractAsyncContextManager[Lab]:
        """A lab for one kind of writer."""


@pytest.fixture
def lab_between() -> LabBetween:
    """For tests with brokers of their own."""
    return _lab_between


@contextlib.asynccontextmanager
async def _lab_between(
    source: Broker, target: Broker, writer: str, logs: list[MutableMapping[str, Any]]
) -> AsyncIterator[Lab]:
    """A lab over two brokers."""
    async with (
        open_streams(source.url) as at_source,
        open_streams(target.url) as at_target,
        contextlib.AsyncExitStack() as stack,
    ):
        yield Lab(source, target, at_source, at_target, writer, logs, _stack=stack)
