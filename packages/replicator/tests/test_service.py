"""What a running replicator says of itself, on real brokers that come and go."""

import asyncio
import contextlib
import json
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from choria_core.broker.free_port import pick_port
from choria_core.broker.server import Broker
from choria_core.errors import ConnectError
from choria_core.nats.endpoint_url import parse_endpoint
from choria_replicator import connections
from choria_replicator.entry import Entry, Manner
from choria_replicator.sampling.field_path import FieldPath
from choria_replicator.service import Replicator, replicator_of, summary_of
from choria_replicator.settings.model import (
    Pool,
    ReplicatorSettings,
    Sampling,
    StartEnd,
    StartSequence,
    StreamSettings,
)
from choria_testing.streams import Sent, Streams, open_streams

STREAM = "NODES"
PATIENCE_SECONDS = 60.0
POOL = Pool(workers=2, group="nodes_grp")


def entry(source: Broker, target: Broker, **changes: Any) -> StreamSettings:
    basis = StreamSettings(
        entry="nodes",
        dialect="streams",
        site="central",
        worker="nodes",
        source=parse_endpoint(source.url),
        target=parse_endpoint(target.url),
        source_stream=STREAM,
    )
    return replace(basis, **changes)


def replicator(*streams: StreamSettings, port: int = 0, once: bool = False) -> Replicator:
    settings = ReplicatorSettings(
        site="central", dialect="streams", streams=streams, monitor_port=port
    )
    return replicator_of(settings, Manner(instance="this", once=once))


@dataclass(slots=True)
class Run:
    """A replicator at work."""

    replicator: Replicator
    stop: asyncio.Event
    task: asyncio.Task[None]

    @property
    def entry(self) -> Entry:
        return self.replicator.entries[0]

    @property
    def check(self) -> tuple[bool, str]:
        """Of the first worker."""
        first = self.replicator.health().checks[0]
        return first.is_ok, first.detail

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for what is only shown by numbers."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not condition():
                assert not self.task.done(), self.task
                await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def running(replicator: Replicator) -> AsyncIterator[Run]:
    stop = asyncio.Event()
    task = asyncio.create_task(replicator.run(stop))
    try:
        yield Run(replicator, stop, task)
    finally:
        stop.set()
        await task


async def fill(broker: Broker, count: int, *, first: int = 1) -> None:
    async with open_streams(broker.url) as streams:
        await make(streams)
        await streams.fill(numbered(count, first=first))


async def make(streams: Streams) -> None:
    if await streams.find_stream(STREAM) is None:
        await streams.create_stream({"name": STREAM, "subjects": ["nodes.>"]})


def numbered(count: int, *, first: int = 1) -> list[Sent]:
    return [
        Sent(f"nodes.n{n % 10}", b'{"host": "n%d"}' % (n % 10)) for n in range(first, count + first)
    ]


@pytest.mark.parametrize("pool", [None, POOL])
async def test_a_target_that_is_down_at_the_start_is_named_and_the_lag_is_told(
    broker_pair: tuple[Broker, Broker], pool: Pool | None
) -> None:
    source, target = broker_pair
    await fill(source, 100)
    settings = entry(source, target, pool=pool)
    await target.kill()

    async with running(replicator(settings)) as run:
        first = run.entry.stats[0]
        await run.until(lambda: first.lag_messages == 100 and bool(run.entry.trouble))
        assert first.lag_seconds > 0
        assert first.state == "starting"
        is_ok, detail = run.check
        assert not is_ok
        assert detail.startswith(f"starting: no connection to the target {target.url}: ")
        assert f"no connection to the target {target.url}: " in run.entry.last_error
        await fill(source, 50, first=101)
        await run.until(lambda: first.lag_messages == 150)

        await target.start()

        await run.until(lambda: run.entry.total("copied_messages") == 150)
        await run.until(lambda: first.lag_messages == 0 and run.entry.state == "idle")
        assert run.check == (True, "idle")
        assert run.entry.trouble == ""


async def test_what_an_earlier_run_settled_is_no_lag(broker_pair: tuple[Broker, Broker]) -> None:
    source, target = broker_pair
    await fill(source, 100)
    await replicator(entry(source, target), once=True).run(asyncio.Event())
    await fill(source, 7, first=101)
    await target.kill()

    async with running(replicator(entry(source, target))) as run:
        await run.until(lambda: run.entry.total("lag_messages") > 0)
        assert run.entry.total("lag_messages") == 7
        assert run.entry.stats[0].source_last_sequence == 107


@pytest.mark.parametrize(
    ("changes", "waiting"),
    [
        ({"filter_subject": "nodes.n7"}, 10),
        ({"start": StartSequence(91)}, 10),
        ({"filter_subject": "nodes.n7", "start": StartSequence(90)}, 1),
    ],
)
async def test_only_what_will_be_read_is_waiting(
    broker_pair: tuple[Broker, Broker], changes: dict[str, Any], waiting: int
) -> None:
    source, target = broker_pair
    await fill(source, 100)
    await target.kill()

    async with running(replicator(entry(source, target, **changes))) as run:
        await run.until(lambda: run.entry.total("lag_messages") > 0)
        assert run.entry.total("lag_messages") == waiting
    async with open_streams(source.url) as streams:
        assert [one async for one in streams.consumers(STREAM)] == []


async def test_a_start_at_the_end_waits_for_nothing(broker_pair: tuple[Broker, Broker]) -> None:
    source, target = broker_pair
    await fill(source, 100)
    await target.kill()

    async with running(replicator(entry(source, target, start=StartEnd()))) as run:
        stats = run.entry.stats[0]
        await run.until(lambda: stats.source_last_sequence == 100 and bool(stats.trouble))
        assert stats.lag_messages == 0


@pytest.mark.parametrize("pool", [None, POOL])
@pytest.mark.parametrize("side", ["source", "target"])
async def test_a_side_that_is_lost_later_is_named_until_it_is_back(
    broker_pair: tuple[Broker, Broker], side: str, pool: Pool | None
) -> None:
    source, target = broker_pair
    lost = source if side == "source" else target
    await fill(source, 100)

    async with running(replicator(entry(source, target, pool=pool))) as run:
        await run.until(lambda: run.entry.state == "idle")
        await lost.kill()
        await run.until(lambda: f"no connection to the {side} {lost.url}: " in run.entry.trouble)
        assert run.check[0] is False
        if side == "target":
            await fill(source, 20, first=101)
            await run.until(lambda: run.entry.total("lag_messages") == 20)
        await lost.start()
        if side == "source":
            await fill(source, 20, first=101)

        await run.until(lambda: run.entry.total("copied_messages") == 120)
        await run.until(lambda: run.entry.state == "idle")
        assert run.check == (True, "idle")
        assert run.entry.total("lag_messages") == 0
        assert run.entry.total("connection_errors") > 0


async def test_healthz_names_the_entry_and_the_cause(broker_pair: tuple[Broker, Broker]) -> None:
    source, target = broker_pair
    await fill(source, 10)
    away = parse_endpoint(f"nats://127.0.0.1:{pick_port('127.0.0.1')}")
    well = entry(source, target, target_stream="COPY")
    unwell = replace(well, target=away, source_stream="OTHER")
    port = pick_port("127.0.0.1")

    async with running(replicator(well, unwell, port=port)) as run:
        await run.until(lambda: run.entry.state == "idle")
        await run.until(lambda: bool(run.replicator.entries[1].trouble))
        status, body = await asyncio.to_thread(healthz, port)

    assert status == 503
    assert body["checks"]["nodes NODES"] == {"ok": True, "detail": "idle"}
    other = body["checks"]["nodes OTHER"]
    assert other["ok"] is False
    assert f"no connection to the target {away}: " in other["detail"]


def healthz(port: int) -> tuple[int, dict[str, Any]]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz") as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def told_of(replicator: Replicator) -> dict[str, Any]:
    """What the summary says of the first entry, as JSON."""
    entries: list[dict[str, Any]] = json.loads(json.dumps(summary_of(replicator)))["entries"]
    return entries[0]


async def test_the_summary_says_why_nothing_could_be_copied(
    broker_pair: tuple[Broker, Broker], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = broker_pair
    await fill(source, 10)
    await target.kill()
    monkeypatch.setattr(connections, "ONCE_PATIENCE_SECONDS", 1.0)
    tried = replicator(entry(source, target), once=True)

    with pytest.raises(ExceptionGroup) as raised:
        await tried.run(asyncio.Event())

    assert isinstance(raised.value.exceptions[0], ConnectError)
    told = told_of(tried)
    assert told["state"] == "failed"
    assert told["lag_messages"] == 10
    assert target.url in told["error"]
    assert target.url in told["last_error"]


async def test_the_summary_of_a_whole_copy_adds_up(broker_pair: tuple[Broker, Broker]) -> None:
    source, target = broker_pair
    await fill(source, 1_000)
    sampling = Sampling(FieldPath.parse("host"), 3_600_000)
    done = replicator(entry(source, target, sampling=sampling), once=True)

    await done.run(asyncio.Event())

    told = told_of(done)
    assert (told["received_messages"], told["copied_messages"]) == (1_000, 10)
    assert (told["skipped_messages"], told["lag_messages"]) == (990, 0)
    assert (told["state"], told["error"], told["last_error"]) == ("stopped", None, None)
