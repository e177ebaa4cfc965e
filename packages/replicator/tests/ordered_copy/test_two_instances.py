"""Two processes run one entry.

| what must hold | remedy guarded |
|---|---|
| the first stops and names the other | the instance in the consumer's metadata |
| the second goes on, nothing is lost or doubled | each makes its own consumer at the tail |
"""

from typing import TYPE_CHECKING

import pytest

from choria_core.errors import WorkError
from choria_replicator.message.subject_map import SubjectMap

if TYPE_CHECKING:
    from packages.replicator.tests.ordered_copy.conftest import Lab

RETENTIONS = pytest.mark.parametrize("retention", ["limits", "interest", "workqueue"])


@RETENTIONS
async def test_the_first_stops_and_names_the_second_which_goes_on(
    lab: "Lab", retention: str
) -> None:
    await lab.make_source(retention=retention)
    await lab.make_target()
    first = await lab.start(instance="host-a:1")
    await first.until(lambda: first.copy.consumer is not None)
    await lab.fill(2_000)
    await first.copied(2_000)

    second = await lab.start(instance="host-b:2")
    with pytest.raises(WorkError, match="entry is now copied by host-b:2") as caught:
        await first.ended()
    assert caught.value.exit_code == 1
    await lab.fill(2_000, first=2_000)
    await second.settled(4_000)
    await second.stop()

    assert [int(one.body) for one in await lab.copies()] == list(range(4_000))


async def test_in_mid_copy_one_of_two_stops_and_the_other_copies_all(lab: "Lab") -> None:
    await lab.make_source()
    await lab.make_target()
    await lab.fill(4_000)
    first = await lab.start(instance="host-a:1")
    first.hold_behind(2_000)
    await first.copied(100)

    second = await lab.start(instance="host-b:2")
    with pytest.raises(WorkError, match="entry is now copied by host-b:2"):
        await first.ended()
    await second.settled(4_000)

    await lab.assert_exact()


async def test_what_a_killed_process_left_behind_stops_nobody(lab: "Lab") -> None:
    await lab.make_source()
    await lab.make_target()
    await lab.fill(100)
    killed = await lab.start(instance="host-a:1")
    await killed.copied(100)
    await killed.kill()
    await lab.fill(100, first=100)

    await lab.once(instance="host-b:2")

    await lab.assert_exact()
    assert len([c async for c in lab.source.consumers("NODES")]) == 1


async def test_two_entries_of_other_names_do_not_disturb_each_other(lab: "Lab") -> None:
    await lab.make_source()
    await lab.fill(100)
    one = await lab.start(lab.settings(worker="one", target_stream="ONE"))
    await one.settled(100)
    other = await lab.start(
        lab.settings(worker="other", target_stream="OTHER", subjects=SubjectMap("elsewhere", ""))
    )
    await other.settled(100)
    await lab.fill(100, first=100)
    await one.settled(200)
    await other.settled(200)

    assert len(await lab.target.read("ONE")) == len(await lab.target.read("OTHER")) == 200
