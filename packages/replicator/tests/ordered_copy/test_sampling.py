"""What is copied is a function of the source and the settings, whatever happens between.

| what must hold | remedy guarded |
|---|---|
| a kill between a decision and its confirmation is no matter | only the confirmed are saved |
| so does an interruption within one process | the limiter goes back to what was confirmed |
| state older than the tail is brought up to it | the source is replayed up to the tail |
| state newer than a wiped or restored target samples nothing away | state must fit the tail |
| state of a source made anew means nothing | the source's creation time in the state |
| a backlog is sampled by its own times | the source's timestamps, in decisions and scrubs |
"""

import json
from typing import TYPE_CHECKING

import pytest

from choria_core.errors import WorkError
from choria_replicator.ordered import ordered_copy
from choria_replicator.sampling.field_path import FieldPath
from choria_replicator.sampling.limiter import sample
from choria_replicator.settings.model import Sampling
from choria_testing.streams import Held, Sent

if TYPE_CHECKING:
    from choria_replicator.settings.model import StreamSettings
    from packages.replicator.tests.ordered_copy.conftest import Lab

HOSTS = 300
INTERVAL_MS = 40
HOUR_MS = 3_600_000
HOST = FieldPath.parse("host")


def settings(lab: "Lab", interval_ms: int = INTERVAL_MS) -> "StreamSettings":
    return lab.settings(sampling=Sampling(HOST, interval_ms))


async def fill(lab: "Lab", rounds: int, *, hosts: int = HOSTS, first: int = 0) -> None:
    """Every host speaks once in each round; a round takes some milliseconds."""
    for number in range(rounds):
        await lab.source.fill(
            Sent(f"nodes.n{host}", json.dumps({"host": f"n{host}", "round": number}).encode())
            for host in range(first, first + hosts)
        )


async def expected(lab: "Lab", interval_ms: int = INTERVAL_MS) -> list[Held]:
    """What the sampling lets pass, by the plain statement of the rule."""
    held = await lab.source.read("NODES")
    verdicts = sample(((h.timestamp_ms, HOST.value_of(h.body)) for h in held), interval_ms)
    return [one for one, passes in zip(held, verdicts, strict=True) if passes]


async def assert_sampled(lab: "Lab", interval_ms: int = INTERVAL_MS) -> None:
    wanted = await expected(lab, interval_ms)
    source = (await lab.source.stream_info("NODES")).state.messages
    assert HOSTS <= len(wanted) < source  # there was something to decide
    assert [one.body for one in await lab.copies()] == [one.body for one in wanted]


async def test_the_copy_is_what_the_rule_says(lab: "Lab") -> None:
    await lab.make_source()
    await lab.make_target()
    await fill(lab, 20)

    copying = await lab.once(settings(lab))

    await assert_sampled(lab)
    stats = copying.stats
    assert stats.received_messages == 20 * HOSTS
    assert stats.copied_messages + stats.skipped_messages == 20 * HOSTS


@pytest.mark.parametrize("with_state", [True, False])
async def test_a_kill_between_decisions_and_confirmations_changes_nothing(
    lab: "Lab", monkeypatch: pytest.MonkeyPatch, *, with_state: bool
) -> None:
    """The killed process has read and decided on all, and 400 copies were stored."""
    monkeypatch.setattr(ordered_copy, "SAVE_SECONDS", 0.0)
    await lab.make_source()
    await lab.make_target()
    await fill(lab, 3, hosts=1_000)
    copying = await lab.start(settings(lab, HOUR_MS))
    copying.lose_behind(400)
    await copying.until(lambda: copying.stats.read_sequence == 3_000)
    seen = len(copying.states)
    await copying.until(lambda: len(copying.states) > seen + 1)  # saved amid the decisions
    await copying.kill()
    assert len(await lab.copies()) <= 400

    state = copying.states[-1] if with_state else None
    await lab.once(settings(lab, HOUR_MS), state=state)

    await assert_sampled(lab, HOUR_MS)


async def test_an_interruption_within_one_process_changes_nothing(
    lab: "Lab", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ordered_copy, "OVERDUE_SECONDS", 0.3)
    await lab.make_source()
    await lab.make_target()
    await fill(lab, 3, hosts=1_000)
    copying = await lab.start(settings(lab, HOUR_MS), once=True)
    copying.lose_behind(400)
    await copying.ended()

    assert lab.interruptions
    await assert_sampled(lab, HOUR_MS)
    stats = copying.stats
    assert stats.copied_messages == len(await lab.copies()) == 1_000
    assert (stats.skipped_messages, stats.received_messages) == (2_000, 3_000)


async def test_state_older_than_the_tail_is_brought_up_to_it(lab: "Lab") -> None:
    """A process that could not save went on copying, and met other hosts."""
    await lab.make_source()
    await lab.make_target()
    await fill(lab, 1)
    old = (await lab.once(settings(lab, HOUR_MS))).states[-1]
    await fill(lab, 1, first=HOSTS)
    await lab.once(settings(lab, HOUR_MS), state=old)
    await fill(lab, 2, hosts=3 * HOSTS)

    await lab.once(settings(lab, HOUR_MS), state=old)

    await assert_sampled(lab, HOUR_MS)


async def test_state_newer_than_a_wiped_target_samples_nothing_away(lab: "Lab") -> None:
    await lab.make_source()
    await lab.make_target()
    await fill(lab, 10)
    newer = (await lab.once(settings(lab))).states[-1]
    await lab.target.delete_stream("NODES")
    await lab.make_target()

    await lab.once(settings(lab), state=newer)

    await assert_sampled(lab)


async def test_state_newer_than_a_restored_target_samples_nothing_away(lab: "Lab") -> None:
    """The target was put back to what it held some time ago."""
    await lab.make_source()
    await lab.make_target()
    await fill(lab, 5)
    await lab.once(settings(lab))
    backup = await lab.copies()
    await fill(lab, 10)
    newer = (await lab.once(settings(lab))).states[-1]
    await lab.target.delete_stream("NODES")
    await lab.make_target()
    await lab.target.fill(
        Sent(one.subject, one.body, (f"Choria-SR-Source: {one.named('Choria-SR-Source')}",))
        for one in backup
    )

    await lab.once(settings(lab), state=newer)

    await assert_sampled(lab)


async def test_state_of_a_source_that_was_made_anew_means_nothing(lab: "Lab") -> None:
    await lab.make_source()
    await lab.make_target()
    await fill(lab, 3)
    old = (await lab.once(settings(lab, HOUR_MS))).states[-1]
    await lab.source.delete_stream("NODES")
    await lab.make_source()
    await fill(lab, 5)
    with pytest.raises(WorkError, match="not the one copied so far"):
        await lab.once(settings(lab, HOUR_MS), state=old)
    await lab.target.purge_stream("NODES")

    copying = await lab.once(settings(lab, HOUR_MS), state=old)

    assert copying.stats.copied_messages == HOSTS
    assert copying.states[-1].stream_created == (await lab.source.stream_info("NODES")).created


async def test_a_backlog_is_sampled_by_its_own_times(
    lab: "Lab", monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the wall clock every host's interval is over long before its next message is read."""
    monkeypatch.setattr(ordered_copy, "SAVE_SECONDS", 0.0)
    interval_ms = 60_000
    await lab.make_source()
    await lab.make_target()
    await fill(lab, 2)
    first = await lab.once(settings(lab, interval_ms))
    state = first.states[-1]
    assert len(state.items) == HOSTS
    monkeypatch.setattr("time.time", lambda: 4_000_000_000.0)
    await fill(lab, 2)

    copying = await lab.once(settings(lab, interval_ms), state=state)

    assert copying.stats.copied_messages == 0
    assert len(copying.states[-1].items) == HOSTS
    await assert_sampled(lab, interval_ms)


async def test_messages_without_the_field_all_pass(lab: "Lab") -> None:
    await lab.make_source()
    await lab.make_target()
    bodies = [b"not json", b"", b'{"other": 1}', b'{"host": "n1"}', b'{"host": "n1"}', b"{"]
    await lab.source.fill(Sent("nodes.n1", body) for body in bodies)

    copying = await lab.once(settings(lab, HOUR_MS))

    assert [one.body for one in await lab.copies()] == [*bodies[:4], bodies[5]]
    assert copying.stats.skipped_messages == 1


async def test_one_in_a_thousand_is_copied_without_waiting_for_a_batch_to_fill(
    lab: "Lab",
) -> None:
    await lab.make_source()
    await lab.make_target()
    await fill(lab, 40)

    copying = await lab.once(settings(lab, HOUR_MS))

    assert copying.stats.copied_messages == HOSTS
    assert copying.stats.resyncs == 0
    await assert_sampled(lab, HOUR_MS)
