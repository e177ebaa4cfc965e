"""The source stream was deleted and made anew under its old name.

| what must hold | remedy guarded |
|---|---|
| it is named, whatever its length | the source's message at the tail must be of the tail's time |
| the operator can go on | `restart` begins anew behind what the target holds |
"""

from typing import TYPE_CHECKING

import pytest

from choria_core.errors import WorkError

if TYPE_CHECKING:
    from packages.replicator.tests.ordered_copy.conftest import Lab

LENGTHS = pytest.mark.parametrize("length", [40, 100, 250], ids=["shorter", "the same", "longer"])


async def make_anew(lab: "Lab", length: int) -> None:
    await lab.source.delete_stream("NODES")
    await lab.make_source()
    await lab.fill(length, first=1_000)


@LENGTHS
async def test_a_source_made_anew_is_named_and_restart_goes_on(lab: "Lab", length: int) -> None:
    await lab.make_source()
    await lab.make_target()
    await lab.fill(100)
    await lab.once()
    await make_anew(lab, length)

    with pytest.raises(WorkError, match=r"not the one copied so far.*--restart NODES"):
        await lab.once()
    await lab.once(restart=True)
    await lab.fill(5, first=1_000 + length)
    await lab.once()

    expected = [*range(100), *range(1_000, 1_005 + length)]
    assert [int(one.body) for one in await lab.copies()] == expected


@LENGTHS
async def test_a_source_made_anew_while_it_is_copied_is_named(lab: "Lab", length: int) -> None:
    await lab.make_source()
    await lab.make_target()
    await lab.fill(100)
    copying = await lab.start()
    await copying.copied(100)

    await make_anew(lab, length)

    with pytest.raises(WorkError, match="not the one copied so far"):
        await copying.ended()
    assert len(await lab.copies()) == 100


async def test_a_source_made_anew_and_empty_is_named_too(lab: "Lab") -> None:
    await lab.make_source()
    await lab.make_target()
    await lab.fill(100)
    await lab.once()
    await make_anew(lab, 0)

    with pytest.raises(WorkError, match="it ends at 0, the target holds a copy of 100"):
        await lab.once()


async def test_a_source_made_anew_behind_an_emptied_target_is_no_reason_to_skip(
    lab: "Lab",
) -> None:
    """What the former stream had settled says nothing of this one."""
    await lab.make_source()
    await lab.make_target()
    await lab.fill(100)
    copying = await lab.start()
    await copying.copied(100)
    await lab.target.purge_stream("NODES")

    await make_anew(lab, 250)
    await copying.settled(250)

    assert [int(one.body) for one in await lab.copies()] == list(range(1_000, 1_250))


async def test_a_restart_that_was_interrupted_goes_on_where_it_was(lab: "Lab") -> None:
    """Within one process ``restart`` counts once."""
    await lab.make_source()
    await lab.make_target()
    await lab.fill(3_000)
    await lab.once()
    proxy = await lab.proxy(lab.target_broker)
    lab.target_url = proxy.url
    copying = await lab.start(restart=True)
    release = copying.hold_behind(1_000)
    await copying.until(lambda: copying.confirmed > 300)
    await proxy.cut()
    release()
    await proxy.restore()
    await copying.settled(3_000)
    await copying.stop()

    assert copying.stats.resyncs >= 1
    expected = [*range(3_000), *range(3_000)]
    assert [int(one.body) for one in await lab.copies()] == expected
