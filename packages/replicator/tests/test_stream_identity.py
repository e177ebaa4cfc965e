"""The same stream is recognised through any door, and another one is never taken for it."""

from typing import Any

import pytest

from choria_core.nats.jetstream import StreamInfo
from choria_replicator.stream_identity import is_same_stream
from choria_testing.brokers import JetStreamCluster, LeafnodePair
from choria_testing.fixtures import MakeBroker
from choria_testing.streams import open_streams

CONFIG = {"name": "NODES", "subjects": ["nodes.>"]}
ACCOUNTS = """
accounts {
  A { jetstream: enabled, users: [{user: a, password: a}] }
  B { jetstream: enabled, users: [{user: b, password: b}] }
}
"""


async def make(url: str, **config: Any) -> None:
    async with open_streams(url) as streams:
        await streams.create_stream({**CONFIG, **config})


async def seen_at(url: str) -> StreamInfo:
    async with open_streams(url) as streams:
        return await streams.stream_info("NODES")


async def test_two_names_of_one_broker_lead_to_one_stream(make_broker: MakeBroker) -> None:
    broker = await make_broker()
    await make(broker.url)

    here, there = broker.url, broker.url.replace("127.0.0.1", "localhost")
    assert is_same_stream(await seen_at(here), await seen_at(there))


async def test_streams_of_two_brokers_are_two(make_broker: MakeBroker) -> None:
    urls = [(await make_broker()).url, (await make_broker()).url]
    for url in urls:
        await make(url)

    assert not is_same_stream(*[await seen_at(url) for url in urls])


@pytest.mark.parametrize("replicas", [1, 3])
async def test_every_member_of_a_cluster_leads_to_the_same_stream(
    jetstream_cluster: JetStreamCluster, replicas: int
) -> None:
    first, *others = jetstream_cluster.brokers
    await make(first.url, num_replicas=replicas)

    seen = await seen_at(first.url)
    assert all([is_same_stream(seen, await seen_at(other.url)) for other in others])


async def test_leafnodes_with_domains_of_their_own_keep_two_streams(
    leafnode_pair: LeafnodePair,
) -> None:
    await make(leafnode_pair.hub.url)
    await make(leafnode_pair.leaf.url, subjects=["others.>"])

    hub, leaf = [await seen_at(one.url) for one in (leafnode_pair.hub, leafnode_pair.leaf)]
    assert not is_same_stream(hub, leaf)


async def test_accounts_of_one_broker_keep_two_streams(make_broker: MakeBroker) -> None:
    broker = await make_broker(extra_config=ACCOUNTS)
    urls = [broker.url.replace("://", f"://{user}:{user}@") for user in "ab"]
    for url in urls:
        await make(url)

    assert not is_same_stream(*[await seen_at(url) for url in urls])


async def test_a_stream_restored_elsewhere_is_another_one(make_broker: MakeBroker) -> None:
    broker = await make_broker()
    await make(broker.url)
    seen = await seen_at(broker.url)
    restored = StreamInfo(seen.config, seen.state, seen.created, seen.ts, {"leader": "elsewhere"})

    assert not is_same_stream(seen, restored)
