"""Two copies of one name go to two targets.

| what must hold | remedy guarded |
|---|---|
| the second is refused, and the first loses nothing | the target in the consumer's metadata |
| a target that was wiped, or reached by another URL, is no other | what a target is known by |
| a copy can be given up for another | the consumer removed, or ``restart`` |
"""

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from choria_core.errors import WorkError
from choria_core.nats.endpoint_url import parse_endpoint
from choria_replicator.settings.model import StreamSettings
from choria_replicator.source.source_consumer import SourceConsumer
from choria_replicator.source.target_mark import mark_of
from choria_testing.fixtures import MakeBroker
from choria_testing.streams import open_streams

if TYPE_CHECKING:
    from packages.replicator.tests.ordered_copy.conftest import Lab

RETENTIONS = pytest.mark.parametrize("retention", ["limits", "interest", "workqueue"])


async def elsewhere(lab: "Lab", make_broker: MakeBroker) -> StreamSettings:
    """The same entry, to a target of its own."""
    return lab.settings(target=parse_endpoint((await make_broker()).url))


async def begin(lab: "Lab", retention: str) -> None:
    """A first copy that has copied a hundred messages; a hundred more are waiting."""
    await lab.make_source(retention=retention)
    first = await lab.start()
    await first.until(lambda: first.copy.consumer is not None)
    await lab.fill(100)
    await first.settled(100)
    await first.stop()
    await lab.fill(100, first=100)


@RETENTIONS
async def test_the_second_is_refused_and_the_first_loses_nothing(
    lab: "Lab", make_broker: MakeBroker, retention: str
) -> None:
    await begin(lab, retention)
    other = await elsewhere(lab, make_broker)

    with pytest.raises(WorkError, match="under the name entry already") as caught:
        await lab.once(other)
    await lab.once()

    for url in (str(lab.settings().target), str(other.target)):
        assert url.removeprefix("nats://") in str(caught.value)
    assert [int(one.body) for one in await lab.copies()] == list(range(200))


async def test_under_a_name_of_its_own_the_second_copies_as_well(
    lab: "Lab", make_broker: MakeBroker
) -> None:
    await begin(lab, "limits")
    other = replace(await elsewhere(lab, make_broker), entry="other", worker="other")

    await lab.once(other)
    await lab.once()

    await lab.assert_exact()
    async with open_streams(str(other.target)) as second:
        assert len(await second.read("NODES")) == 200


async def test_the_consumer_of_a_copy_that_was_given_up_can_be_removed(
    lab: "Lab", make_broker: MakeBroker
) -> None:
    await begin(lab, "limits")
    other = await elsewhere(lab, make_broker)
    with pytest.raises(WorkError, match="nats consumer rm NODES ") as caught:
        await lab.once(other)
    (left,) = [info.name async for info in lab.source.consumers("NODES")]
    assert left in str(caught.value)

    await lab.source.delete_consumer("NODES", left)
    await lab.once(other)

    async with open_streams(str(other.target)) as second:
        assert len(await second.read("NODES")) == 200


@pytest.mark.parametrize("retention", ["interest", "workqueue"])
async def test_a_restart_takes_over_what_a_copy_that_was_given_up_had_not_settled(
    lab: "Lab", make_broker: MakeBroker, retention: str
) -> None:
    await begin(lab, retention)
    other = await elsewhere(lab, make_broker)
    with pytest.raises(WorkError, match="start once with --restart NODES"):
        await lab.once(other)

    await lab.once(other, restart=True)
    await lab.once(other)

    async with open_streams(str(other.target)) as second:
        assert [int(one.body) for one in await second.read("NODES")] == list(range(100, 200))


async def test_a_target_that_was_wiped_is_the_same(lab: "Lab") -> None:
    await begin(lab, "limits")
    await lab.target.delete_stream("NODES")

    await lab.once()

    await lab.assert_exact()


async def test_a_target_that_is_reached_by_another_url_is_the_same(lab: "Lab") -> None:
    await begin(lab, "limits")
    lab.target_url = (await lab.proxy(lab.target_broker)).url

    await lab.once()

    await lab.assert_exact()


async def test_a_copy_that_is_displaced_by_one_to_another_target_says_so(lab: "Lab") -> None:
    await lab.make_source()
    copying = await lab.start()
    await copying.until(lambda: copying.copy.consumer is not None)
    taking = SourceConsumer(
        lab.source, site="site", worker="entry", filter_subject="", instance="b:2", takes_over=True
    )
    stream = await lab.source.stream_info("NODES")
    taking.target = mark_of(parse_endpoint("nats://third:4222"), "NX", stream)
    await taking.make_anew(stream, deliver={"deliver_policy": "all"}, start="all - -")

    with pytest.raises(WorkError, match=r"copied by b:2 to stream NODES at third:4222"):
        await copying.ended()
