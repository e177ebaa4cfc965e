"""Sources that drop what is acknowledged, and consumers that deliver again.

| what must hold | remedy guarded |
|---|---|
| nothing is lost over restarts and kills | only what is behind the frontier is acknowledged |
| removing the old consumer erases nothing | the successor is made first |
| a killed process's unsettled messages come first, not last | the consumer is made anew |
| what is delivered again is not copied again | sequences not above the last read one are dropped |
| the work queue is emptied | each message is acknowledged, also what the tail has already |
"""

from typing import TYPE_CHECKING, Any

import pytest

from choria_core.errors import WorkError
from choria_core.nats import wire
from choria_replicator.ordered import ordered_copy
from choria_replicator.settings.model import StartSequence
from choria_replicator.source import source_consumer

if TYPE_CHECKING:
    from packages.replicator.tests.ordered_copy.conftest import Lab

MESSAGES = 4_000
RETENTIONS = pytest.mark.parametrize("retention", ["limits", "interest", "workqueue"])


async def prepare(lab: "Lab", retention: str, **config: Any) -> None:
    """Streams, and the consumer without which an interest stream stores nothing."""
    await lab.make_source(retention=retention, **config)
    await lab.make_target()
    copying = await lab.start()
    await copying.until(lambda: copying.copy.consumer is not None)
    await copying.stop()


async def assert_all(lab: "Lab", count: int) -> None:
    """The source may have dropped its own, so the numbers are what counts."""
    assert [int(one.body) for one in await lab.copies()] == list(range(count))


@RETENTIONS
async def test_nothing_is_lost_over_stops_and_kills(lab: "Lab", retention: str) -> None:
    await prepare(lab, retention)
    proxy = await lab.proxy(lab.target_broker)
    lab.target_url = proxy.url
    for round_ in range(3):
        await lab.fill(MESSAGES, first=round_ * MESSAGES)
        copying = await lab.start()
        copying.hold_behind(MESSAGES // 2)
        copying.once_confirmed(300, proxy.stall)
        await copying.until(lambda: proxy.is_stalled)
        await copying.kill()
        proxy.resume()
        assert len(await lab.copies()) < (round_ + 1) * MESSAGES
    await lab.fill(100, first=3 * MESSAGES)
    await lab.once()

    await assert_all(lab, 3 * MESSAGES + 100)
    if retention != "limits":
        await lab.source.shrunk("NODES", to=0)


@RETENTIONS
async def test_nothing_is_lost_over_lost_connections(lab: "Lab", retention: str) -> None:
    """So little may be read ahead that the connection is lost in mid-copy."""
    await prepare(lab, retention, consumer_limits={"max_ack_pending": 400})
    await lab.fill(MESSAGES)
    proxy = await lab.proxy(lab.source_broker)
    lab.source_url = proxy.url
    copying = await lab.start()
    for sequence in (500, 2_000):
        await copying.settled(sequence)
        assert copying.stats.read_sequence < MESSAGES
        await proxy.cut()
        await proxy.restore()
    await copying.settled(MESSAGES)
    await copying.stop()

    assert copying.stats.resyncs >= 2

    await assert_all(lab, MESSAGES)


@pytest.mark.parametrize("retention", ["interest", "workqueue"])
async def test_a_source_is_emptied_as_the_copy_goes_on(lab: "Lab", retention: str) -> None:
    await prepare(lab, retention)
    copying = await lab.start()
    await copying.until(lambda: copying.stats.consumers_created > 0)
    await lab.fill(1_000)
    await copying.copied(1_000)

    await lab.source.shrunk("NODES", to=0)
    await assert_all(lab, 1_000)


async def test_a_work_queue_forgets_what_the_target_had_already(lab: "Lab") -> None:
    """The killed process copied them and could not say so."""
    await prepare(lab, "workqueue")
    await lab.fill(1_000)
    proxy = await lab.proxy(lab.source_broker)
    lab.source_url = proxy.url
    copying = await lab.start()
    copying.source.send = lambda frames: _but_acks(copying.source, frames)  # type: ignore[method-assign]  # the network loses them
    await copying.copied(1_000)
    await copying.kill()
    assert (await lab.source.stream_info("NODES")).state.messages == 1_000

    await lab.once()

    await lab.source.shrunk("NODES", to=0)
    await assert_all(lab, 1_000)


def _but_acks(source: object, frames: bytes) -> None:
    if not frames.startswith(b"PUB $JS.ACK"):
        type(source).send(source, frames)  # type: ignore[attr-defined]  # of LeanTransport


@RETENTIONS
async def test_what_is_delivered_again_is_not_copied_again(
    lab: "Lab", retention: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_consumer, "ACK_WAIT_SECONDS", 1)
    monkeypatch.setattr(ordered_copy, "OVERDUE_SECONDS", 60.0)
    await prepare(lab, retention)
    await lab.fill(2_000)
    copying = await lab.start()
    release = copying.hold_behind(1_000)
    await copying.until(lambda: copying.stats.read_sequence == 2_000)
    incarnation = copying.copy.incarnation
    assert incarnation is not None
    await copying.until(lambda: incarnation._intake._deliveries > 2_000)
    release()
    await copying.copied(2_000)
    await copying.stop()

    assert copying.stats.resyncs == 0
    await assert_all(lab, 2_000)


async def test_a_lost_delivery_is_noticed_by_the_consumers_count(lab: "Lab") -> None:
    await prepare(lab, "limits")
    await lab.fill(1_000)
    copying = await lab.start()
    await copying.settled(1_000)
    incarnation = copying.copy.incarnation
    assert incarnation is not None
    take = incarnation._subscriptions[0].sink

    def lose_one(delivery: wire.Delivery) -> None:
        if delivery[3] != b"1500":
            take(delivery)

    assert copying.source._link is not None
    copying.source._link.decoder.sinks[incarnation._subscriptions[0].sid] = lose_one
    await lab.fill(1_000, first=1_000)
    await copying.settled(2_000)

    assert "was lost" in copying.stats.last_error
    await assert_all(lab, 2_000)


async def test_another_consumer_of_a_work_queue_is_named(lab: "Lab") -> None:
    await lab.make_source(retention="workqueue")
    await lab.source.create_consumer("NODES", {"name": "theirs", "ack_policy": "explicit"})

    with pytest.raises(WorkError, match=r"another consumer for these subjects \(theirs\)"):
        await lab.once()


async def test_a_work_queue_takes_no_start_position(lab: "Lab") -> None:
    await lab.make_source(retention="workqueue")

    with pytest.raises(WorkError, match="remove the start_ keys"):
        await lab.once(lab.settings(start=StartSequence(5)))


async def test_what_the_source_dropped_before_it_was_copied_is_reported(lab: "Lab") -> None:
    await lab.make_source(max_msgs=100)
    await lab.make_target()
    await lab.fill(50)
    await lab.once()
    await lab.fill(200, first=50)

    await lab.once()

    (report,) = lab.said("the source dropped messages before they were copied")
    assert (report["first"], report["last"]) == (51, 150)
    assert [int(one.body) for one in await lab.copies()] == [*range(50), *range(150, 250)]


async def test_what_a_filter_left_out_is_not_reported_as_lost(lab: "Lab") -> None:
    await lab.make_source()
    await lab.fill(50)
    only_n1 = lab.settings(filter_subject="nodes.n1")
    await lab.once(only_n1)
    await lab.source.purge_stream("NODES")
    await lab.fill(50, first=50)

    await lab.once(only_n1)

    assert not lab.said("the source dropped messages before they were copied")
    (report,) = [one for one in lab.logs if "the filter may have wanted none" in one["event"]]
    assert (report["log_level"], report["first"], report["last"]) == ("warning", 43, 50)
    assert [int(one.body) for one in await lab.copies()] == [*range(1, 100, 10)]
