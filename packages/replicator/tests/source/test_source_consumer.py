"""The consumers of an ordered copy: each incarnation its own, and one process at a time."""

from collections.abc import Mapping
from typing import Any

import pytest

from choria_core.broker.server import Broker
from choria_core.errors import WorkError
from choria_core.nats.jetstream import ConsumerInfo, StreamInfo
from choria_replicator.source.source_consumer import SourceConsumer, settled_by
from choria_testing.streams import Streams, open_streams

ALL = {"deliver_policy": "all"}
RETENTIONS = pytest.mark.parametrize("retention", ["limits", "interest", "workqueue"])


def reader(streams: Streams, instance: str) -> SourceConsumer:
    """One process's consumers of the same entry."""
    return SourceConsumer(streams, site="site", worker="one", filter_subject="", instance=instance)


async def make(consumer: SourceConsumer, stream: StreamInfo) -> ConsumerInfo:
    """Make a consumer for an incarnation."""
    return await consumer.make_anew(stream, deliver=ALL, start="all - -")


async def names(streams: Streams) -> set[str]:
    """All consumers of the stream."""
    return {info.name async for info in streams.consumers("NODES")}


async def stream_of(streams: Streams, retention: str = "limits") -> StreamInfo:
    """A source."""
    config = {"name": "NODES", "subjects": ["nodes.>"], "retention": retention}
    return await streams.create_stream(config)


@RETENTIONS
async def test_each_incarnation_has_a_consumer_of_a_name_never_used_before(
    broker: Broker, retention: str
) -> None:
    async with open_streams(broker.url) as streams:
        stream = await stream_of(streams, retention)
        one = reader(streams, "host-a:1")
        made = []
        for _ in range(4):
            made.append((await make(one, stream)).name)
            assert await names(streams) == {made[-1]}

    assert len(set(made)) == 4


@RETENTIONS
async def test_a_process_that_starts_later_displaces_the_one_before(
    broker: Broker, retention: str
) -> None:
    async with open_streams(broker.url) as streams:
        stream = await stream_of(streams, retention)
        first, second = reader(streams, "host-a:1"), reader(streams, "host-b:2")
        await make(first, stream)
        made = await make(second, stream)

        with pytest.raises(WorkError, match="entry one is now copied by host-b:2"):
            await first.found(stream)
        assert await names(streams) == {made.name}
        assert (await second.found(stream))[0].name == made.name


async def test_of_two_that_start_at_the_same_moment_the_last_stays(broker: Broker) -> None:
    async with open_streams(broker.url) as streams:
        stream = await stream_of(streams)
        slow, quick = reader(streams, "host-a:1"), reader(streams, "host-b:2")
        theirs: list[str] = []

        class Overtaken(Streams):
            """Calls under which, right after the first creation, another process makes its own."""

            async def create_consumer(
                self, stream: str, config: Mapping[str, Any], *, action: str = ""
            ) -> ConsumerInfo:
                made = await streams.create_consumer(stream, config, action=action)
                theirs.append((await make(quick, await self.stream_info(stream))).name)
                return made

        slow.jetstream = Overtaken(streams.lean)
        with pytest.raises(WorkError, match="entry one is now copied by host-b:2"):
            await make(slow, stream)

        assert await names(streams) == set(theirs)


async def test_what_a_dead_predecessor_left_behind_is_no_stranger(broker: Broker) -> None:
    async with open_streams(broker.url) as streams:
        stream = await stream_of(streams)
        left = await make(reader(streams, "host-a:1"), stream)
        ours = reader(streams, "host-b:2")
        await ours.found(stream)
        await make(ours, stream)
        config = {"name": left.name, "durable_name": left.name, "metadata": left.metadata}
        await streams.create_consumer("NODES", {**config, "ack_policy": "all"})

        await make(ours, stream)  # as if removing it had failed before

        assert len(await names(streams)) == 1


def test_what_is_settled_is_the_floor_or_what_lies_before_the_start() -> None:
    started = ConsumerInfo("c", "NODES", config={"opt_start_seq": 31})

    assert settled_by(started) == 30
    assert settled_by(ConsumerInfo("c", "NODES")) == 0
