"""A check refuses what the run refuses, by the same words, and changes nothing."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from choria_core.errors import ChoriaError, ConfigError, ConnectError, WorkError
from choria_core.nats.endpoint_url import parse_endpoint
from choria_replicator.check import Finding, check_entries
from choria_replicator.entry import Manner
from choria_replicator.sampling.field_path import FieldPath
from choria_replicator.service import replicator_of
from choria_replicator.settings.model import (
    Pool,
    ReplicatorSettings,
    Sampling,
    StartEnd,
    StartSequence,
    StreamSettings,
)
from choria_testing.fixtures import MakeBroker
from choria_testing.streams import Sent, Streams, open_streams

COUNT = 20
POOL = Pool(3, "group")
BOTH = pytest.mark.parametrize("pool", [None, POOL], ids=["ordered", "pool"])


@dataclass
class Pair:
    """A source, a target, and an entry between them."""

    source: Streams
    target: Streams
    source_url: str
    target_url: str

    async def make_source(self, **config: Any) -> None:
        await self.source.create_stream({"name": "NODES", "subjects": ["nodes.*"], **config})
        await self.source.fill(Sent(f"nodes.n{n % 5}", b'{"host": 1}') for n in range(COUNT))

    def entry(self, name: str = "nodes", **more: Any) -> StreamSettings:
        known: dict[str, Any] = {"source_stream": "NODES", "target_stream": "NODES", **more}
        known.setdefault("source", parse_endpoint(self.source_url))
        known.setdefault("target", parse_endpoint(self.target_url))
        return StreamSettings(entry=name, dialect="streams", site="site", worker=name, **known)

    async def everything(self) -> Mapping[str, object]:
        """What is on both sides, but for clocks."""
        seen: dict[str, object] = {}
        for side in (self.source, self.target):
            for name in await side.stream_names(">"):
                info = await side.stream_info(name)
                consumers = [one.name async for one in side.consumers(name)]
                seen[f"{id(side)} {name}"] = (info.config, info.state, info.created, consumers)
        return seen

    async def check(self, *entries: StreamSettings, **manner: Any) -> list[Finding]:
        """Check, and make sure that nothing was changed by it."""
        before = await self.everything()
        findings = await check_entries(entries, Manner(instance="check", **manner))
        assert await self.everything() == before
        return findings

    async def run(self, *entries: StreamSettings, **manner: Any) -> list[ChoriaError | None]:
        """What ends each entry when they are run once."""
        settings = ReplicatorSettings(site="site", dialect="streams", streams=entries)
        replicator = replicator_of(settings, Manner(instance="run", once=True, **manner))
        async with asyncio.timeout(60):
            with contextlib.suppress(ExceptionGroup):
                await replicator.run(asyncio.Event())
        return [one.error for one in replicator.entries]

    async def refused_alike(self, *entries: StreamSettings, **manner: Any) -> ChoriaError:
        """The error of the check, once it is sure that the run ends with the same."""
        findings = await self.check(*entries, **manner)
        checked = [one.error for one in findings]
        ran = await self.run(*entries, **manner)
        assert list(map(str, checked)) == list(map(str, ran))
        (error,) = [one for one in checked if one is not None]
        (other,) = [one for one in ran if one is not None]
        assert error.exit_code == other.exit_code
        return error


@pytest_asyncio.fixture
async def pair(make_broker: MakeBroker) -> AsyncIterator[Pair]:
    source, target = (await make_broker()).url, (await make_broker()).url
    async with open_streams(source) as near, open_streams(target) as far:
        yield Pair(near, far, source, target)


async def steps(pair: Pair, entry: StreamSettings, **manner: Any) -> str:
    (finding,) = await pair.check(entry, **manner)
    assert finding.error is None
    return "\n".join(finding.steps)


async def test_an_empty_target(pair: Pair) -> None:
    await pair.make_source()

    told = await steps(pair, pair.entry())

    assert "would make stream NODES with subjects nodes.*" in told
    assert "would copy from the start: the target is empty" in told
    assert "would write by fast ingest" in told


@pytest.mark.parametrize(("start", "place"), [(StartSequence(7), 7), (StartEnd(), COUNT + 1)])
async def test_a_start_counts_only_while_there_is_nothing_to_resume(
    pair: Pair, start: Any, place: int
) -> None:
    await pair.make_source()

    assert f"from source message {place}: the target is empty" in await steps(
        pair, pair.entry(start=start)
    )

    assert await pair.run(pair.entry()) == [None]
    assert f"from source message {COUNT + 1}: the target ends with the copy of {COUNT}" in (
        await steps(pair, pair.entry(start=start))
    )


async def test_the_end_stays_where_it_was_when_an_earlier_run_found_it(pair: Pair) -> None:
    await pair.make_source()
    assert await pair.run(pair.entry(start=StartEnd())) == [None]
    await pair.source.fill([Sent("nodes.n1")])

    assert f"from source message {COUNT + 1}:" in await steps(pair, pair.entry(start=StartEnd()))


async def test_a_target_that_does_not_allow_fast_ingest(pair: Pair) -> None:
    await pair.make_source()
    await pair.target.create_stream({"name": "NODES", "subjects": ["nodes.*"]})

    told = await steps(pair, pair.entry())

    assert "by a chain of message ids: stream NODES does not allow fast ingest" in told


async def test_starting_over_is_said(pair: Pair) -> None:
    await pair.make_source()
    assert await pair.run(pair.entry()) == [None]

    told = await steps(pair, pair.entry(), restart=frozenset({"nodes"}))

    assert f"from the start: told to start over, behind the target's message {COUNT}" in told


async def test_a_pool_is_told_not_to_start_over(pair: Pair) -> None:
    await pair.make_source()
    entry = pair.entry(pool=POOL)

    error = await pair.refused_alike(entry, restart=frozenset({"nodes"}))

    assert isinstance(error, WorkError)
    assert "nats consumer rm NODES" in str(error)


async def test_a_pool_whose_target_is_missing(pair: Pair) -> None:
    await pair.make_source()

    told = await steps(pair, pair.entry(pool=POOL))

    assert "would make stream NODES" in told
    assert "would share the copying among 3 workers here" in told
    assert "of group group: order is given up" in told
    assert "the first worker to come makes the stream" in told
    assert "would copy from the start" in told


async def test_a_pool_that_was_here_before(pair: Pair) -> None:
    await pair.make_source()
    assert await pair.run(pair.entry(pool=POOL)) == [None]

    assert "where its consumer stands: 0 messages are waiting, 0 are in work" in await steps(
        pair, pair.entry(pool=POOL)
    )


async def test_sampling_is_told_with_the_place_of_its_state(pair: Pair, tmp_path: Path) -> None:
    await pair.make_source()
    entry = pair.entry(sampling=Sampling(FieldPath.parse("host"), 3_600_000))

    without = await steps(pair, entry)
    missing = await steps(pair, entry, state_dir=tmp_path / "state")
    assert await pair.run(entry, state_dir=tmp_path / "state") == [None]
    kept = await steps(pair, entry, state_dir=tmp_path / "state")

    assert "would sample by host: one message of each value in 1h" in without
    assert "no folder is set to keep the sampling state" in without
    assert f"kept in {tmp_path}/state/NODES_nodes.json: nothing is there yet" in missing
    assert "NODES_nodes.json: 1 values are known" in kept


@BOTH
async def test_an_absent_source(pair: Pair, pool: Pool | None) -> None:
    error = await pair.refused_alike(pair.entry(pool=pool))

    assert isinstance(error, WorkError)


@BOTH
async def test_a_missing_target_that_must_not_be_made(pair: Pair, pool: Pool | None) -> None:
    await pair.make_source()

    error = await pair.refused_alike(pair.entry(pool=pool, create_target=False))

    assert "no_target_create is set" in str(error)


@BOTH
async def test_a_missing_target_whose_subjects_another_stream_stores(
    pair: Pair, pool: Pool | None
) -> None:
    await pair.make_source()
    await pair.target.create_stream({"name": "OTHER", "subjects": ["nodes.n3"]})

    error = await pair.refused_alike(pair.entry(pool=pool))

    assert "stream OTHER there stores nodes.* already" in str(error)


@BOTH
async def test_a_work_queue_with_a_start(pair: Pair, pool: Pool | None) -> None:
    await pair.make_source(retention="workqueue")

    error = await pair.refused_alike(pair.entry(pool=pool, start=StartSequence(3)))

    assert "remove the start_ keys" in str(error)


@BOTH
async def test_a_work_queue_with_another_reader(pair: Pair, pool: Pool | None) -> None:
    await pair.make_source(retention="workqueue")
    reader = {"name": "other", "durable_name": "other", "ack_policy": "explicit"}
    await pair.source.create_consumer("NODES", {**reader, "filter_subject": "nodes.n1"})

    error = await pair.refused_alike(pair.entry(pool=pool))

    assert "has another consumer for these subjects (other)" in str(error)


async def test_a_message_that_the_target_does_not_store(pair: Pair) -> None:
    await pair.make_source()
    await pair.target.create_stream({"name": "NODES", "subjects": ["nodes.n0", "nodes.n1"]})

    error = await pair.refused_alike(pair.entry())

    assert str(error).startswith("source message 3: stream NODES does not store nodes.n2, only")


async def test_subjects_that_may_come_and_have_no_place(pair: Pair) -> None:
    await pair.make_source()
    assert await pair.run(pair.entry()) == [None]
    config = (await pair.target.stream_info("NODES")).config
    await pair.target.update_stream({**config, "subjects": ["nodes.n0"]})

    told = await steps(pair, pair.entry())

    assert "a message on nodes.* would end the copy: stream NODES stores only nodes.n0" in told


async def test_a_target_of_other_messages(pair: Pair) -> None:
    await pair.make_source()
    await pair.target.create_stream({"name": "NODES", "subjects": ["nodes.*"]})
    await pair.target.fill([Sent("nodes.n1")])

    error = await pair.refused_alike(pair.entry())

    assert "another writer uses the target" in str(error)


async def test_a_copy_of_the_name_goes_to_another_target(
    pair: Pair, make_broker: MakeBroker
) -> None:
    await pair.make_source()
    assert await pair.run(pair.entry()) == [None]
    other = pair.entry(target=parse_endpoint((await make_broker()).url))
    (finding,) = await pair.check(other)
    assert "under the name nodes already" in str(finding.error)

    (ran,) = await pair.run(other)

    assert str(ran) == str(finding.error)
    (finding,) = await pair.check(other, restart=frozenset({"nodes"}))
    assert finding.error is None


@pytest.mark.parametrize("retention", ["limits", "interest"])
async def test_a_source_without_room_for_a_consumer(pair: Pair, retention: str) -> None:
    await pair.make_source(max_consumers=1, retention=retention)
    await pair.source.create_consumer("NODES", {"name": "theirs", "ack_policy": "explicit"})

    assert "and has theirs: " in str(await pair.refused_alike(pair.entry()))


@pytest.mark.parametrize("retention", ["limits", "interest", "workqueue"])
async def test_a_source_whose_only_consumer_is_ours(pair: Pair, retention: str) -> None:
    await pair.make_source(max_consumers=1, retention=retention)
    assert await pair.run(pair.entry()) == [None]

    if retention == "interest":
        assert "must stay" in str(await pair.refused_alike(pair.entry()))
    else:
        assert f"from source message {COUNT + 1}:" in await steps(pair, pair.entry())


async def test_what_the_original_left_of_our_copies_is_said_to_be_copied_again(pair: Pair) -> None:
    await pair.make_source()
    assert await pair.run(pair.entry()) == [None]
    await pair.target.purge_stream("NODES")
    await pair.target.fill([Sent("nodes.n1", b"", ("Choria-SR-Source: NODES 5 site nodes -1",))])

    told = await steps(pair, pair.entry())

    assert "from source message 6: the target ends with the copy of 5" in told
    assert f"what lies between is copied a second time: 6 to {COUNT}" in told


@BOTH
async def test_a_stream_onto_itself_by_another_name(pair: Pair, pool: Pool | None) -> None:
    await pair.make_source()
    target = parse_endpoint(pair.source_url.replace("127.0.0.1", "localhost"))

    error = await pair.refused_alike(pair.entry(pool=pool, target=target))

    assert isinstance(error, ConfigError)
    assert "onto itself" in str(error)


async def test_two_entries_with_one_missing_target_by_two_names(pair: Pair) -> None:
    await pair.make_source()
    await pair.source.create_stream({"name": "OTHER", "subjects": ["other"]})
    other = parse_endpoint(pair.target_url.replace("127.0.0.1", "localhost"))

    first, second = await pair.check(
        pair.entry("one"), pair.entry("two", source_stream="OTHER", target=other)
    )

    assert first.error is None
    assert isinstance(second.error, ConfigError)
    assert "entries one and two would both write to stream NODES" in str(second.error)


async def test_a_state_that_cannot_be_read(pair: Pair, tmp_path: Path) -> None:
    await pair.make_source()
    (tmp_path / "NODES_nodes.json").write_text("{")
    entry = pair.entry(sampling=Sampling(FieldPath.parse("host"), 1000))

    error = await pair.refused_alike(entry, state_dir=tmp_path)

    assert isinstance(error, ConfigError)


async def test_many_entries_with_unreachable_servers_are_checked_side_by_side(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One behind the other they would take three minutes."""
    monkeypatch.setattr("choria_replicator.check.CONNECT_SECONDS", 1.0)
    gone = parse_endpoint("nats://127.0.0.1:1")

    async with asyncio.timeout(60):
        findings = await pair.check(
            *(pair.entry(f"e{n}", target_stream=f"T{n}", target=gone) for n in range(200))
        )

    assert {type(one.error) for one in findings} == {ConnectError}


async def test_a_source_that_does_not_answer_is_given_up(
    make_broker: MakeBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("choria_replicator.check.CHECK_SECONDS", 0.5)
    url = (await make_broker(jetstream=False)).url
    asked = asyncio.Event()
    async with open_streams(url) as streams:
        pair = Pair(streams, streams, url, url)
        streams.lean.add_sink("$JS.API.>", lambda *_message: asked.set())
        await streams.lean.flush()

        (finding,) = await check_entries([pair.entry()], Manner(instance="check"))

    assert asked.is_set()
    assert isinstance(finding.error, ConnectError)
    assert "did not tell all that was asked within 0.5 s" in str(finding.error)
