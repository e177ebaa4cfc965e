"""The pool on real brokers: exact as a set, whatever is killed, refused or away."""

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from choria_core.broker.server import Broker
from choria_core.errors import AuthenticationError, WorkError
from choria_core.nats import wire
from choria_core.nats.endpoint_url import parse_endpoint
from choria_core.nats.headers import parse_headers
from choria_core.nats.jetstream import ConsumerInfo
from choria_core.nats.lean_transport import LeanTransport, connect
from choria_core.timestamps import parse_rfc3339_ms
from choria_replicator.message.provenance import Provenance
from choria_replicator.ordered.ordered_copy import Surroundings
from choria_replicator.pool.pool_copy import PoolCopy, Side
from choria_replicator.pool_naming import message_id_prefix, pool_consumer_name
from choria_replicator.sampling.field_path import FieldPath
from choria_replicator.sampling.limiter_state import LimiterState
from choria_replicator.settings.model import Pool, Sampling, StreamSettings
from choria_replicator.stats import StreamStats
from choria_testing.fixtures import MakeBroker
from choria_testing.secured_brokers import SecuredBroker
from choria_testing.stream_admin import StreamAdmin

PROCESS = Path(__file__).parent / "pool_process.py"
Start = Callable[..., Awaitable[asyncio.subprocess.Process]]
PATIENCE_SECONDS = 90.0
GROUP = "reg_grp"
CONSUMER = pool_consumer_name(GROUP)


@dataclass(frozen=True)
class Copy:
    """One message that the target holds."""

    origin: Provenance
    headers: dict[str, str]
    body: bytes


class Site:
    """One side: its broker, and a connection of the test's own."""

    def __init__(self, broker: Broker, transport: LeanTransport) -> None:
        self.broker = broker
        self.transport = transport
        self.jetstream = StreamAdmin(transport)

    async def make(self, **config: Any) -> None:
        await self.jetstream.create_stream({"name": "REG", "subjects": ["reg"], **config})

    async def publish(self, bodies: list[bytes], *, header: bytes = b"") -> None:
        """Store all; the answer to the last says that those before are stored too."""
        frames = [
            b"HPUB reg %d %d\r\n%b%b\r\n" % (len(header), len(header) + len(body), header, body)
            if header
            else b"PUB reg %d\r\n%b\r\n" % (len(body), body)
            for body in bodies[:-1]
        ]
        self.transport.send(b"".join(frames))
        await self.transport.request("reg", bodies[-1], timeout_seconds=30)

    async def messages(self) -> int:
        return (await self.jetstream.stream_info("REG")).state.messages

    async def consumer(self) -> ConsumerInfo:
        found = await self.jetstream.find_consumer("REG", CONSUMER)
        assert found is not None
        return found

    async def copies(self) -> list[Copy]:
        """Everything that the stream holds, in its order."""
        total = await self.messages()
        got: list[Copy] = []
        done = asyncio.Event()

        def take(delivery: wire.Delivery) -> None:
            _, _, header, body = delivery
            headers = dict(parse_headers(header).headers)
            got.append(Copy(Provenance.parse(headers["Choria-SR-Source"]), headers, body))
            if len(got) == total:
                done.set()

        if total:
            inbox = self.transport.new_inbox()
            subscription = self.transport.add_sink(inbox, take)
            config = {"name": "check", "ack_policy": "none", "mem_storage": True}
            await self.jetstream.create_consumer("REG", config)
            body = json.dumps({"batch": total}).encode()
            await self.transport.publish("$JS.API.CONSUMER.MSG.NEXT.REG.check", body, reply=inbox)
            async with asyncio.timeout(PATIENCE_SECONDS):
                await done.wait()
            subscription.end()
            await self.jetstream.delete_consumer("REG", "check")
        return got

    @contextlib.contextmanager
    def publishes(self, count: int) -> Iterator[asyncio.Event]:
        """An event that is set when so many messages were published to ``reg``."""
        seen = 0
        reached = asyncio.Event()

        def see(_delivery: wire.Delivery) -> None:
            nonlocal seen
            seen += 1
            if seen == count:
                reached.set()

        subscription = self.transport.add_sink("reg", see)
        yield reached
        subscription.end()


async def until(event: asyncio.Event) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        await event.wait()


async def shown(is_so: Callable[[], bool]) -> None:
    """Wait for a counter: nothing tells when it changes."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not is_so():  # noqa: ASYNC110 - counters are plain numbers
            await asyncio.sleep(0.05)


@pytest_asyncio.fixture
async def sites(make_broker: MakeBroker) -> AsyncIterator[tuple[Site, Site]]:
    async with opened(await make_broker(), await make_broker()) as both:
        yield both


@contextlib.asynccontextmanager
async def opened(source: Broker, target: Broker) -> AsyncIterator[tuple[Site, Site]]:
    async with (
        await connect(parse_endpoint(source.url), name="test") as near,
        await connect(parse_endpoint(target.url), name="test") as far,
    ):
        yield Site(source, near), Site(target, far)


class InProcess:
    """A pool in this process."""

    def __init__(
        self,
        source: Site,
        target: Site,
        *,
        name: str = "here",
        workers: int = 4,
        subject: str = "reg",
        interval_ms: int = 0,
        state: LimiterState | None = None,
        restart: bool = False,
    ) -> None:
        self.stop = asyncio.Event()
        self.saved: list[LimiterState] = []
        self.settings = StreamSettings(
            entry="REG",
            dialect="topics",
            site=name,
            worker=name,
            source=parse_endpoint(source.broker.url),
            target=parse_endpoint(target.broker.url),
            filter_subject=subject,
            sampling=Sampling(FieldPath.parse("host"), interval_ms) if interval_ms else None,
            pool=Pool(workers, GROUP),
        )
        self.stats = [
            StreamStats(stream="", site=name, worker=self.settings.worker_name(index))
            for index in range(workers)
        ]
        self._around = Surroundings(
            instance=name, restart=restart, load_state=lambda: state, save_state=self.saved.append
        )

    async def run(self, *, once: bool = False) -> None:
        around = replace(self._around, once=once)
        pool = PoolCopy(
            self.settings, around, self.stats, connect=self._connect, ack_wait_seconds=2.0
        )
        async with asyncio.timeout(PATIENCE_SECONDS):
            await pool.run(self.stop)

    async def _connect(self, side: Side, name: str) -> LeanTransport:
        endpoint = self.settings.source if side == "source" else self.settings.target
        return await connect(endpoint, name=name, timeout_seconds=10)

    def sum(self, counter: Callable[[StreamStats], int]) -> int:
        return sum(counter(one) for one in self.stats)


def numbered(count: int, *, size: int = 0) -> list[bytes]:
    return [(b"%d " % number).ljust(size) for number in range(1, count + 1)]


def hosts(count: int, senders: int) -> list[bytes]:
    return [b'{"host": "n%d"}' % (number % senders) for number in range(count)]


def assert_exact(copies: list[Copy], count: int) -> None:
    """Each of the numbered messages is there, once, and is what it says it is."""
    assert sorted(one.origin.sequence for one in copies) == list(range(1, count + 1))
    assert all(int(one.body) == one.origin.sequence for one in copies)


@pytest_asyncio.fixture
async def start() -> AsyncIterator[Start]:
    """A function that starts processes of the pool; none outlives the test."""
    processes: list[asyncio.subprocess.Process] = []

    async def started(source: Site, target: Site, **options: Any) -> asyncio.subprocess.Process:
        urls = {"source": source.broker.url, "target": target.broker.url}
        options = {**urls, "workers": 4, "ack_wait": 2.0, **options}
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(PROCESS), json.dumps(options), stdout=asyncio.subprocess.PIPE
        )
        processes.append(process)
        return process

    yield started
    for process in processes:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def until_waiting(source: Site, *, workers: int) -> None:
    """Return when so many workers have asked for messages, with four pulls each."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            found = await source.jetstream.find_consumer("REG", CONSUMER)
            if found is not None and found.num_waiting >= 4 * workers:
                return
            await asyncio.sleep(0.05)


@pytest.mark.faults
async def test_two_processes_of_four_workers_are_exact_as_a_set_though_one_is_killed(
    sites: tuple[Site, Site], start: Start
) -> None:
    source, target = sites
    count = 60_000
    await source.make()
    one = await start(source, target, name="one")
    two = await start(source, target, name="two")
    await until_waiting(source, workers=8)
    with target.publishes(count // 5) as a_fifth:
        filling = asyncio.create_task(source.publish(numbered(count, size=256)))
        await until(a_fifth)
        one.kill()
    at_the_kill = await target.messages()
    await filling
    three = await start(source, target, name="three", once=True)

    assert (await asyncio.wait_for(three.communicate(), PATIENCE_SECONDS))[0]
    two.send_signal(signal.SIGTERM)
    await asyncio.wait_for(two.communicate(), PATIENCE_SECONDS)

    await one.wait()
    assert (one.returncode, two.returncode, three.returncode) == (-signal.SIGKILL, 0, 0)
    assert at_the_kill < count
    copies = await target.copies()
    assert_exact(copies, count)
    assert {copy.origin.site for copy in copies} >= {"one", "two"}
    assert len({copy.origin.worker for copy in copies}) >= 8
    consumer = await source.consumer()
    assert (consumer.num_pending, consumer.num_ack_pending) == (0, 0)


async def test_copies_say_their_origin_and_keep_other_headers(sites: tuple[Site, Site]) -> None:
    source, target = sites
    await source.make()
    header = (
        b"NATS/1.0\r\nColour: blue\r\nNats-Msg-Id: first\r\n"
        b"Nats-Expected-Last-Sequence: 0\r\nChoria-SR-Source: A 1 b c 2\r\n\r\n"
    )
    await source.publish([b"", b"2"], header=header)

    pool = InProcess(source, target, workers=1)
    await pool.run(once=True)

    first, second = sorted(await target.copies(), key=lambda copy: copy.origin.sequence)
    stored = await source.jetstream.message("REG", 1)
    assert stored is not None
    assert first.origin == Provenance("REG", 1, "here", "here_0", parse_rfc3339_ms(stored.time))
    assert first.body == b""
    created = (await source.jetstream.stream_info("REG")).created
    prefix = message_id_prefix(group=GROUP, stream="REG", created=created).decode()
    assert first.headers == {
        "Nats-Msg-Id": f"{prefix}1",
        "Choria-SR-Source": first.origin.format(),
        "Colour": "blue",
        "Choria-SR-Msg-Id": "first",
    }
    assert set(second.headers) == {"Nats-Msg-Id", "Choria-SR-Source"}
    window = (await target.jetstream.stream_info("REG")).config["duplicate_window"]
    assert window == 120 * 1_000_000_000


async def test_a_message_that_comes_again_is_stored_once(sites: tuple[Site, Site]) -> None:
    """What another worker had published, but not acknowledged, before it was killed."""
    source, target = sites
    await source.make()
    await target.make()
    await source.publish(numbered(10))
    created = (await source.jetstream.stream_info("REG")).created
    prefix = message_id_prefix(group=GROUP, stream="REG", created=created).decode()
    await target.transport.request(
        "reg",
        b"7",
        headers={"Nats-Msg-Id": f"{prefix}7", "Choria-SR-Source": "REG 7 there there_0 5"},
    )

    pool = InProcess(source, target)
    await pool.run(once=True)

    copies = await target.copies()
    assert_exact(copies, 10)
    assert [copy.origin.site for copy in copies].count("there") == 1
    assert pool.sum(lambda one: one.copied_messages) == 9


async def test_what_the_target_refuses_for_a_while_is_copied_later(
    sites: tuple[Site, Site],
) -> None:
    source, target = sites
    await source.make()
    await target.make(max_msgs=10, discard="new")
    await source.publish(numbered(300))
    pool = InProcess(source, target)

    with target.publishes(400) as some_came_again:
        running = asyncio.create_task(pool.run(once=True))
        await until(some_came_again)
    assert not running.done()
    assert await target.messages() == 10
    config = (await target.jetstream.stream_info("REG")).config
    await target.jetstream.update_stream({**config, "max_msgs": -1})
    await running

    assert_exact(await target.copies(), 300)
    assert pool.sum(lambda one: one.failed_messages) >= 100
    assert pool.sum(lambda one: one.copied_messages) == 300
    assert pool.sum(lambda one: one.received_messages) == 300


async def test_sampling_copies_one_of_each_sender_in_a_process(sites: tuple[Site, Site]) -> None:
    source, target = sites
    await source.make()
    await source.publish([*hosts(5000, senders=50), b"not JSON", b'{"other": 1}'])
    pool = InProcess(source, target, interval_ms=3_600_000)

    await pool.run(once=True)

    bodies = [copy.body for copy in await target.copies()]
    assert sorted(bodies) == sorted({*hosts(50, senders=50), b"not JSON", b'{"other": 1}'})
    assert pool.sum(lambda one: one.skipped_messages) == 4950
    assert pool.sum(lambda one: one.keyless_messages) == 2
    assert pool.sum(lambda one: one.limiter_items) == 50
    assert (await source.consumer()).num_ack_pending == 0


async def test_sampling_goes_on_after_a_restart_and_forgets_with_the_target(
    sites: tuple[Site, Site],
) -> None:
    source, target = sites
    await source.make()
    await source.publish(hosts(100, senders=10))
    first = InProcess(source, target, interval_ms=3_600_000)
    await first.run(once=True)
    state = first.saved[-1]
    assert (state.stream, state.inspect, state.sequence) == ("REG", "host", None)

    await source.publish(hosts(100, senders=10))
    second = InProcess(source, target, interval_ms=3_600_000, state=state)
    await second.run(once=True)
    assert second.sum(lambda one: one.copied_messages) == 0
    assert await target.messages() == 10

    await target.jetstream.delete_stream("REG")
    await source.publish(hosts(100, senders=10))
    third = InProcess(source, target, interval_ms=3_600_000, state=second.saved[-1])
    await third.run(once=True)
    assert await target.messages() == 10


async def test_every_message_has_a_copy_of_its_sender_near_though_copies_fail(
    sites: tuple[Site, Site],
) -> None:
    """The target refuses all but five copies at first; two pools share the work."""
    interval_ms = 40
    source, target = sites
    await source.make()
    await target.make(max_msgs=5, discard="new")
    for _ in range(30):  # each waits for its answer: the times spread by themselves
        await source.publish(hosts(40, senders=7))
    pools = [InProcess(source, target, name=name, interval_ms=interval_ms) for name in "ab"]

    with target.publishes(30) as some_were_refused:
        running = [asyncio.create_task(pool.run(once=True)) for pool in pools]
        await until(some_were_refused)
    config = (await target.jetstream.stream_info("REG")).config
    await target.jetstream.update_stream({**config, "max_msgs": -1})
    await asyncio.gather(*running)

    times: dict[bytes, list[int]] = {}
    for copy in await target.copies():
        times.setdefault(copy.body, []).append(copy.origin.timestamp_ms)
    for sequence in range(1, 1201):
        message = await source.jetstream.message("REG", sequence)
        assert message is not None
        when = parse_rfc3339_ms(message.time)
        assert any(abs(when - copied) < interval_ms for copied in times[message.data])


async def test_a_message_too_large_for_the_target_ends_the_pool_and_is_named(
    make_broker: MakeBroker,
) -> None:
    small = await make_broker(max_payload_bytes=64 * 1024)
    async with opened(await make_broker(), small) as (source, target):
        await source.make()
        await source.publish([*numbered(20), b"x" * 64 * 1024, *numbered(5)])
        pool = InProcess(source, target)

        with pytest.raises(WorkError, match=r"source message 21 has 65\d+ bytes.*max_payload"):
            await pool.run()

        sequences = {copy.origin.sequence for copy in await target.copies()}
        consumer = await source.consumer()
        assert 21 not in sequences
        assert consumer.num_ack_pending == 1  # the others in flight were finished
        assert len(sequences) + consumer.num_pending == 25


async def test_a_message_too_large_for_the_target_stream_is_named(
    sites: tuple[Site, Site],
) -> None:
    source, target = sites
    await source.make()
    await target.make(max_msg_size=1000)
    await source.publish([*numbered(20), b"x" * 1000, b"22"])
    pool = InProcess(source, target)

    with pytest.raises(WorkError, match=r"source message 21.*raise max_msg_size"):
        await pool.run()

    assert pool.sum(lambda one: one.failed_messages) >= 1
    assert {copy.origin.sequence for copy in await target.copies()} >= set(range(1, 21))


async def test_a_message_that_is_refused_again_and_again_is_named(
    sites: tuple[Site, Site],
) -> None:
    """A sealed stream takes nothing, whatever is tried."""
    source, target = sites
    await source.make()
    await target.make()
    config = (await target.jetstream.stream_info("REG")).config
    await target.jetstream.update_stream({**config, "sealed": True})
    await source.publish([b"1"])

    with pytest.raises(WorkError, match=r"refuses source message 1: .*sealed"):
        await InProcess(source, target).run()

    assert (await source.consumer()).num_ack_pending == 1


async def test_stopping_finishes_what_is_in_flight_and_gives_the_rest_away(
    sites: tuple[Site, Site],
) -> None:
    source, target = sites
    count = 40_000
    await source.make()
    await source.publish(numbered(count, size=256))
    pool = InProcess(source, target)

    with target.publishes(5000) as some:
        running = asyncio.create_task(pool.run())
        await until(some)
        pool.stop.set()
    await running

    consumer = await source.consumer()
    copied = await target.messages()
    assert consumer.num_ack_pending == 0
    assert 5000 <= copied < count
    assert copied + consumer.num_pending == count
    assert pool.sum(lambda one: one.copied_messages) == copied

    await InProcess(source, target).run(once=True)
    assert_exact(await target.copies(), count)


async def test_another_topic_under_the_same_group_is_refused(sites: tuple[Site, Site]) -> None:
    source, target = sites
    await source.make(subjects=["reg", "other"])
    await source.publish([b"1"])
    await InProcess(source, target).run(once=True)

    with pytest.raises(WorkError, match="reads reg, the settings say other"):
        await InProcess(source, target, subject="other").run()


async def test_a_missing_source_stream_is_named(sites: tuple[Site, Site]) -> None:
    with pytest.raises(WorkError, match="no stream that holds reg"):
        await InProcess(*sites).run()


async def test_beginning_anew_is_explained_instead_of_done(sites: tuple[Site, Site]) -> None:
    with pytest.raises(WorkError, match=f"nats consumer rm STREAM {CONSUMER}"):
        await InProcess(*sites, restart=True).run()


async def test_refused_credentials_end_it_at_once(
    broker: Broker, password_broker: SecuredBroker
) -> None:
    async with await connect(parse_endpoint(broker.url), name="test") as transport:
        near, far = Site(broker, transport), Site(password_broker.broker, transport)

        with pytest.raises(AuthenticationError):
            await InProcess(near, far).run()


async def test_it_can_be_stopped_before_a_broker_is_there(sites: tuple[Site, Site]) -> None:
    pool = InProcess(*sites)
    await sites[1].broker.stop()

    running = asyncio.create_task(pool.run())
    await asyncio.sleep(0)
    pool.stop.set()
    await running

    assert pool.sum(lambda one: one.consumers_created) == 0


@pytest.mark.faults
@pytest.mark.parametrize("side", ["source", "target"])
async def test_a_broker_that_restarts_in_the_middle_does_no_harm(
    sites: tuple[Site, Site], side: Side
) -> None:
    source, target = sites
    count = 40_000
    await source.make()
    await source.publish(numbered(count, size=256))
    pool = InProcess(source, target)
    broker = (source if side == "source" else target).broker

    with target.publishes(5000) as some:
        running = asyncio.create_task(pool.run(once=True))
        await until(some)
        await broker.stop()
    assert not running.done()
    await broker.start()
    await running

    await target.transport.wait_connected()
    await source.transport.wait_connected()
    assert_exact(await target.copies(), count)
    assert pool.sum(lambda one: one.resyncs) >= 4


async def test_a_removed_consumer_is_made_again_behind_what_was_settled(
    sites: tuple[Site, Site],
) -> None:
    source, target = sites
    await source.make()
    await source.publish(numbered(500))
    pool = InProcess(source, target)
    with target.publishes(1000) as all_of_them:
        running = asyncio.create_task(pool.run())
        await shown(lambda: pool.stats[0].frontier_sequence == 500)
        await source.jetstream.delete_consumer("REG", CONSUMER)
        await source.publish(numbered(1000)[500:])
        await until(all_of_them)
        pool.stop.set()
        await running

    assert_exact(await target.copies(), 1000)
    made = await source.consumer()
    assert made.config["opt_start_seq"] == 501


async def test_a_source_made_anew_is_copied_too(sites: tuple[Site, Site]) -> None:
    source, target = sites
    await source.make()
    await source.publish(hosts(20, senders=20))
    first = InProcess(source, target, interval_ms=3_600_000)
    await first.run(once=True)

    await source.jetstream.delete_stream("REG")
    await source.make()
    await source.publish(hosts(20, senders=20))
    second = InProcess(source, target, interval_ms=3_600_000, state=first.saved[-1])
    await second.run(once=True)

    assert await target.messages() == 40


async def test_the_lag_is_the_whole_pools(sites: tuple[Site, Site]) -> None:
    """Everything is refused, so that everything stays behind."""
    source, target = sites
    await source.make()
    await target.make(max_msgs=1, discard="new")
    await source.publish(numbered(100))
    pool = InProcess(source, target)

    running = asyncio.create_task(pool.run())
    await shown(lambda: pool.stats[0].lag_messages == 99)
    pool.stop.set()
    await running

    assert pool.stats[0].lag_seconds > 0
    assert {one.source_last_sequence for one in pool.stats} == {100}
    assert pool.sum(lambda one: one.lag_messages) == 99
