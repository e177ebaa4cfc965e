"""What the message-id chain must get right; whatever concerns both kinds runs by both.

| what must hold | remedy guarded |
|---|---|
| purge and copy anew within the duplicate window stores all | ids fresh in every incarnation |
| a refusal that nobody answers is noticed | an overdue confirmation is an error |
| a message lost in the middle leaves no hole | the link to the predecessor's id |
"""

from typing import TYPE_CHECKING

import pytest

from choria_replicator.ordered import ordered_copy

if TYPE_CHECKING:
    from packages.replicator.tests.ordered_copy.conftest import Lab


async def test_purge_and_copy_anew_within_the_duplicate_window_stores_all_again(
    lab: "Lab",
) -> None:
    await lab.make_source()
    await lab.make_target(duplicate_window=120 * 10**9)
    await lab.fill(300)
    await lab.once()
    await lab.target.purge_stream("NODES")

    copying = await lab.once(restart=True)

    assert copying.stats.resyncs == 0
    await lab.assert_exact()


async def test_an_overdue_confirmation_is_an_error_and_the_tail_decides(
    lab: "Lab", monkeypatch: pytest.MonkeyPatch
) -> None:
    """All is stored, but the confirmations of one stretch never arrive."""
    monkeypatch.setattr(ordered_copy, "OVERDUE_SECONDS", 0.3)
    await lab.make_source()
    await lab.make_target()
    await lab.fill(500)
    copying = await lab.start(once=True)
    copying.lose_answers()
    await copying.ended()

    assert any("confirmed nothing for" in cause for cause in lab.interruptions)
    await lab.assert_exact()


@pytest.mark.parametrize("stored", [0, 1, 700])
async def test_a_message_lost_on_the_way_leaves_no_hole(
    lab: "Lab", monkeypatch: pytest.MonkeyPatch, stored: int
) -> None:
    """What comes behind it arrives."""
    monkeypatch.setattr(ordered_copy, "OVERDUE_SECONDS", 0.3)
    await lab.make_source()
    await lab.make_target()
    await lab.fill(3_000)
    copying = await lab.start(once=True)
    copying.lose_behind(stored, count=1)
    await copying.ended()

    assert lab.interruptions
    await lab.assert_exact()
