"""Fast ingest where it is not a straight run.

| what must hold | remedy guarded |
|---|---|
| a stream that pauses is copied without a hitch | commit when nothing more is at hand |
| a batch that was forgotten or has a hole is begun anew | resync on 10208, gap, silence |
| a target may stop and begin to allow batches | what it allows is read at every stretch |
"""

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from choria_replicator.ordered import ordered_copy
from choria_replicator.target.fast_ingest import MAX_FLOW, FastIngest
from choria_testing.brokers import jetstream_broker
from choria_testing.fixtures import MakeBroker

if TYPE_CHECKING:
    from packages.replicator.tests.ordered_copy.conftest import Copying, Lab, LabBetween

pytestmark = pytest.mark.parametrize("writer", ["fast ingest"])

FORGETFUL = 'jetstream {{ store_dir: "{}", limits {{ batch {{ timeout: "100ms" }} }} }}'
"""A server that forgets an idle batch a hundred times sooner than by default."""


@pytest_asyncio.fixture
async def lab(lab: "Lab") -> "Lab":
    """A lab with its streams."""
    await lab.make_source()
    await lab.make_target()
    return lab


@pytest_asyncio.fixture
async def forgetful(
    make_broker: MakeBroker,
    lab_between: "LabBetween",
    writer: str,
    logs: list[MutableMapping[str, Any]],
    tmp_path: Path,
) -> AsyncIterator["Lab"]:
    """A lab whose target forgets idle batches soon."""
    source = await make_broker()
    config = FORGETFUL.format(tmp_path / "forgetful")
    async with (
        jetstream_broker(jetstream=False, extra_config=config) as target,
        lab_between(source, target, writer, logs) as made,
    ):
        await made.make_source()
        await made.make_target()
        yield made


async def no_batch_is_open(copying: "Copying") -> None:
    """Wait until the last batch is committed, so that the server has none to forget."""

    def is_so() -> bool:
        incarnation = copying.copy.incarnation
        assert incarnation is not None
        writer = incarnation._w.writer
        assert isinstance(writer, FastIngest)
        return not writer._sent

    await copying.until(is_so)


async def test_behind_each_message_of_a_slow_stream_no_batch_is_open(lab: "Lab") -> None:
    copying = await lab.start()

    for number in range(3):
        await lab.fill(1, first=number)
        await copying.copied(number + 1)
        await no_batch_is_open(copying)

    assert copying.stats.resyncs == 0
    await lab.assert_exact()


async def test_when_a_fast_stream_pauses_no_batch_is_open(lab: "Lab") -> None:
    copying = await lab.start()

    for number in range(2):
        await lab.fill(3_000, first=3_000 * number)
        await copying.copied(3_000 * (number + 1))
        await no_batch_is_open(copying)

    assert copying.stats.resyncs == 0
    await lab.assert_exact()


async def test_a_batch_is_committed_though_the_announced_messages_never_come(lab: "Lab") -> None:
    """The source said that more is pending; all of that was deleted meanwhile."""
    copying = await lab.start()
    await copying.until(lambda: copying.copy.incarnation is not None)
    incarnation = copying.copy.incarnation
    assert incarnation is not None
    incarnation._nothing_at_hand = lambda: False  # type: ignore[method-assign]  # as announced
    await lab.fill(MAX_FLOW)  # after which the server confirms of its own accord
    await copying.copied(MAX_FLOW)
    await no_batch_is_open(copying)
    await lab.fill(5, first=MAX_FLOW)
    await copying.copied(MAX_FLOW + 5)
    await no_batch_is_open(copying)
    await lab.fill(1, first=MAX_FLOW + 5)
    await copying.copied(MAX_FLOW + 6)

    assert copying.stats.resyncs == 0
    await lab.assert_exact()


async def test_a_forgotten_batch_is_begun_anew_behind_what_was_stored(forgetful: "Lab") -> None:
    """The server says nothing when it forgets a batch, so there is nothing to wait for."""
    lab = forgetful
    await lab.fill(4_000)
    copying = await lab.start(once=True)
    release = copying.hold_behind(2_000)
    await copying.until(lambda: copying.confirmed > 500)
    await asyncio.sleep(0.4)
    release()
    await copying.ended()

    assert any("10208" in cause for cause in lab.interruptions)
    await lab.assert_exact()


async def test_messages_lost_on_the_way_are_noticed_by_the_gap(lab: "Lab") -> None:
    await lab.fill(4_000)
    copying = await lab.start(once=True)
    copying.lose_behind(1_000, count=10)
    await copying.ended()

    assert any("did not reach the target" in cause for cause in lab.interruptions)
    await lab.assert_exact()


async def test_a_lost_end_is_noticed_by_silence(
    lab: "Lab", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ordered_copy, "OVERDUE_SECONDS", 0.3)
    await lab.fill(1)
    copying = await lab.start(once=True)
    send = copying.target.send

    def lose_the_only_message(frames: bytes) -> None:
        if frames.startswith(b"HPUB"):
            copying.target.send = send  # type: ignore[method-assign]  # once
        else:
            send(frames)

    copying.target.send = lose_the_only_message  # type: ignore[method-assign]  # the network does
    await copying.ended()

    assert any("confirmed nothing for" in cause for cause in lab.interruptions)
    await lab.assert_exact()


async def test_a_target_that_stops_allowing_batches_is_written_by_the_chain(lab: "Lab") -> None:
    copying = await lab.start()
    await lab.fill(10)
    await copying.copied(10)
    config = (await lab.target.stream_info("NODES")).config
    await lab.target.update_stream({**config, "allow_batched": False})

    await lab.fill(3_000, first=10)
    await copying.copied(3_010)

    assert copying.writer == "message-id chain"
    await lab.assert_exact()


async def test_a_target_that_begins_to_allow_batches_is_used_at_the_next_stretch(
    lab: "Lab",
) -> None:
    config = (await lab.target.stream_info("NODES")).config
    await lab.target.update_stream({**config, "allow_batched": False})
    await lab.fill(10)
    assert (await lab.once()).writer == "message-id chain"

    await lab.target.update_stream({**config, "allow_batched": True})
    await lab.fill(10, first=10)
    copying = await lab.once()

    assert copying.writer == "fast ingest"
    await lab.assert_exact()
