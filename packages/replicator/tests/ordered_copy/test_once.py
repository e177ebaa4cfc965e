"""``once`` ends when the source has nothing more, and stopping ends in good order.

| what must hold | remedy guarded |
|---|---|
| it ends although the last messages were deleted | the consumer's pending count, asked again |
| it ends although the source goes on growing | so does the end noted at the start |
| a stop finishes what was read | what was read is confirmed before the end |
"""

from typing import TYPE_CHECKING

import pytest

from choria_core.errors import TransportError, WorkError
from choria_replicator import sides
from choria_replicator.ordered import ordered_copy
from choria_replicator.ordered.lag import LagWatch
from choria_replicator.settings.model import StartEnd, StartSequence

if TYPE_CHECKING:
    from packages.replicator.tests.ordered_copy.conftest import Lab


@pytest.mark.parametrize("deleted", [[300], [298, 299, 300], list(range(1, 301))])
async def test_it_ends_although_the_last_messages_were_deleted(
    lab: "Lab", deleted: list[int]
) -> None:
    await lab.make_source()
    await lab.make_target()
    await lab.fill(300)
    for sequence in deleted:
        await lab.source.delete_message("NODES", sequence)

    await lab.once()

    await lab.assert_exact()


async def test_it_ends_although_what_was_announced_was_deleted(lab: "Lab") -> None:
    """The last message delivered said that sixty were pending behind it."""
    await lab.make_source(consumer_limits={"max_ack_pending": 40})
    await lab.make_target()
    await lab.fill(100)
    proxy = await lab.proxy(lab.target_broker, delay_seconds=0.03)
    lab.target_url = proxy.url
    copying = await lab.start(once=True)
    await copying.until(lambda: copying.stats.read_sequence >= 40)
    proxy.stall()  # before the first confirmation
    for sequence in range(41, 101):
        await lab.source.delete_message("NODES", sequence)
    watch = LagWatch(lab.settings(), copying.stats)
    watch.copy = copying.copy
    watch.start(copying.source)
    proxy.resume()
    await copying.ended()
    await watch.stop()

    assert [int(one.body) for one in await lab.copies()] == list(range(40))


async def test_it_ends_at_once_where_nothing_is_to_be_done(lab: "Lab") -> None:
    await lab.make_source()
    await lab.make_target()
    await lab.once()
    await lab.fill(10)
    await lab.once()

    copying = await lab.once()

    assert copying.stats.received_messages == 0
    await lab.assert_exact()


async def test_it_ends_although_the_filter_matches_none_of_the_last(lab: "Lab") -> None:
    await lab.make_source()
    await lab.make_target()
    await lab.fill(305)

    await lab.once(lab.settings(filter_subject="nodes.n7"))

    copies = await lab.copies()
    assert [int(one.body) for one in copies] == list(range(7, 305, 10))


async def test_it_ends_although_the_source_goes_on_growing(lab: "Lab") -> None:
    """It grows with every read by more than may be read at once."""
    await lab.make_source(consumer_limits={"max_ack_pending": 40})
    await lab.make_target()
    await lab.fill(300)
    copying = await lab.start(once=True)
    grow = b"".join(b"PUB nodes.n1 1\r\nx\r\n" for _ in range(60))
    copying.source.after_chunk.append(lambda: lab.source.lean.send(grow))

    await copying.ended()

    assert copying.stats.copied_messages >= 300
    assert copying.stats.copied_messages < (await lab.source.stream_info("NODES")).state.messages


async def test_a_stop_finishes_what_was_read(lab: "Lab") -> None:
    await lab.make_source()
    await lab.make_target()
    await lab.fill(20_000)
    copying = await lab.start()
    await copying.copied(500)
    await copying.stop()

    copies = await lab.copies()
    assert len(copies) == copying.stats.copied_messages == copying.stats.received_messages
    await lab.once()
    await lab.assert_exact()


async def test_a_target_that_never_comes_back_ends_it(
    lab: "Lab", monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (ordered_copy, sides):
        monkeypatch.setattr(module, "ONCE_PATIENCE_SECONDS", 0.5)
    await lab.make_source()
    await lab.make_target()
    await lab.fill(3_000)
    proxy = await lab.proxy(lab.target_broker)
    lab.target_url = proxy.url
    copying = await lab.start(once=True)
    copying.hold_behind(1_000)
    await copying.until(lambda: copying.confirmed > 100)
    await proxy.cut()

    with pytest.raises(TransportError) as caught:
        await copying.ended()
    assert caught.value.exit_code == 3


async def test_an_absent_source_stream_is_named(lab: "Lab") -> None:
    with pytest.raises(WorkError, match="there is no stream NODES at nats://"):
        await lab.once()


async def test_an_absent_target_stream_that_must_not_be_made_is_named(lab: "Lab") -> None:
    await lab.make_source()

    with pytest.raises(WorkError, match="no_target_create is set"):
        await lab.once(lab.settings(create_target=False))


async def test_it_begins_at_a_given_sequence(lab: "Lab") -> None:
    await lab.make_source()
    await lab.make_target()
    await lab.fill(100)
    settings = lab.settings(start=StartSequence(91))

    await lab.once(settings)
    await lab.fill(5, first=100)
    await lab.once(settings)

    assert [int(one.body) for one in await lab.copies()] == list(range(90, 105))


async def test_the_end_means_the_same_place_after_a_restart(lab: "Lab") -> None:
    """Nothing was copied yet when the process ended."""
    await lab.make_source()
    await lab.make_target()
    await lab.fill(100)
    settings = lab.settings(start=StartEnd())
    await lab.once(settings)
    await lab.fill(5, first=100)

    await lab.once(settings)

    assert [int(one.body) for one in await lab.copies()] == list(range(100, 105))
