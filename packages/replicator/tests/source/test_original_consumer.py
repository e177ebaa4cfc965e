"""The original replicator's consumer of an entry: what it says, and whether it is in use."""

import asyncio

import pytest

from choria_core.broker.server import Broker
from choria_core.errors import WorkError
from choria_core.nats import wire
from choria_core.nats.jetstream import StreamInfo
from choria_replicator.source.source_consumer import SourceConsumer
from choria_testing.streams import Sent, Streams, open_streams


def consumer_of(streams: Streams, worker: str) -> SourceConsumer:
    return SourceConsumer(streams, site="site", worker=worker, filter_subject="", instance="this")


async def stream_of(streams: Streams) -> StreamInfo:
    """A source of ten messages."""
    stream = await streams.create_stream({"name": "NODES", "subjects": ["nodes.>"]})
    await streams.fill(Sent("nodes.n1", b"") for _ in range(10))
    return stream


async def leave_consumer(streams: Streams, name: str, *, settled: int) -> None:
    """A consumer that has settled so much."""
    config = {
        "name": name,
        "durable_name": name,
        "ack_policy": "explicit",
        "deliver_policy": "by_start_sequence",
        "opt_start_seq": settled + 1,
    }
    await streams.create_consumer("NODES", config)


async def wait_for_messages(streams: Streams, name: str) -> None:
    """Pull as the original does, until the source knows of it."""
    inbox = streams.lean.new_inbox()
    streams.lean.add_sink(inbox, lambda _delivery: None)
    subject = f"$JS.API.CONSUMER.MSG.NEXT.NODES.{name}".encode()
    streams.lean.send(
        wire.publish(subject, inbox.encode(), b"", b'{"batch":1,"expires":60000000000}')
    )
    async with asyncio.timeout(60.0):
        while True:
            info = await streams.find_consumer("NODES", name)
            if info is not None and info.num_waiting:
                return
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("worker", "name"),
    [("one", "SR_one"), ("SR_one", "SR_SR_one"), ("SR", "SR"), ("S", "S")],
)
async def test_it_is_known_by_the_name_that_the_original_gives_it(
    broker: Broker, worker: str, name: str
) -> None:
    async with open_streams(broker.url) as streams:
        stream = await stream_of(streams)
        await leave_consumer(streams, name, settled=4)

        assert await consumer_of(streams, worker).original_floor(stream) == 4


async def test_a_consumer_of_the_bare_name_is_somebody_elses(broker: Broker) -> None:
    async with open_streams(broker.url) as streams:
        stream = await stream_of(streams)
        await leave_consumer(streams, "one", settled=4)

        assert await consumer_of(streams, "one").original_floor(stream) == 0


async def test_the_original_at_work_is_named(broker: Broker) -> None:
    async with open_streams(broker.url) as streams:
        stream = await stream_of(streams)
        await leave_consumer(streams, "SR_one", settled=10)
        await wait_for_messages(streams, "SR_one")

        with pytest.raises(WorkError, match=r"original replicator.*consumer SR_one.*stop it"):
            await consumer_of(streams, "one").original_floor(stream)
