"""A pool's counters say what it copied, also where the target's answers got lost."""

import asyncio

from choria_core.broker.server import Broker
from choria_core.nats.endpoint_url import parse_endpoint
from choria_replicator.entry import Manner
from choria_replicator.service import replicator_of
from choria_replicator.settings.model import Pool, ReplicatorSettings, StreamSettings
from choria_testing.fixtures import MakeProxy
from choria_testing.streams import Sent, open_streams

COUNT = 6_000


async def test_copies_whose_confirmation_got_lost_count_when_the_target_knows_them(
    broker_pair: tuple[Broker, Broker], make_proxy: MakeProxy
) -> None:
    near, far = broker_pair
    proxy = await make_proxy(far, delay_seconds=0.1)
    async with open_streams(near.url) as source, open_streams(far.url) as target:
        await source.create_stream({"name": "NODES", "subjects": ["nodes.>"]})
        await source.fill(Sent("nodes.n", b"%d" % n) for n in range(COUNT))
        settings = StreamSettings(
            entry="nodes",
            dialect="topics",
            site="nodes",
            worker="nodes",
            source=parse_endpoint(near.url),
            target=parse_endpoint(proxy.url),
            source_stream="NODES",
            pool=Pool(workers=2, group="nodes_grp"),
        )
        whole = ReplicatorSettings(site="nodes", dialect="topics", streams=(settings,))
        replicator = replicator_of(whole, Manner(instance="this", once=True))
        [entry] = replicator.entries
        running = asyncio.create_task(replicator.run(asyncio.Event()))

        stored = 0
        while stored < 100:
            assert not running.done()
            info = await target.find_stream("NODES")
            stored = info.state.messages if info else 0
        await proxy.cut()
        assert entry.total("copied_messages") < stored
        await proxy.restore()
        await running

        assert (await target.stream_info("NODES")).state.messages == COUNT
    assert entry.total("copied_messages") == entry.total("received_messages") == COUNT
