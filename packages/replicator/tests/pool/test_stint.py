"""A worker of a pool while its target keeps silent, on real brokers."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from choria_core.broker.server import Broker
from choria_core.nats import wire
from choria_core.nats.endpoint_url import parse_endpoint
from choria_core.nats.jetstream import ConsumerInfo, JetStream
from choria_core.nats.lean_transport import LeanTransport, connect
from choria_replicator.message.header_policy import HeaderPolicy
from choria_replicator.ordered.incarnation import TICK_SECONDS, ResyncError
from choria_replicator.pool.books import PoolBooks
from choria_replicator.pool.limiter import PoolLimiter
from choria_replicator.pool.stint import PoolStint, PoolWiring
from choria_replicator.pool.writer import PoolWriter
from choria_replicator.sampling.field_path import FieldPath
from choria_replicator.source.pull_window import PullWindow
from choria_replicator.stats import StreamStats

STORED = b'{"stream": "T", "seq": 1}'
REFUSED = b'{"error": {"code": %d, "err_code": 10077, "description": "no"}}'


class Bench:
    """One broker with a stream to read, and subjects on which the test plays the target."""

    def __init__(self, near: LeanTransport, far: LeanTransport) -> None:
        self.near = near
        self.far = far
        self.jetstream = JetStream(near)
        self.stats = StreamStats(stream="REG", site="here", worker="here_0")
        self.books = PoolBooks()

    async def prepare(self) -> ConsumerInfo:
        config = {"name": "REG", "subjects": ["reg.>"]}
        await self.jetstream.create_stream(config)
        consumer = {"name": "pool", "durable_name": "pool", "ack_policy": "explicit"}
        return await self.jetstream.create_consumer("REG", consumer)

    async def ack_pending(self) -> int:
        found = await self.jetstream.find_consumer("REG", "pool")
        assert found is not None
        return found.num_ack_pending + found.num_pending

    def stint(self, consumer: ConsumerInfo, *, overdue_seconds: float) -> PoolStint:
        return PoolStint(
            PoolWiring(
                source=self.near,
                target=self.far,
                consumer=consumer,
                writer=PoolWriter(inbox=self.far.new_inbox(), id_prefix=b"id."),
                window=PullWindow(max_messages=400, max_bytes=1 << 23, largest_message_bytes=1024),
                policy=HeaderPolicy(),
                map_subject=lambda subject: f"target.{subject}",
                books=self.books,
                stats=self.stats,
                stream="REG",
                site="here",
                worker="here_0",
                overdue_seconds=overdue_seconds,
            )
        )

    def play(self, answer: Callable[[bytes], bytes | None]) -> None:
        """Answer what is published to the target: by subject, None not to answer."""

        def take(delivery: wire.Delivery) -> None:
            subject, reply, _, _ = delivery
            body = answer(subject)
            if body is not None:
                self.near.send(b"PUB %b %d\r\n%b\r\n" % (reply, len(body), body))

        self.near.add_sink("target.>", take)


@pytest_asyncio.fixture
async def bench(broker: Broker) -> AsyncIterator[Bench]:
    endpoint = parse_endpoint(broker.url)
    async with (
        await connect(endpoint, name="near") as near,
        await connect(endpoint, name="far") as far,
    ):
        yield Bench(near, far)


@contextlib.asynccontextmanager
async def attended(stint: PoolStint) -> AsyncIterator[None]:
    """Tick as a worker does; at the end close and detach, in whatever state it is."""

    async def tick() -> None:
        while True:
            stint.tick()
            await asyncio.sleep(TICK_SECONDS)

    stint.pump()
    ticking = asyncio.create_task(tick())
    try:
        async with asyncio.timeout(60):
            yield
    finally:
        ticking.cancel()
        await stint.close_inbox()
        stint.detach()


async def test_one_message_without_answer_comes_again_while_others_go_on(bench: Bench) -> None:
    consumer = await bench.prepare()
    asked: list[bytes] = []
    done = asyncio.Event()

    def answer(subject: bytes) -> bytes | None:
        asked.append(subject)
        if subject == b"target.reg.lost":
            if asked.count(subject) == 1:
                return None
            done.set()
        elif not done.is_set():
            bench.near.send(b"PUB reg.flow 0\r\n\r\n")  # so that something always goes on
        return STORED

    bench.play(answer)
    await bench.near.request("reg.lost", b"x")
    await bench.near.request("reg.flow", b"x")
    stint = bench.stint(consumer, overdue_seconds=1.5)  # the others' answers must not be overdue
    async with attended(stint):
        await done.wait()
        stint.stop_asking()
        while not stint.is_quiet:  # noqa: ASYNC110 - nothing tells that nothing happens
            await asyncio.sleep(TICK_SECONDS)
        await stint.close_inbox()
        await stint.over

    assert asked.count(b"target.reg.lost") == 2
    assert bench.stats.failed_messages == 1
    assert bench.stats.copied_messages == stint.settled_messages == len(asked) - 1
    await bench.near.flush()
    assert await bench.ack_pending() == 0


async def test_a_target_that_keeps_silent_ends_the_stint_and_all_is_given_back(
    bench: Bench,
) -> None:
    consumer = await bench.prepare()
    await bench.near.request("reg.a", b"x")
    await bench.near.request("reg.b", b"x")
    bench.play(lambda _subject: None)
    stint = bench.stint(consumer, overdue_seconds=0.3)

    async with attended(stint):
        with pytest.raises(ResyncError, match=r"confirmed nothing for 0\.3 s"):
            await stint.over

    assert stint.unsettled_messages == 0
    assert await bench.ack_pending() == 2


async def test_many_refusals_in_a_row_end_the_stint(bench: Bench) -> None:
    consumer = await bench.prepare()
    for _ in range(100):
        await bench.near.request("reg.a", b"x")
    bench.play(lambda _subject: REFUSED % 503)
    stint = bench.stint(consumer, overdue_seconds=5.0)

    async with attended(stint):
        with pytest.raises(ResyncError, match="refused a message: no"):
            await stint.over

    assert stint.poison is None
    assert await bench.ack_pending() == 100


@pytest.mark.parametrize(("code", "is_poison"), [(400, True), (409, False), (429, False)])
async def test_only_what_is_the_messages_own_fault_is_poison(
    bench: Bench, code: int, *, is_poison: bool
) -> None:
    consumer = await bench.prepare()
    await bench.near.request("reg.a", b"x")
    asked = 0
    done = asyncio.Event()

    def answer(_subject: bytes) -> bytes:
        nonlocal asked
        asked += 1
        if asked == 3:
            done.set()
        return REFUSED % code

    bench.play(answer)
    stint = bench.stint(consumer, overdue_seconds=5.0)
    async with attended(stint):
        await done.wait()
        await bench.near.flush()
        await bench.far.flush()

    assert (stint.poison is not None) is is_poison
    assert bench.stats.failed_messages == 3


async def test_what_waits_for_a_copy_is_acknowledged_only_with_it(bench: Bench) -> None:
    bench.books.limiter = PoolLimiter(FieldPath.parse("host"), 3_600_000)
    consumer = await bench.prepare()
    for _ in range(3):
        await bench.near.request("reg.a", b'{"host": "n1"}')
    replies: list[bytes] = []
    all_read = asyncio.Event()

    def hold(delivery: wire.Delivery) -> None:
        replies.append(delivery[1])

    bench.near.add_sink("target.>", hold)
    stint = bench.stint(consumer, overdue_seconds=10.0)

    def see() -> None:
        if bench.stats.read_sequence == 3:
            all_read.set()

    bench.near.after_chunk.append(see)
    async with attended(stint):
        await all_read.wait()
        await bench.far.flush()
        await bench.near.flush()
        assert len(replies) == 1
        assert stint.unsettled_messages == 3
        assert await bench.ack_pending() == 3
        assert bench.stats.skipped_messages == 0

        await bench.near.publish(replies[0].decode(), STORED)
        await bench.near.flush()
        await bench.far.flush()
        stint.tick()
        await bench.near.flush()
        assert (bench.stats.copied_messages, bench.stats.skipped_messages) == (1, 2)
        assert await bench.ack_pending() == 0
