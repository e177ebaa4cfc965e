"""Fast ingest against a model of the server's rules."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_replicator.target.fast_ingest import MAX_FLOW, FastIngest
from choria_replicator.target.writer import Cause
from choria_testing.fast_ingest_model import (
    COMMIT,
    COMMIT_EMPTY,
    START,
    FastIngestLine,
    FastIngestServer,
    error,
    frames_of,
)

Line = FastIngestLine[FastIngest]


def line(*, granted: int = 3, outstanding: int = 4, before: int = 0) -> Line:
    writer = FastIngest(
        inbox="_INBOX.x", incarnation="i", last_sequence=before, outstanding=outstanding
    )
    return FastIngestLine(writer, FastIngestServer(granted, [None] * before))


def test_nothing_follows_the_opening_before_it_is_answered() -> None:
    track = line()
    track.add(10)

    assert len(track.take(idle=False)) == 1
    assert track.take(idle=False) == []
    assert track.take(idle=True) == []
    track.serve()
    track.hear()
    assert len(track.take(idle=False)) == 9


def test_no_more_confirmations_are_outstanding_than_allowed() -> None:
    track = line(granted=3, outstanding=2)
    track.add(50)
    track.take(idle=False)
    track.serve()
    track.hear()

    assert len(track.take(idle=False)) == 5  # six in all
    assert track.writer.held == 44
    assert track.take(idle=False) == []
    track.serve(2)  # confirms three
    track.hear()
    assert len(track.take(idle=False)) == 3
    assert track.writer.confirmed == 3


def test_the_batch_is_committed_with_the_last_message_at_hand() -> None:
    track = line()
    track.add(3)
    track.finish()

    assert track.server.ours == track.added
    assert track.server.batches == {}
    assert track.writer.confirmed == 3
    assert track.writer.unconfirmed == 0


def test_a_single_message_at_hand_is_a_batch_of_one() -> None:
    track = line()
    for number in range(1, 4):
        track.add(1)
        (frame,) = track.take(idle=True)
        assert (frame.number, frame.operation) == (1, COMMIT)
        assert track.take(idle=True) == []
        track.serve()
        track.hear()
        assert track.writer.confirmed == number


def test_the_next_batch_waits_for_the_confirmation_of_the_commit() -> None:
    track = line()
    track.add(1)
    track.take(idle=True)
    track.add(5)

    assert track.take(idle=True) == []
    track.serve()
    track.hear()
    (opening,) = track.take(idle=False)
    assert (opening.number, opening.operation, opening.expected) == (1, START, 1)


def test_an_open_batch_is_settled_without_a_further_message() -> None:
    track = line(granted=100)
    track.add(5)
    track.take(idle=False)
    track.serve()
    track.hear()
    track.take(idle=False)
    track.serve()
    assert (track.writer.unconfirmed, len(track.server.batches)) == (5, 1)

    track.settle()
    assert [frame.operation for frame in track.outward] == [COMMIT_EMPTY]
    track.settle()
    assert len(track.outward) == 1
    track.serve()
    track.hear()

    assert track.writer.confirmed == 5
    assert track.writer.failure is None
    assert track.server.batches == {}
    assert track.server.ours == track.added


def test_a_batch_that_is_confirmed_and_still_open_is_settled_too() -> None:
    """The server would forget it after some seconds, and refuse what follows."""
    track = line(granted=3)
    track.add(3)
    track.take(idle=False)
    track.serve()
    track.hear()
    track.take(idle=False)
    track.serve()
    track.hear()
    assert (track.writer.unconfirmed, len(track.server.batches)) == (0, 1)

    track.settle()
    track.serve()
    track.hear()

    assert track.server.batches == {}
    track.add(1)
    track.finish()
    assert track.server.ours == track.added
    assert track.writer.failure is None


@pytest.mark.parametrize("added", [0, 1])
def test_there_is_nothing_to_settle_before_a_batch_is_open(added: int) -> None:
    track = line()
    assert track.writer.settle() == b""
    track.add(added)
    track.take(idle=False)
    assert track.writer.settle() == b""


def test_sequences_and_numbers_go_on_from_batch_to_batch() -> None:
    track = line(before=41)
    for size in (1, 4, 2):
        track.add(size)
        track.finish()

    assert len(track.server.stored) == 48
    assert track.writer.confirmed == 7


def test_a_foreign_message_ends_the_batch_and_nothing_stands_behind_it() -> None:
    track = line(granted=2)
    track.add(8)
    track.take(idle=False)
    track.serve()
    track.hear()
    track.take(idle=False)
    track.serve(2)
    track.server.stored.append(None)

    track.serve()
    track.hear()

    assert track.server.stored == [b"m0", b"m1", b"m2", None]
    failure = track.writer.failure
    assert failure is not None
    assert (failure.cause, failure.err_code) == (Cause.CONFLICT, 10071)
    assert track.take(idle=True) == []
    assert track.writer.settle() == b""


def test_a_foreign_message_before_the_opening_is_noticed() -> None:
    track = line()
    track.server.stored.append(None)
    track.add(1)
    track.finish()

    assert track.server.ours == []
    assert track.writer.failure is not None
    assert track.writer.failure.cause is Cause.CONFLICT


def test_a_lost_message_is_answered_with_a_gap() -> None:
    track = line()
    track.add(6)
    track.take(idle=False)
    track.serve()
    track.hear()
    track.take(idle=False)
    del track.outward[1]

    track.serve()
    track.hear()

    assert track.writer.failure is not None
    assert track.writer.failure.cause is Cause.LOST
    assert track.server.ours == track.added[:2]


def test_a_batch_that_the_server_forgot_is_noticed() -> None:
    track = line()
    track.add(2)
    track.take(idle=False)
    track.serve()
    track.hear()
    track.server.batches.clear()
    track.take(idle=False)
    track.serve()
    track.hear()

    assert track.writer.failure is not None
    assert (track.writer.failure.cause, track.writer.failure.err_code) == (Cause.LOST, 10208)


def test_a_lost_end_of_a_batch_is_noticed_by_its_count() -> None:
    """The commit says four, the server has taken three."""
    track = line(granted=100)
    track.add(4)
    track.take(idle=False)
    track.serve()
    track.hear()
    track.take(idle=True)
    reply = track.outward[-1].reply
    batch = track.outward[-1].batch.decode()
    early = {"stream": "S", "seq": 3, "count": 3, "batch": batch}

    track.writer.receive(reply, b"", json.dumps(early).encode())

    assert track.writer.failure is not None
    assert track.writer.failure.cause is Cause.LOST
    assert track.writer.confirmed == 3


def test_the_server_ends_a_batch_that_was_not_committed() -> None:
    track = line(granted=100)
    track.add(1)
    (frame,) = track.take(idle=False)
    end = {"stream": "S", "seq": 1, "count": 1, "batch": frame.batch.decode()}

    track.writer.receive(frame.reply, b"", json.dumps(end).encode())

    assert track.writer.failure is not None


def test_a_subject_that_no_stream_takes_is_named() -> None:
    track = line()
    track.add(1)
    (frame,) = track.take(idle=True)

    track.writer.receive(frame.reply, b"NATS/1.0 503\r\n\r\n", b"")

    assert track.writer.failure is not None
    assert track.writer.failure.cause is Cause.UNHEARD


def test_a_stream_that_does_not_allow_batches_is_told_apart() -> None:
    track = line()
    track.add(1)
    (frame,) = track.take(idle=False)

    track.writer.receive(frame.reply, b"", json.dumps(error(10205)).encode())

    assert track.writer.failure is not None
    assert track.writer.failure.cause is Cause.UNSUPPORTED


def test_late_answers_to_a_settled_batch_are_no_matter() -> None:
    track = line()
    track.add(1)
    (frame,) = track.take(idle=True)
    track.serve()
    track.hear()

    for late in (error(10208), {"type": "ack", "seq": 9, "msgs": 9}):
        track.writer.receive(frame.reply, b"", json.dumps(late).encode())

    assert track.writer.failure is None
    assert track.writer.confirmed == 1
    track.add(2)
    assert len(track.take(idle=False)) == 1


def test_the_size_of_a_header_is_known_before_it_is_built() -> None:
    track = line(before=99)
    for lines in (b"", b"A: b\r\n"):
        for _ in range(3):  # from 99 to 100 the sequence grows by a digit
            size = track.writer.header_bytes(lines)
            track.writer.add([(b"a.b", lines, b"")])
            frame = frames_of(track.writer.take(idle=True))[0]
            assert len(frame.header) == size
            assert frame.header.startswith(b"NATS/1.0\r\n")
            assert frame.header.endswith(b"\r\n\r\n")
            track.outward.append(frame)
            track.serve()
            track.hear()


def test_no_more_is_asked_of_the_server_than_it_grants() -> None:
    track = line()
    track.add(1)
    (frame,) = track.take(idle=False)

    assert frame.reply.split(b".")[-5:] == [b"%d" % MAX_FLOW, b"fail", b"1", b"0", b"$FI"]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(1, 9)),
        st.tuples(st.just("take"), st.integers(0, 1)),
        st.tuples(st.just("serve"), st.integers(1, 12)),
        st.tuples(st.just("hear"), st.integers(1, 5)),
        st.tuples(st.just("settle"), st.just(0)),
    ),
    max_size=60,
)


def walk(track: Line, steps: list[tuple[str, int]]) -> None:
    for verb, number in steps:
        match verb:
            case "add":
                track.add(number)
            case "take":
                track.take(idle=bool(number))
            case "settle":
                track.settle()
            case "serve":
                track.serve(number)
            case "hear":
                track.hear(number)
        unconfirmed = track.writer.unconfirmed
        assert unconfirmed <= max(1, track.server.granted * track.writer.outstanding)
        assert track.writer.confirmed <= len(track.server.ours)


@given(STEPS, st.integers(1, 5), st.integers(1, 4))
def test_everything_is_stored_once_in_order_however_the_answers_come(
    steps: list[tuple[str, int]], granted: int, outstanding: int
) -> None:
    track = line(granted=granted, outstanding=outstanding)
    walk(track, steps)
    track.finish()

    assert track.server.stored == track.added
    assert track.writer.confirmed == len(track.added)
    assert track.writer.failure is None
    assert track.server.batches == {}


@given(
    STEPS,
    STEPS,
    st.integers(1, 5),
    st.sampled_from(["foreign", "lost", "forgotten"]),
    st.integers(0, 20),
)
def test_whatever_happens_nothing_stands_behind_the_trouble(
    before: list[tuple[str, int]],
    after: list[tuple[str, int]],
    granted: int,
    trouble: str,
    place: int,
) -> None:
    track = line(granted=granted)
    walk(track, before)
    if trouble == "foreign":
        track.server.stored.append(None)
    elif trouble == "lost" and track.outward:
        del track.outward[place % len(track.outward)]
    elif trouble == "forgotten":
        track.server.batches.clear()
    walk(track, after)
    track.add(2)
    track.finish()

    stored = track.server.stored
    assert track.server.ours == track.added[: len(track.server.ours)]
    if None in stored:
        assert stored.index(None) == len(track.server.ours)
        assert track.writer.failure is not None
    assert track.writer.confirmed <= len(track.server.ours)
