"""Where a copy goes on: every state of source, target and books, and every refusal."""

from dataclasses import replace

import pytest

from choria_core.errors import WorkError
from choria_replicator.message.provenance import Provenance
from choria_replicator.ordered.resume import Evidence, PoolTrace, Position, decide
from choria_replicator.sampling.limiter_state import LimiterState
from choria_replicator.target.tail import Tail

CREATED_MS = 1_000_000


def tail(
    settled: int = 40, *, sequence: int = 30, stream: str = "SRC", timestamp_ms: int = 1_000_040
) -> Tail:
    """The target ends with the copy of source message ``settled``."""
    origin = Provenance(stream, settled, "site", "entry", timestamp_ms)
    return Tail(sequence, "a.b", origin)


BEHIND_40 = Evidence(
    source_stream="SRC",
    source_created_ms=CREATED_MS,
    source_first_sequence=1,
    source_last_sequence=100,
    source_timestamp_at_tail_ms=1_000_040,
    source_keeps_read=True,
    target_stream="DST",
    target_last_sequence=30,
    tail=tail(),
)
"""The target's message 30 is the copy of the source's 40, and its last."""

EMPTIED = replace(BEHIND_40, tail=None, source_timestamp_at_tail_ms=None)


def refusal(evidence: Evidence) -> str:
    with pytest.raises(WorkError) as caught:
        decide(evidence)
    return str(caught.value)


def state(sequence: int | None, copied: int | None) -> LimiterState:
    return LimiterState(items={"n1": (1_000_000, 5)}, sequence=sequence, copied_sequence=copied)


def sampled(evidence: Evidence, limiter: LimiterState | None) -> Position:
    return decide(replace(evidence, sampled=True, limiter=limiter))


def test_the_targets_tail_decides() -> None:
    position = decide(BEHIND_40)

    assert position == Position(
        read_from=41,
        copy_from=41,
        target_last_sequence=30,
        copied_sequence=40,
        limiter=None,
        reason="the target ends with the copy of 40",
    )


def test_books_that_are_ahead_of_the_tail_do_not_count() -> None:
    """They may be of copies that the target lost."""
    assert decide(replace(BEHIND_40, frontier=90)).read_from == 41


def test_an_empty_target_begins_at_the_configured_start_and_forgets_everything() -> None:
    evidence = replace(EMPTIED, target_last_sequence=0, frontier=90)

    position = sampled(evidence, state(90, 90))

    assert (position.read_from, position.copy_from) == (None, 0)
    assert position.target_last_sequence == 0
    assert position.limiter is None


def test_an_emptied_target_resumes_behind_the_frontier() -> None:
    position = decide(replace(EMPTIED, frontier=40))

    assert (position.read_from, position.copy_from) == (41, 41)
    assert position.target_last_sequence == 30
    assert "emptied" in position.reason


def test_an_emptied_target_without_a_frontier_begins_at_the_start_behind_its_last_sequence() -> (
    None
):
    position = decide(EMPTIED)

    assert position.read_from is None
    assert position.target_last_sequence == 30


def test_removed_newest_messages_are_not_copied_again() -> None:
    """Message 30 of the target is gone; 29 is the newest that is left."""
    evidence = replace(BEHIND_40, tail=tail(40, sequence=29), frontier=41)

    position = decide(evidence)

    assert (position.read_from, position.copied_sequence) == (42, 41)
    assert "removed" in position.reason


def test_removed_newest_messages_without_books_are_copied_again_from_the_tail() -> None:
    assert decide(replace(BEHIND_40, tail=tail(40, sequence=29))).read_from == 41


def test_messages_that_the_source_dropped_before_they_were_copied_are_reported() -> None:
    evidence = replace(BEHIND_40, source_first_sequence=51, source_timestamp_at_tail_ms=None)

    assert decide(evidence).lost == (41, 50)


def test_what_a_filter_may_have_left_out_is_no_sure_loss() -> None:
    evidence = replace(BEHIND_40, source_first_sequence=51, reads_part=True)

    (remark,) = decide(evidence).remarks
    assert (remark.first, remark.last, remark.is_loss) == (41, 50, False)
    assert "may have wanted none" in remark.text
    (remark,) = decide(replace(evidence, reads_part=False)).remarks
    assert remark.is_loss


def test_what_the_original_left_of_our_copies_is_said_to_be_copied_again() -> None:
    evidence = replace(BEHIND_40, own_floor=90, frontier=90)

    position = decide(evidence)

    assert (position.copy_from, position.again) == (41, (41, 90))
    (remark,) = position.remarks
    assert "second time" in remark.text
    assert decide(replace(evidence, source_first_sequence=61)).again == (61, 90)


def test_nothing_is_said_to_be_copied_again_where_the_floor_proves_nothing() -> None:
    ahead = replace(BEHIND_40, own_floor=90, frontier=90)
    linked = replace(tail(), is_linked=True)

    assert decide(replace(ahead, tail=linked)).again is None  # the target lost our own copies
    assert decide(replace(ahead, own_floor=40)).again is None
    assert decide(replace(ahead, source_first_sequence=91)).again is None  # which lifts floors
    assert sampled(ahead, state(90, 40)).again is None
    assert decide(replace(ahead, target_last_sequence=35)).again is None  # removed on purpose


def test_nothing_is_reported_where_the_next_message_is_the_oldest() -> None:
    evidence = replace(BEHIND_40, source_first_sequence=41, source_timestamp_at_tail_ms=None)

    assert decide(evidence).lost is None


def test_a_source_that_drops_what_was_read_loses_nothing_by_it() -> None:
    """Interest and work-queue streams begin behind what was acknowledged."""
    evidence = replace(
        BEHIND_40,
        source_first_sequence=51,
        source_timestamp_at_tail_ms=None,
        source_keeps_read=False,
    )

    assert decide(evidence).lost is None


@pytest.mark.parametrize(
    "origin", [None, Provenance("SRC", -1, "site", "entry", -1)], ids=["no header", "no sequence"]
)
def test_a_tail_that_is_no_copy_is_named(origin: Provenance | None) -> None:
    text = refusal(replace(BEHIND_40, tail=Tail(30, "a.b", origin)))

    assert "message 30 (a.b), the last of stream DST" in text
    assert "another writer" in text


def test_a_tail_from_another_stream_is_named() -> None:
    assert "copy of stream OTHER, not of SRC" in refusal(
        replace(BEHIND_40, tail=tail(stream="OTHER"))
    )


def test_another_replicator_that_wrote_meanwhile_is_named() -> None:
    text = refusal(replace(BEHIND_40, expected_writer=("site", "mine")))

    assert "replicator site, entry entry" in text


def test_what_was_written_meanwhile_without_a_link_is_named() -> None:
    text = refusal(replace(BEHIND_40, target_seen=29))

    assert "message 30 (a.b), the last of stream DST, was written while this one was" in text


def test_what_was_there_before_or_is_linked_needs_no_other_sign() -> None:
    linked = replace(tail(), is_linked=True)

    assert decide(replace(BEHIND_40, target_seen=30)).read_from == 41
    assert decide(replace(BEHIND_40, target_seen=29, tail=linked)).read_from == 41


def test_the_own_name_is_expected_and_any_before_the_first_copy() -> None:
    assert decide(replace(BEHIND_40, expected_writer=("site", "entry"))).read_from == 41
    assert decide(BEHIND_40).read_from == 41


@pytest.mark.parametrize(
    "changes",
    [
        {"source_last_sequence": 39, "source_timestamp_at_tail_ms": None},
        {"source_timestamp_at_tail_ms": 1_000_041},
        {"source_timestamp_at_tail_ms": None, "source_created_ms": 1_000_041},
    ],
    ids=["shorter", "of the same length or longer", "longer, its message 40 gone"],
)
def test_a_source_made_anew_is_named_and_the_way_on(changes: dict[str, int | None]) -> None:
    text = refusal(replace(BEHIND_40, **changes))  # type: ignore[arg-type]  # integers all

    assert "stream SRC on the source is not the one copied so far" in text
    assert "--restart SRC" in text


def test_a_frontier_beyond_the_end_of_the_source_is_of_another_source() -> None:
    text = refusal(replace(EMPTIED, frontier=101))

    assert "ends at 100, 101 was settled" in text


def test_the_end_of_the_source_itself_is_a_fine_frontier() -> None:
    assert decide(replace(EMPTIED, frontier=100)).read_from == 101


def test_an_origin_without_a_time_is_taken_at_its_word() -> None:
    """The original writes -1 where it could not read the message's metadata."""
    evidence = replace(BEHIND_40, tail=tail(timestamp_ms=-1))

    assert decide(evidence).read_from == 41
    assert decide(replace(evidence, source_timestamp_at_tail_ms=None)).read_from == 41


def test_a_source_message_that_aged_out_is_no_sign_of_another_source() -> None:
    assert decide(replace(BEHIND_40, source_timestamp_at_tail_ms=None)).read_from == 41


class TestSampling:
    def test_state_as_old_as_the_tail_goes_on_where_both_are(self) -> None:
        position = sampled(BEHIND_40, state(40, 40))

        assert (position.read_from, position.copy_from) == (41, 41)
        assert position.limiter == state(40, 40)

    def test_state_older_than_the_tail_is_brought_up_to_it_without_copying(self) -> None:
        position = sampled(BEHIND_40, state(25, 24))

        assert (position.read_from, position.copy_from) == (26, 41)
        assert position.limiter == state(25, 24)

    def test_state_ahead_by_messages_that_were_sampled_away_goes_on_there(self) -> None:
        position = sampled(BEHIND_40, state(70, 40))

        assert (position.read_from, position.copy_from) == (71, 71)

    def test_state_that_knows_of_copies_the_target_lost_is_built_anew(self) -> None:
        """It would sample away the successors of copies that are gone."""
        position = sampled(BEHIND_40, state(70, 60))

        assert position.limiter is None
        assert (position.read_from, position.copy_from) == (None, 41)

    def test_state_ahead_of_a_tail_that_it_does_not_know_is_built_anew(self) -> None:
        """It was written before the tail, of a run that another one overtook."""
        assert sampled(BEHIND_40, state(70, 30)).limiter is None

    def test_without_state_all_that_the_source_keeps_is_sampled_anew(self) -> None:
        position = sampled(BEHIND_40, None)

        assert (position.read_from, position.copy_from) == (None, 41)

    def test_without_state_what_a_source_still_holds_is_sampled_anew_even_if_it_drops_the_rest(
        self,
    ) -> None:
        position = sampled(replace(BEHIND_40, source_keeps_read=False), None)

        assert (position.read_from, position.copy_from) == (None, 41)

    def test_state_of_the_originals_is_taken_as_of_the_tail(self) -> None:
        position = sampled(BEHIND_40, state(None, None))

        assert (position.read_from, position.copy_from) == (41, 41)
        assert position.limiter == state(None, None)

    def test_an_emptied_target_keeps_the_state_of_its_frontier(self) -> None:
        position = sampled(replace(EMPTIED, frontier=40), state(40, 38))

        assert position.limiter == state(40, 38)
        assert (position.read_from, position.copy_from) == (41, 41)

    def test_an_unsampled_copy_needs_no_state(self) -> None:
        assert decide(replace(BEHIND_40, limiter=state(10, 10))).limiter is None


def test_behind_a_pool_its_consumer_decides_and_not_the_tail() -> None:
    done = PoolTrace(consumer="c", group="g", settled=60)

    position = decide(replace(BEHIND_40, pool=done))

    assert (position.copy_from, position.pools) == (61, "c")
    assert position.reason == "pool g has settled all up to 60"


def test_what_a_pool_left_undone_stops_the_copy() -> None:
    text = refusal(replace(BEHIND_40, pool=PoolTrace("c", "g", settled=30, in_work=7)))

    assert "left 7 messages unfinished behind 30" in text
    assert "--restart SRC" in text


def test_a_pool_without_a_consumer_stops_the_copy_unless_it_was_taken_over() -> None:
    gone = replace(BEHIND_40, pool=PoolTrace())

    assert "whose consumer is gone" in refusal(replace(gone, frontier=39))
    assert decide(replace(gone, frontier=60)).copy_from == 61
