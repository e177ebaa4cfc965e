"""Something else writes to the target, by both kinds of writer.

| what must hold | remedy guarded |
|---|---|
| nothing stands behind a foreign message | every message's link to its predecessor |
| a foreign message is named | the tail must be a copy of this very stream |
| so is another replicator that writes meanwhile | the writer that the tail must name |
| so is the original under the same names | the link that what came meanwhile must have |
| the first refusal ends it | batches in `fail` mode; a chain of ids, not of sequences |
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from choria_core.errors import WorkError
from choria_testing.streams import Sent

if TYPE_CHECKING:
    from packages.replicator.tests.ordered_copy.conftest import Copying, Lab

MESSAGES = 4_000
HELD_BEHIND = 2_000


async def halfway(lab: "Lab") -> tuple["Copying", Callable[[], None]]:
    """A copy with some hundreds confirmed and the rest held up; the function lets it go on."""
    await lab.make_source()
    await lab.make_target()
    await lab.fill(MESSAGES)
    copying = await lab.start()
    release = copying.hold_behind(HELD_BEHIND)
    await copying.until(lambda: copying.confirmed > 500)
    return copying, release


async def test_everything_arrives_in_order(lab: "Lab") -> None:
    await lab.make_source()
    await lab.make_target()
    await lab.fill(MESSAGES)

    copying = await lab.once()

    assert copying.writer == lab.writer
    assert copying.stats.copied_messages == MESSAGES
    assert copying.stats.resyncs == 0
    await lab.assert_exact()


async def test_a_foreign_message_in_mid_copy_is_named_and_nothing_stands_behind_it(
    lab: "Lab",
) -> None:
    copying, release = await halfway(lab)
    await lab.foreign()
    release()

    with pytest.raises(WorkError, match=r"nodes\.foreign.*no copy made by a replicator"):
        await copying.ended()

    *copies, last = await lab.copies()
    assert last.body == b"foreign"
    assert 500 < len(copies) <= HELD_BEHIND
    assert [one.body for one in copies] == [b"%d" % n for n in range(len(copies))]


async def test_another_replicator_in_mid_copy_is_named(lab: "Lab") -> None:
    """Its message even claims to be the next one of the same source."""
    copying, release = await halfway(lab)
    [*_, last] = await lab.source.read("NODES")
    origin = f"Choria-SR-Source: NODES {MESSAGES} other twin {last.timestamp_ms}"
    await lab.target.fill([Sent("nodes.n1", b"theirs", (origin,))])
    release()

    with pytest.raises(WorkError, match="replicator other, entry twin"):
        await copying.ended()

    assert [one.body for one in await lab.copies()][-1] == b"theirs"


async def test_the_original_in_mid_copy_is_named_though_it_has_the_same_names(
    lab: "Lab",
) -> None:
    copying, release = await halfway(lab)
    [*_, last] = await lab.source.read("NODES")
    origin = f"Choria-SR-Source: NODES {MESSAGES} site entry {last.timestamp_ms}"
    await lab.target.fill([Sent("nodes.n1", b"theirs", (origin,))])
    release()

    with pytest.raises(WorkError, match=r"under the same names.*by the original replicator"):
        await copying.ended()

    assert [one.body for one in await lab.copies()][-1] == b"theirs"


async def test_a_foreign_tail_stops_the_start(lab: "Lab") -> None:
    await lab.make_source()
    await lab.make_target()
    await lab.fill(10)
    await lab.foreign()

    with pytest.raises(WorkError, match=r"message 1 \(nodes\.foreign\), the last of stream NODES"):
        await lab.once()

    assert len(await lab.copies()) == 1


async def test_a_target_that_belongs_to_another_stream_stops_the_start(lab: "Lab") -> None:
    await lab.make_source()
    await lab.make_target()
    await lab.fill(10)
    await lab.target.fill([Sent("nodes.n1", b"", ("Choria-SR-Source: OTHER 3 site entry 7",))])

    with pytest.raises(WorkError, match="copy of stream OTHER, not of NODES"):
        await lab.once()
