"""From an ordered copy to a pool and back: each goes on behind what the other settled."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from choria_core.errors import ChoriaError, WorkError
from choria_core.nats.endpoint_url import parse_endpoint
from choria_replicator.check import check_entries
from choria_replicator.entry import Manner
from choria_replicator.pool_naming import pool_consumer_name
from choria_replicator.sampling.field_path import FieldPath
from choria_replicator.service import replicator_of
from choria_replicator.settings.model import Pool, ReplicatorSettings, Sampling, StreamSettings
from choria_testing.copies import origins
from choria_testing.fixtures import MakeBroker
from choria_testing.streams import Sent, Streams, open_streams

POOL = Pool(3, "group")
CONSUMER = pool_consumer_name("group")
RETENTIONS = pytest.mark.parametrize("retention", ["limits", "interest", "workqueue"])


@dataclass
class Site:
    """A source that grows, a target, and one entry in both of its manners."""

    source: Streams
    target: Streams
    ordered: StreamSettings
    published: int = 0
    state_dir: Path | None = None
    """Where sampling states are kept; None for nowhere."""

    @property
    def pool(self) -> StreamSettings:
        return replace(self.ordered, pool=POOL)

    async def make(self, **config: Any) -> None:
        await self.source.create_stream({"name": "NODES", "subjects": ["nodes"], **config})

    async def publish(self, count: int) -> None:
        first = self.published + 1
        self.published += count
        await self.source.fill(
            Sent("nodes", b'{"host": "h%d"}' % (n % 3)) for n in range(first, first + count)
        )

    async def run(self, settings: StreamSettings, **manner: Any) -> ChoriaError | None:
        """What ends the entry when it is run once."""
        both = ReplicatorSettings(site="site", dialect="topics", streams=(settings,))
        replicator = replicator_of(
            both, Manner(instance="run", once=True, state_dir=self.state_dir, **manner)
        )
        async with asyncio.timeout(60):
            with contextlib.suppress(ExceptionGroup):
                await replicator.run(asyncio.Event())
        return replicator.entries[0].error

    async def read_one(self) -> None:
        """Have the pool's consumer deliver a message, as to a worker that is killed then."""
        delivered = asyncio.Event()
        lean = self.source.lean
        inbox = lean.new_inbox()
        lean.add_sink(inbox, lambda *_message: delivered.set())
        await lean.publish(f"$JS.API.CONSUMER.MSG.NEXT.NODES.{CONSUMER}", b"1", reply=inbox)
        async with asyncio.timeout(30):
            await delivered.wait()

    async def checked(self, settings: StreamSettings) -> str:
        """What a check says of the entry, its error included."""
        manner = Manner(instance="check", state_dir=self.state_dir)
        (finding,) = await check_entries([settings], manner)
        return "\n".join([*finding.steps, str(finding.error or "")])

    async def copied(self) -> list[int]:
        return origins(await self.target.read("NODES"))

    async def consumers(self) -> list[str]:
        return [one.name async for one in self.source.consumers("NODES")]


@pytest_asyncio.fixture
async def site(make_broker: MakeBroker) -> AsyncIterator[Site]:
    source, target = (await make_broker()).url, (await make_broker()).url
    settings = StreamSettings(
        entry="nodes",
        dialect="topics",
        site="nodes_sr",
        worker="nodes_sr",
        source=parse_endpoint(source),
        target=parse_endpoint(target),
        source_stream="NODES",
        filter_subject="nodes",
    )
    async with open_streams(source) as near, open_streams(target) as far:
        yield Site(near, far, settings)


@RETENTIONS
async def test_a_pool_goes_on_behind_the_ordered_copy(site: Site, retention: str) -> None:
    await site.make(retention=retention)
    if retention == "interest":  # somebody must want what is published before the first start
        assert await site.run(site.ordered) is None
    await site.publish(50)
    assert await site.run(site.ordered) is None
    await site.publish(20)

    assert retention == "workqueue" or "from source message 51: " in await site.checked(site.pool)
    assert await site.run(site.pool) is None

    assert sorted(await site.copied()) == list(range(1, 71))
    assert await site.consumers() == [CONSUMER]


async def test_a_pool_goes_on_behind_what_was_settled_where_the_target_was_emptied(
    site: Site,
) -> None:
    await site.make()
    await site.publish(50)
    assert await site.run(site.ordered) is None
    await site.target.purge_stream("NODES")
    await site.publish(20)

    assert await site.run(site.pool) is None

    assert sorted(await site.copied()) == list(range(51, 71))


async def test_a_pool_goes_on_behind_the_consumer_where_others_write_to_the_target(
    site: Site,
) -> None:
    await site.make()
    await site.publish(50)
    assert await site.run(site.ordered) is None
    await site.target.fill([Sent("nodes", b"foreign", ("Choria-SR-Source: OTHER 1 a b 1",))])
    await site.publish(20)

    assert await site.run(site.pool) is None

    assert sorted(await site.copied()) == [1, *range(1, 71)]


@pytest.mark.parametrize("gone", ["target", "source"])
async def test_a_pool_starts_over_where_one_side_is_new(site: Site, gone: str) -> None:
    await site.make()
    await site.publish(50)
    assert await site.run(site.ordered) is None
    if gone == "target":
        await site.target.delete_stream("NODES")
    else:
        await site.source.delete_stream("NODES")
        await site.make()
        await site.publish(20)

    assert await site.run(site.pool) is None

    expected = list(range(1, 51)) + (list(range(1, 21)) if gone == "source" else [])
    assert sorted(await site.copied()) == sorted(expected)


async def test_a_pool_goes_on_sampling_where_the_ordered_copy_was(
    site: Site, tmp_path: Path
) -> None:
    site.ordered = replace(site.ordered, sampling=Sampling(FieldPath.parse("host"), 3_600_000))
    site.state_dir = tmp_path
    await site.make()
    await site.publish(50)
    assert await site.run(site.ordered) is None
    await site.publish(20)

    assert "from source message 51: " in await site.checked(site.pool)
    assert await site.run(site.pool) is None

    assert await site.copied() == [1, 2, 3]


@RETENTIONS
async def test_an_ordered_copy_goes_on_behind_the_pool(site: Site, retention: str) -> None:
    await site.make(retention=retention)
    if retention == "interest":
        assert await site.run(site.pool) is None
    await site.publish(50)
    assert await site.run(site.pool) is None
    await site.publish(20)

    assert "pool group has settled all up to 50" in await site.checked(site.ordered)
    assert await site.run(site.ordered) is None

    copied = await site.copied()
    assert sorted(copied[:50]) == list(range(1, 51))
    assert copied[50:] == list(range(51, 71))
    assert CONSUMER not in await site.consumers()


async def test_an_ordered_copy_that_took_over_and_copied_nothing_starts_again(site: Site) -> None:
    await site.make()
    await site.publish(50)
    assert await site.run(site.pool) is None

    assert await site.run(site.ordered) is None
    assert await site.run(site.ordered) is None
    await site.publish(5)
    assert await site.run(site.ordered) is None

    assert (await site.copied())[50:] == list(range(51, 56))


async def test_there_and_back_again_nothing_is_lost_or_doubled(site: Site) -> None:
    await site.make()
    for settings in (site.pool, site.ordered, site.pool, site.ordered):
        await site.publish(20)
        assert await site.run(settings) is None

    assert sorted(await site.copied()) == list(range(1, 81))


async def test_a_pool_that_left_work_undone_must_finish_it_first(site: Site) -> None:
    """Its newest copy is behind a message that nobody copied."""
    await site.make()
    await site.publish(10)
    assert await site.run(site.pool) is None
    await site.publish(1)
    await site.read_one()

    error = await site.run(site.ordered)

    assert isinstance(error, WorkError)
    assert "by pool group, which has left 1 messages unfinished behind 10" in str(error)
    assert str(error) in await site.checked(site.ordered)
    assert await site.copied() == sorted(range(1, 11))
    assert CONSUMER in await site.consumers()


async def test_a_pool_whose_consumer_is_gone_leaves_a_target_that_tells_nothing(
    site: Site,
) -> None:
    await site.make()
    await site.publish(10)
    assert await site.run(site.pool) is None
    await site.source.delete_consumer("NODES", CONSUMER)

    error = await site.run(site.ordered)

    assert isinstance(error, WorkError)
    assert "written without order by a pool whose consumer is gone" in str(error)
    assert await site.run(site.ordered, restart=frozenset({"nodes"})) is None
    assert (await site.copied())[10:] == list(range(1, 11))
