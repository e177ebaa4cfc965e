"""Sources that allow only so many consumers.

| what must hold | remedy guarded |
|---|---|
| a second start, and a resync, find room | the predecessor goes first, on limits retention |
| the place where the copy began is kept | what was removed without a successor is remembered |
| where nothing can be removed, all is named | the limit in the error, in a check as well |
| the lag is known, and nobody's place is taken | no probe where consumers are few |
"""

from typing import TYPE_CHECKING, Any

import pytest

from choria_core.errors import JetStreamError, WorkError
from choria_core.nats.jetstream import ConsumerInfo
from choria_replicator.ordered.backlog import Backlog
from choria_replicator.settings.model import StartEnd, StartSequence
from choria_replicator.source.source_consumer import START, SourceConsumer
from choria_replicator.stats import StreamStats
from choria_testing.streams import Streams

if TYPE_CHECKING:
    from packages.replicator.tests.ordered_copy.conftest import Lab

END = "end 7 -"


async def names(lab: "Lab") -> list[str]:
    return [info.name async for info in lab.source.consumers("NODES")]


@pytest.mark.parametrize("retention", ["limits", "workqueue"])
async def test_the_predecessors_place_is_enough(lab: "Lab", retention: str) -> None:
    await lab.make_source(max_consumers=1, retention=retention)
    for first in (0, 50):
        await lab.fill(50, first=first)
        await lab.once()

    assert [int(one.body) for one in await lab.copies()] == list(range(100))
    assert len(await names(lab)) == 1


async def test_a_resync_finds_room_as_well(lab: "Lab") -> None:
    await lab.make_source(max_consumers=1)
    await lab.fill(500)
    copying = await lab.start()
    copying.lose_behind(100, count=1)

    await copying.settled(500)

    assert copying.stats.resyncs
    assert [int(one.body) for one in await lab.copies()] == list(range(500))


async def test_where_the_copy_began_is_kept(lab: "Lab") -> None:
    await lab.make_source(max_consumers=1)
    await lab.fill(50)
    at_the_end = lab.settings(start=StartEnd())
    await lab.once(at_the_end)
    await lab.fill(50, first=50)

    await lab.once(at_the_end)

    assert [int(one.body) for one in await lab.copies()] == list(range(50, 100))


async def test_what_was_removed_is_remembered_until_its_successor_is_made(lab: "Lab") -> None:
    stream = await lab.make_source(max_consumers=1)

    class CutOff(Streams):
        """Calls of which the second creation fails: the connection is lost after the removal."""

        creations = 0

        async def create_consumer(
            self, stream: str, config: Any, *, action: str = ""
        ) -> ConsumerInfo:
            self.creations += 1
            if self.creations == 2:
                raise JetStreamError(503, 0, "cut off")
            return await super().create_consumer(stream, config, action=action)

    def reader(streams: Streams) -> SourceConsumer:
        return SourceConsumer(streams, site="s", worker="one", filter_subject="", instance="this")

    before = await reader(lab.source).make_anew(stream, deliver={}, start=END)
    ours = reader(CutOff(lab.source.lean))
    with pytest.raises(JetStreamError, match="cut off"):
        await ours.make_anew(stream, deliver={}, start=END)
    assert await names(lab) == []

    (found,) = await ours.found(stream)
    made = await ours.make_anew(stream, deliver={}, start=found.metadata[START])

    assert (found.name, made.metadata[START]) == (before.name, END)
    assert await names(lab) == [made.name]


async def test_others_that_take_all_places_are_named(lab: "Lab") -> None:
    await lab.make_source(max_consumers=1)
    await lab.source.create_consumer("NODES", {"name": "theirs", "ack_policy": "explicit"})

    with pytest.raises(WorkError, match=r"allows 1 consumers \(max_consumers\), and has theirs: "):
        await lab.once()


async def test_an_interest_stream_keeps_the_consumer_that_it_has(lab: "Lab") -> None:
    await lab.make_source(max_consumers=1, retention="interest")
    await lab.once()
    (left,) = await names(lab)
    await lab.fill(50)

    with pytest.raises(WorkError, match=f"{left} must stay until its successor is there"):
        await lab.once()

    assert await names(lab) == [left]
    assert (await lab.source.stream_info("NODES")).state.messages == 50


async def test_the_lag_is_known_without_taking_a_place(lab: "Lab") -> None:
    await lab.make_source(max_consumers=1)
    await lab.fill(50)
    await lab.source.create_consumer("NODES", {"name": "theirs", "ack_policy": "explicit"})
    stream = await lab.source.stream_info("NODES")

    for settings, settled, waiting in (
        (lab.settings(), 20, 30),
        (lab.settings(start=StartSequence(41)), 0, 10),
        (lab.settings(start=StartEnd()), 0, 0),
    ):
        stats = StreamStats(stream="NODES", site="site", worker="entry")
        await Backlog(settings, stats).ask(lab.source, stream, None, settled=settled)
        assert stats.lag_messages == waiting
