"""What mirrors and sourcing streams hold, although they do not say so."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from choria_core.broker.server import Broker
from choria_replicator.source.brought_subjects import Brought, brought_subjects
from choria_testing.brokers import LeafnodePair
from choria_testing.streams import Sent, Streams, open_streams


@pytest_asyncio.fixture
async def streams(broker: Broker) -> AsyncIterator[Streams]:
    async with open_streams(broker.url) as streams:
        await streams.create_stream({"name": "NODES", "subjects": ["nodes.>", "hosts"]})
        yield streams


async def brought(streams: Streams, name: str, **config: Any) -> Brought:
    return await brought_subjects(streams, await streams.create_stream({"name": name, **config}))


async def test_a_mirror_stores_what_its_origin_lists(streams: Streams) -> None:
    found = await brought(streams, "COPY", mirror={"name": "NODES"})

    assert found == Brought(("nodes.>", "hosts"))


async def test_a_mirror_of_a_mirror_stores_what_the_first_one_lists(streams: Streams) -> None:
    await streams.create_stream({"name": "COPY", "mirror": {"name": "NODES"}})

    assert (await brought(streams, "FURTHER", mirror={"name": "COPY"})).subjects == (
        "nodes.>",
        "hosts",
    )


@pytest.mark.parametrize(
    "mirror",
    [
        {"name": "NODES", "filter_subject": "nodes.a"},
        {"name": "NODES", "subject_transforms": [{"src": "nodes.>", "dest": "n.>"}]},
    ],
)
async def test_what_the_configuration_says_needs_no_looking_up(
    streams: Streams, mirror: dict[str, Any]
) -> None:
    assert await brought(streams, "COPY", mirror=mirror) == Brought()


async def test_a_stream_with_subjects_brings_those_of_its_sources_too(streams: Streams) -> None:
    await streams.create_stream({"name": "OTHER", "subjects": ["other"]})
    sources = [{"name": "NODES"}, {"name": "OTHER", "filter_subject": "other"}]

    found = await brought(streams, "ALL", subjects=["own"], sources=sources)

    assert found == Brought(("nodes.>", "hosts"))


async def test_an_origin_in_another_domain_is_asked_there(leafnode_pair: LeafnodePair) -> None:
    async with (
        open_streams(leafnode_pair.hub.url) as hub,
        open_streams(leafnode_pair.leaf.url) as leaf,
    ):
        await hub.create_stream({"name": "NODES", "subjects": ["nodes.>"]})
        mirror = {"name": "NODES", "external": {"api": "$JS.hub.API"}}

        assert await brought(leaf, "COPY", mirror=mirror) == Brought(("nodes.>",))


async def test_of_an_origin_out_of_sight_the_messages_tell(streams: Streams) -> None:
    await streams.fill([Sent("nodes.web.n1"), Sent("nodes.n2"), Sent("hosts")])
    await streams.create_stream({"name": "COPY", "mirror": {"name": "NODES"}})
    await streams.grown("COPY", to=3)
    await streams.delete_stream("NODES")

    found = await brought_subjects(streams, await streams.stream_info("COPY"))

    assert set(found.subjects) == {"nodes.>", "hosts"}
    assert found.guessed_from == ("NODES",)


async def test_of_a_key_value_bucket_out_of_sight_no_other_bucket_is_guessed(
    streams: Streams,
) -> None:
    await streams.create_stream({"name": "KV_a", "subjects": ["$KV.a.>"]})
    await streams.fill([Sent("$KV.a.deep.key")])
    await streams.create_stream({"name": "COPY", "mirror": {"name": "KV_a"}})
    await streams.grown("COPY", to=1)
    await streams.delete_stream("KV_a")

    found = await brought_subjects(streams, await streams.stream_info("COPY"))

    assert found.subjects == ("$KV.a.>",)


async def test_an_empty_stream_whose_origin_is_out_of_sight_tells_nothing(
    streams: Streams,
) -> None:
    assert await brought(streams, "COPY", mirror={"name": "ABSENT"}) == Brought((), ("ABSENT",))
