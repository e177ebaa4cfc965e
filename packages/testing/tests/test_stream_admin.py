"""Streams are changed, emptied and removed."""

from collections.abc import AsyncIterator

import pytest_asyncio

from choria_core.broker.server import Broker
from choria_testing.streams import Sent, Streams, open_streams

CONFIG = {"name": "S", "subjects": ["a.>"], "storage": "memory"}


@pytest_asyncio.fixture
async def streams(broker: Broker) -> AsyncIterator[Streams]:
    """A broker with one stream of ten messages."""
    async with open_streams(broker.url) as opened:
        await opened.create_stream(CONFIG)
        await opened.fill(Sent("a.x", b"%d" % number) for number in range(10))
        yield opened


async def test_a_stream_is_changed(streams: Streams) -> None:
    info = await streams.update_stream({**CONFIG, "max_msgs": 7})

    assert info.config["max_msgs"] == 7
    assert info.state.messages == 7


async def test_messages_are_removed_one_by_one_and_purged(streams: Streams) -> None:
    await streams.delete_message("S", 10)
    assert await streams.message("S", 10) is None
    assert await streams.purge_stream("S", keep=2) == 7
    assert await streams.purge_stream("S") == 2
    state = (await streams.stream_info("S")).state
    assert (state.messages, state.last_seq) == (0, 10)


async def test_a_stream_is_removed(streams: Streams) -> None:
    await streams.delete_stream("S")

    assert await streams.find_stream("S") is None
