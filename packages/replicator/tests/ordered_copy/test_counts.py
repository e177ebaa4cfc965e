"""The counters say what the target holds, whatever came between.

| what must hold | remedy guarded |
|---|---|
| copies stored without their confirmation arriving count once | found at the target's end |
| what was read and not settled counts once | only what is settled counts |
| a process counts nothing of the one before | what is only sampled anew |
| what cannot be copied is a failure | counted where it ends the copy |
"""

from typing import TYPE_CHECKING

import pytest

from choria_core.errors import WorkError
from choria_replicator.settings.model import Sampling
from choria_testing.streams import Sent
from packages.replicator.tests.ordered_copy.conftest import sampled_by_host

if TYPE_CHECKING:
    from packages.replicator.tests.ordered_copy.conftest import Copying, Lab

FIRST, COUNT = 10_000, 20_000
HOSTS = 4_000
HOUR_MS = 3_600_000


async def cut_off(lab: "Lab", sampling: Sampling | None = None) -> "Copying":
    """A copy to the end, whose connection was cut before the target's answers arrived."""
    proxy = await lab.proxy(lab.target_broker, delay_seconds=0.1)
    lab.target_url = proxy.url
    copying = await lab.start(lab.settings(sampling=sampling), once=True)
    stored = 0
    while stored < 1_000:
        assert not copying.task.done()
        stored = (await lab.target.stream_info("NODES")).state.messages
    await proxy.cut()
    assert copying.confirmed < stored
    await proxy.restore()
    await copying.ended()
    assert copying.stats.resyncs > 0
    return copying


async def test_copies_that_are_found_after_an_interruption_count_once(lab: "Lab") -> None:
    await lab.make_source()
    await lab.make_target()
    await lab.fill(COUNT, first=FIRST, size=95)

    stats = (await cut_off(lab)).stats

    await lab.assert_exact()
    assert (stats.copied_messages, stats.copied_bytes) == (COUNT, 100 * COUNT)
    assert (stats.received_messages, stats.received_bytes) == (COUNT, 100 * COUNT)
    assert stats.lag_messages == stats.skipped_messages == 0


def of_hosts(count: int) -> list[Sent]:
    """Two thirds can be sampled away, and each tenth holds no host."""
    keyless = b'{"none": "n0000"}'
    return [
        Sent("nodes.n", keyless if n % 10 == 0 else b'{"host": "n%04d"}' % (n % HOSTS))
        for n in range(count)
    ]


async def test_what_is_sampled_away_counts_once_over_an_interruption(lab: "Lab") -> None:
    await lab.make_source()
    await lab.make_target()
    await lab.source.fill(of_hosts(COUNT))

    stats = (await cut_off(lab, sampled_by_host(HOUR_MS))).stats

    keyless, hosts = COUNT // 10, HOSTS * 9 // 10
    assert len(await lab.copies()) == stats.copied_messages == keyless + hosts
    assert stats.keyless_messages == keyless
    assert stats.skipped_messages == COUNT - keyless - hosts
    assert stats.received_messages == COUNT


async def test_a_process_counts_nothing_of_what_the_one_before_has_copied(lab: "Lab") -> None:
    """It samples anew what the target holds, and only then what is new."""
    await lab.make_source()
    await lab.make_target()
    sampled = lab.settings(sampling=sampled_by_host(HOUR_MS))
    await lab.source.fill(of_hosts(1_000))
    await lab.once(sampled)
    await lab.source.fill([Sent("nodes.n", b'{"host": "n0001"}'), Sent("nodes.n", b"no JSON")])

    stats = (await lab.once(sampled)).stats

    assert (stats.received_messages, stats.copied_messages) == (2, 1)
    assert (stats.skipped_messages, stats.keyless_messages) == (1, 1)


async def test_a_message_that_does_not_fit_the_target_is_a_failure(lab: "Lab") -> None:
    await lab.make_source()
    await lab.make_target(max_msg_size=500)
    await lab.fill(10)
    await lab.fill(1, size=1_000)

    copying = await lab.start(once=True)
    with pytest.raises(WorkError, match="refuses source message 11"):
        await copying.ended()

    assert copying.stats.failed_messages > 0
    assert copying.stats.copied_messages == len(await lab.copies()) == 10
