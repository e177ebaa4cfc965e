"""Where a new process goes on, by what it finds at the target.

| what must hold | remedy guarded |
|---|---|
| a tail behind removed newest messages is found | reading the tail by sequence, by halving |
| an emptied target goes on behind the frontier | the frontier stands in where the tail is gone |
| a wiped target starts over | `last_seq` 0 means new, whatever the books say |
| a killed process loses nothing that it had read | the consumer is made anew at the tail |
"""

from typing import TYPE_CHECKING

import pytest

from choria_testing.streams import Sent

if TYPE_CHECKING:
    from packages.replicator.tests.ordered_copy.conftest import Lab


async def forget_consumers(lab: "Lab") -> None:
    """Take away what earlier runs left on the source."""
    names = [consumer.name async for consumer in lab.source.consumers("NODES")]
    for name in names:
        await lab.source.delete_consumer("NODES", name)


async def bodies(lab: "Lab") -> list[int]:
    return [int(one.body) for one in await lab.copies()]


async def test_the_tail_is_found_behind_removed_newest_messages(lab: "Lab") -> None:
    """Without any other books, what was removed is copied again, and nothing else."""
    await lab.make_source()
    await lab.make_target()
    await lab.fill(100)
    await lab.once()
    await forget_consumers(lab)
    for sequence in (97, 99, 100):
        await lab.target.delete_message("NODES", sequence)

    await lab.once()

    assert await bodies(lab) == [n for n in range(100) if n != 96]


async def test_removed_newest_messages_that_were_settled_are_not_copied_again(
    lab: "Lab",
) -> None:
    await lab.make_source()
    await lab.make_target()
    await lab.fill(100)
    await lab.once()
    for sequence in (99, 100):
        await lab.target.delete_message("NODES", sequence)
    await lab.fill(10, first=100)

    await lab.once()

    assert await bodies(lab) == [*range(98), *range(100, 110)]


async def test_the_tail_is_found_when_the_newest_messages_expired(lab: "Lab") -> None:
    await lab.make_source(allow_msg_ttl=True)
    await lab.make_target(allow_msg_ttl=True)
    await lab.fill(50)
    await lab.once()
    await lab.source.fill(Sent("nodes.n1", b"%d" % n, ("Nats-TTL: 2s",)) for n in range(50, 70))
    await lab.once()
    assert (await lab.target.stream_info("NODES")).state.last_seq == 70
    await lab.target.shrunk("NODES", to=50)
    await lab.source.shrunk("NODES", to=50)  # what it still held would be copied anew
    await forget_consumers(lab)
    await lab.fill(10, first=70)

    await lab.once()

    assert await bodies(lab) == [*range(50), *range(70, 80)]


async def test_an_emptied_target_goes_on_behind_what_was_settled(lab: "Lab") -> None:
    await lab.make_source()
    await lab.make_target()
    await lab.fill(100)
    await lab.once()
    await lab.target.purge_stream("NODES")
    await lab.fill(10, first=100)

    copying = await lab.once()

    assert await bodies(lab) == list(range(100, 110))
    assert "emptied" in str(lab.said("copying")[-1]["because"])
    assert copying.stats.copied_messages == 10


async def test_a_target_that_aged_out_goes_on_behind_what_was_settled(lab: "Lab") -> None:
    await lab.make_source()
    await lab.make_target(max_age=300 * 10**6, duplicate_window=100 * 10**6)
    await lab.fill(100)
    await lab.once()
    await lab.target.shrunk("NODES", to=0)
    await lab.fill(10, first=100)

    copying = await lab.once()

    assert copying.stats.copied_messages == 10


async def test_a_target_that_is_purged_while_it_is_copied_to_goes_on(lab: "Lab") -> None:
    await lab.make_source()
    await lab.make_target()
    await lab.fill(100)
    copying = await lab.start()
    await copying.copied(100)
    await lab.target.purge_stream("NODES")
    await lab.fill(2_000, first=100)
    await copying.copied(2_100)

    assert await bodies(lab) == list(range(100, 2_100))


async def test_a_wiped_target_starts_over(lab: "Lab") -> None:
    await lab.make_source()
    await lab.make_target()
    await lab.fill(100)
    await lab.once()
    await lab.target.delete_stream("NODES")
    await lab.make_target()

    await lab.once()

    await lab.assert_exact()


async def test_a_target_wiped_while_it_is_copied_to_is_made_and_filled_anew(lab: "Lab") -> None:
    await lab.make_source()
    await lab.make_target()
    await lab.fill(100)
    copying = await lab.start()
    await copying.copied(100)
    await lab.target.delete_stream("NODES")
    await lab.fill(10, first=100)
    await copying.copied(210)

    await lab.assert_exact()


async def test_a_killed_process_loses_nothing_and_doubles_nothing(lab: "Lab") -> None:
    await lab.make_source()
    await lab.make_target()
    await lab.fill(8_000)
    proxy = await lab.proxy(lab.target_broker)
    lab.target_url = proxy.url
    for life in range(1, 4):
        copying = await lab.start()
        copying.hold_behind(2_000)
        copying.once_confirmed(500, proxy.stall)
        await copying.until(lambda: proxy.is_stalled)
        await copying.kill()
        proxy.resume()  # what was on its way arrives late
        assert 0 < len(await lab.copies()) <= life * 2_000

    await lab.once()

    await lab.assert_exact()


async def test_a_target_that_was_away_is_caught_up_with(lab: "Lab") -> None:
    await lab.make_source()
    await lab.make_target(storage="file")
    await lab.fill(100)
    copying = await lab.start()
    await copying.copied(100)
    await lab.target_broker.kill()
    await lab.fill(3_000, first=100)
    await lab.target_broker.start()
    await lab.target.lean.wait_connected()
    await copying.copied(3_100)

    await lab.assert_exact()


@pytest.mark.parametrize(
    ("limits", "key"), [({"max_msgs": 20}, "max_msgs"), ({"max_bytes": 4_000}, "max_bytes")]
)
async def test_a_target_that_is_full_names_its_limit_and_goes_on_when_it_is_raised(
    lab: "Lab", limits: dict[str, int], key: str
) -> None:
    await lab.make_source()
    made = await lab.make_target(discard="new", **limits)
    await lab.fill(40)
    copying = await lab.start()
    await copying.until(lambda: f"raise {key} of the target stream" in copying.stats.last_error)
    await lab.target.update_stream({**made.config, key: -1})
    await copying.settled(40)

    await lab.assert_exact()
