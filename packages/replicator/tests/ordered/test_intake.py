"""What a read of the source brought, against a plain statement of what is to become of it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_core.errors import WorkError
from choria_core.nats import wire
from choria_replicator.message.header_policy import HeaderPolicy
from choria_replicator.ordered.cursor import Mark
from choria_replicator.ordered.intake import Intake, Passage
from choria_replicator.sampling.field_path import FieldPath
from choria_replicator.sampling.limiter import Limiter
from choria_replicator.source.pull_window import PullWindow
from choria_replicator.stats import StreamStats

START = Mark(published=0, read_sequence=0, read_timestamp_ms=0, copied_sequence=0)
HEAD, HEAD_WITH_TOKEN = "$JS.ACK.S.c", "$JS.ACK.hub.account.S.c"
PASSAGE = Passage(
    stream="S",
    site="here",
    worker="w",
    policy=HeaderPolicy(),
    map_subject=lambda subject: subject,
    max_payload_bytes=2_000,
    header_bytes=lambda lines, _ahead: len(lines) + 100,
    limiter=None,
    copy_from=1,
    counted_to=0,
    keeps_replies=False,
)


class Source:
    """A consumer that delivers; every message is stored 1 ms after the one before."""

    def __init__(self, *, has_token: bool = False) -> None:
        self.count = 0
        self._has_token = has_token

    def deliver(
        self, sequence: int, body: bytes = b"x", *, header: bytes = b"", deliveries: int = 1
    ) -> wire.Delivery:
        """One message, by the consumer's count the next."""
        self.count += 1
        head, token = (HEAD_WITH_TOKEN, ".Tk8") if self._has_token else (HEAD, "")
        nanoseconds = sequence * 1_000_000 + 5
        reply = f"{head}.{deliveries}.{sequence}.{self.count}.{nanoseconds}.{100 - sequence}{token}"
        return b"reg.n%d" % sequence, reply.encode(), header, body


def intake(passage: Passage = PASSAGE, *, stats: StreamStats | None = None) -> Intake:
    window = PullWindow(max_messages=100, max_bytes=1 << 20, largest_message_bytes=100, asked=100)
    return Intake(
        passage, window, stats or StreamStats(stream="S", site="here", worker="w"), pending=0
    )


def sequences(taking: Intake) -> list[int]:
    """Source sequences of what is to be copied, by the origin that it bears."""
    return [int(lines.split(b" ")[2]) for _, lines, _ in taking.outgoing()]


@given(
    st.lists(
        st.lists(st.sampled_from(["next", "gap", "again", "heartbeat"]), max_size=8), max_size=6
    ),
    st.booleans(),
)
def test_each_message_is_taken_once_whatever_stands_between(
    reads: list[list[str]],
    has_token: bool,  # noqa: FBT001 - hypothesis draws it
) -> None:
    source, taking, mark = Source(has_token=has_token), intake(), START
    expected: list[int] = []
    taken: list[int] = []
    newest = 0
    for kinds in reads:
        for kind in kinds:
            if kind == "heartbeat":
                status = (b"inbox", b"", b"NATS/1.0 100 Idle Heartbeat\r\n\r\n", b"")
                taking.delivered.append(status)
            elif kind == "again" and newest:
                taking.delivered.append(source.deliver(expected[0], deliveries=2))
            else:
                newest += 2 if kind == "gap" else 1
                expected.append(newest)
                taking.delivered.append(source.deliver(newest))
        mark = taking.take(mark, 1.0) or mark
        taken += sequences(taking)

    assert taking.trouble == ""
    assert taken == expected
    assert (mark.published, mark.read_messages) == (len(expected), len(expected))
    assert (mark.read_sequence, mark.copied_sequence) == (newest, newest)
    assert mark.read_timestamp_ms == newest
    assert taking._window.asked == 100 - source.count
    assert not expected or taking.pending == 100 - newest


@given(st.integers(2, 20), st.data())
def test_a_lost_delivery_is_noticed_and_nothing_of_its_read_is_copied(
    count: int, data: st.DataObject
) -> None:
    source, taking = Source(), intake()
    deliveries = [source.deliver(number) for number in range(1, count + 1)]
    del deliveries[data.draw(st.integers(0, count - 2))]
    taking.delivered += deliveries

    assert taking.take(START, 1.0) is None
    assert taking.outgoing() == []
    assert taking.trouble == f"a delivery before source message {count} was lost"


def test_a_loss_at_the_end_of_a_read_is_noticed_with_the_next() -> None:
    source, taking = Source(), intake()
    taking.delivered.append(source.deliver(1))
    mark = taking.take(START, 1.0)
    assert mark is not None
    assert sequences(taking) == [1]
    source.deliver(2)
    taking.delivered.append(source.deliver(3))

    assert taking.take(mark, 2.0) is None
    assert "lost" in taking.trouble


def test_what_is_to_be_published_bears_its_origin_and_the_headers_that_pass() -> None:
    header = b"NATS/1.0\r\nNats-Msg-Id: 5\r\nColour: blue\r\n\r\n"
    taking = intake(replace(PASSAGE, map_subject=lambda subject: f"dc1.{subject}"))
    taking.delivered.append(Source().deliver(7, b"body", header=header))
    taking.take(START, 1.0)

    assert taking.outgoing() == [
        (
            b"dc1.reg.n7",
            b"Choria-SR-Source: S 7 here w 7\r\nChoria-SR-Msg-Id: 5\r\nColour: blue\r\n",
            b"body",
        )
    ]
    assert taking.outgoing() == []


def test_a_message_that_can_never_be_copied_lets_those_before_it_go() -> None:
    source, taking = Source(), intake()
    taking.delivered += [source.deliver(1), source.deliver(2, b"." * 1_950), source.deliver(3)]
    mark = taking.take(START, 1.0)

    assert mark is not None
    assert mark.read_sequence == 1
    assert sequences(taking) == [1]
    assert "source message 2" in str(taking.unfit)
    assert "max_payload is 2000" in str(taking.unfit)


def test_a_subject_without_a_place_is_named_with_its_message() -> None:
    def refuse(subject: str) -> str:
        raise WorkError(f"no stream takes {subject}")

    taking = intake(replace(PASSAGE, map_subject=refuse))
    taking.delivered.append(Source().deliver(4))

    assert taking.take(START, 1.0) is None
    assert str(taking.unfit) == "source message 4: no stream takes reg.n4"
    assert taking.first_copied == 4


def test_what_the_target_has_is_only_sampled_and_the_rest_counted() -> None:
    limiter = Limiter(FieldPath.parse("host"), 1_000)
    stats = StreamStats(stream="S", site="here", worker="w")
    taking = intake(replace(PASSAGE, limiter=limiter, copy_from=3, counted_to=2), stats=stats)
    source = Source()
    bodies = (b'{"host": "a"}', b'{"host": "b"}', b'{"host": "a"}', b'{"host": "c"}', b"no json")
    taking.delivered += [source.deliver(number, body) for number, body in enumerate(bodies, 1)]
    mark = taking.take(START, 1.0)

    assert mark is not None
    assert sequences(taking) == [4, 5]
    assert mark.decisions == [("a", 1, 13), ("b", 2, 13), ("c", 4, 13)]
    assert (mark.published, mark.read_messages) == (2, 5)
    assert (mark.skipped, mark.skipped_bytes, mark.keyless) == (1, 13, 1)
    assert (mark.published_bytes, stats.read_sequence) == (20, 5)


def test_of_what_the_target_has_counts_what_was_not_counted_before() -> None:
    """The first two were settled by an earlier stretch, the next three were not."""
    limiter = Limiter(FieldPath.parse("host"), 1_000)
    taking = intake(replace(PASSAGE, limiter=limiter, copy_from=6, counted_to=2))
    source = Source()
    bodies = (b'{"host": "a"}', b"no json", b'{"host": "a"}', b'{"host": "b"}', b"nor this")
    taking.delivered += [source.deliver(number, body) for number, body in enumerate(bodies, 1)]
    mark = taking.take(START, 1.0)

    assert mark is not None
    assert (mark.published, mark.skipped, mark.skipped_bytes, mark.keyless) == (0, 1, 13, 1)


@pytest.mark.parametrize("has_token", [False, True])
def test_acknowledgements_are_kept_for_each_message_or_for_all(has_token: bool) -> None:  # noqa: FBT001
    for keeps_replies in (False, True):
        source, taking = (
            Source(has_token=has_token),
            intake(replace(PASSAGE, keeps_replies=keeps_replies)),
        )
        deliveries = [source.deliver(number) for number in range(1, 4)]
        taking.delivered += deliveries
        mark = taking.take(START, 1.0)

        assert mark is not None
        replies = [reply for _, reply, _, _ in deliveries]
        assert list(mark.replies) == (replies if keeps_replies else replies[-1:])


def test_a_status_that_ends_the_consumer_is_trouble() -> None:
    taking = intake()
    taking.delivered.append((b"inbox", b"", b"NATS/1.0 409 Consumer Deleted\r\n\r\n", b""))

    assert taking.take(START, 1.0) is None
    assert taking.trouble == "the source says 409 Consumer Deleted"
