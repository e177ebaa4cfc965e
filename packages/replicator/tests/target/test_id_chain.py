"""The message-id chain against a model of the server's rules.

The model checks what a server of any release checks before it stores a
message, and remembers ids as it does within its duplicate window.
"""

import json
import re
from collections import deque
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_replicator.target.id_chain import IdChain
from choria_replicator.target.writer import Cause, Outgoing

FRAME = re.compile(rb"HPUB (\S+) (\S*) ?(\d+) (\d+)\r\n")
Answer = tuple[bytes, bytes, bytes]


@dataclass(frozen=True)
class Frame:
    """One publish as the server sees it; ``reply`` is empty where no answer is wanted."""

    reply: bytes
    header: bytes
    body: bytes

    def named(self, name: str) -> str | None:
        found = re.search(rf"^{name}: (.*)\r$", self.header.decode(), re.MULTILINE)
        return found[1] if found else None


def frames_of(data: bytes) -> list[Frame]:
    """Take the wire apart; every byte must belong to a frame."""
    frames, position = [], 0
    while position < len(data):
        line = FRAME.match(data, position)
        assert line is not None, data[position : position + 60]
        begin = line.end()
        body, end = begin + int(line[3]), begin + int(line[4])
        assert data[end : end + 2] == b"\r\n"
        frames.append(Frame(line[2], data[begin:body], data[body:end]))
        position = end + 2
    return frames


@dataclass
class Server:
    """A stream.

    Attributes:
        stored: bodies in order; those of others are None.
        last_id: of the newest message; None where it has none.
        ids: all that are remembered.
    """

    stored: list[bytes | None] = field(default_factory=list)
    last_id: str | None = None
    ids: set[str] = field(default_factory=set)

    def take(self, frame: Frame) -> list[Answer]:
        answer = self._take(frame)
        return [(frame.reply, b"", json.dumps(answer).encode())] if frame.reply else []

    def _take(self, frame: Frame) -> dict[str, object]:
        name = frame.named("Nats-Msg-Id")
        assert name is not None
        if name in self.ids:
            return {"stream": "S", "seq": 1, "duplicate": True}
        expected = frame.named("Nats-Expected-Last-Sequence")
        if expected is not None and int(expected) != len(self.stored):
            return error(10071)
        before = frame.named("Nats-Expected-Last-Msg-Id")
        if before is not None and before != self.last_id:
            return error(10070)
        assert (expected is None) != (before is None)  # every message is chained
        self.stored.append(frame.body)
        self.ids.add(name)
        self.last_id = name
        return {"stream": "S", "seq": len(self.stored)}

    def take_foreign(self) -> None:
        self.stored.append(None)
        self.last_id = None

    @property
    def ours(self) -> list[bytes]:
        return [body for body in self.stored if body is not None]


def error(code: int) -> dict[str, object]:
    return {"error": {"code": 400, "err_code": code, "description": "no"}}


@dataclass
class Line:
    """A writer, a server, and what is on its way between them."""

    writer: IdChain
    server: Server
    outward: deque[Frame] = field(default_factory=deque)
    inward: deque[Answer] = field(default_factory=deque)
    added: list[bytes] = field(default_factory=list)

    def add(self, count: int) -> None:
        for _ in range(count):
            body = b"m%d" % len(self.added)
            self.added.append(body)
            self.writer.add([(b"a.b", b"Choria-SR-Source: S 1 x y 2\r\n", body)])

    def take(self) -> list[Frame]:
        frames = frames_of(self.writer.take(idle=False))
        self.outward += frames
        return frames

    def serve(self, count: int = 1 << 30) -> None:
        for _ in range(min(count, len(self.outward))):
            self.inward += self.server.take(self.outward.popleft())

    def hear(self, count: int = 1 << 30) -> None:
        for _ in range(min(count, len(self.inward))):
            self.writer.receive(*self.inward.popleft())

    def finish(self) -> None:
        """Let everything through."""
        for _ in range(len(self.added) + 2):
            self.take()
            self.serve()
            self.hear()


def line(
    *, ask_every: int = 4, max_unconfirmed: int = 10, server: Server | None = None, name: str = "i"
) -> Line:
    server = server or Server()
    writer = IdChain(
        inbox="_INBOX.x",
        incarnation=name,
        last_sequence=len(server.stored),
        ask_every=ask_every,
        max_unconfirmed=max_unconfirmed,
    )
    return Line(writer, server)


def test_the_first_message_names_the_targets_end_and_each_other_its_predecessor() -> None:
    track = line(server=Server([None] * 7))
    track.add(3)

    first, second, third = track.take()

    assert first.named("Nats-Expected-Last-Sequence") == "7"
    assert [f.named("Nats-Msg-Id") for f in (first, second, third)] == ["i.1", "i.2", "i.3"]
    assert second.named("Nats-Expected-Last-Msg-Id") == "i.1"
    assert third.named("Nats-Expected-Last-Msg-Id") == "i.2"
    assert third.named("Choria-SR-Source") == "S 1 x y 2"


def test_the_first_every_fourth_and_the_last_of_what_goes_together_are_asked_for() -> None:
    track = line(ask_every=4)
    track.add(6)
    assert [bool(frame.reply) for frame in track.take()] == [True, False, False, True, False, True]
    track.add(1)
    assert [bool(frame.reply) for frame in track.take()] == [True]


def test_one_confirmation_stands_for_all_before_it() -> None:
    track = line(ask_every=100)
    track.add(9)
    track.take()
    track.serve()
    track.inward.popleft()  # the first one's answer
    track.hear()

    assert track.writer.confirmed == 9
    assert track.writer.unconfirmed == 0


def test_no_more_is_unconfirmed_than_allowed() -> None:
    track = line(max_unconfirmed=10)
    track.add(25)

    assert len(track.take()) == 10
    assert track.take() == []
    assert (track.writer.held, track.writer.unconfirmed) == (15, 10)
    track.serve()
    track.hear()
    assert len(track.take()) == 10


def test_a_foreign_message_breaks_the_chain_for_good() -> None:
    """A chain of sequences would lose one message and then fit again."""
    track = line(ask_every=2)
    track.add(8)
    track.take()
    track.serve(3)
    track.server.take_foreign()

    track.serve()
    track.hear()

    assert track.server.stored == [b"m0", b"m1", b"m2", None]
    assert track.writer.failure is not None
    assert (track.writer.failure.cause, track.writer.failure.err_code) == (Cause.CONFLICT, 10070)
    track.add(1)
    assert track.take() == []


def test_a_foreign_message_before_the_first_is_noticed() -> None:
    track = line()
    track.server.take_foreign()
    track.add(2)
    track.finish()

    assert track.server.ours == []
    assert track.writer.failure is not None
    assert track.writer.failure.err_code == 10071


def test_a_lost_message_ends_the_chain() -> None:
    track = line()
    track.add(6)
    track.take()
    del track.outward[2]
    track.serve()
    track.hear()

    assert track.server.ours == track.added[:2]
    assert track.writer.failure is not None


def test_the_first_messages_own_answer_says_why_it_was_refused() -> None:
    track = line()
    track.add(3)
    first = track.take()[0]
    track.writer.receive(first.reply, b"", json.dumps(error(10054)).encode())

    assert track.writer.failure is not None
    assert track.writer.failure.cause is Cause.TOO_LARGE


def test_another_incarnation_uses_other_ids_for_the_same_messages() -> None:
    """Within its duplicate window a purged target still remembers the old ones."""
    before = line(name="one")
    before.add(3)
    before.finish()
    server = before.server
    server.stored = [None] * 3  # purged: the sequences remain
    after = line(name="two", server=server)
    after.add(3)
    after.finish()

    assert server.ours == after.added
    assert after.writer.failure is None


def test_a_double_is_a_failure() -> None:
    """It would store nothing and break the next link."""
    track = line(server=Server(ids={"i.2"}))
    track.add(4)
    track.finish()

    assert track.writer.failure is not None
    assert track.writer.confirmed <= 1


def test_a_message_at_another_sequence_than_its_place_is_a_failure() -> None:
    track = line()
    track.add(1)
    (frame,) = track.take()
    track.writer.receive(frame.reply, b"", b'{"stream": "S", "seq": 2}')

    assert track.writer.failure is not None
    assert track.writer.failure.cause is Cause.CONFLICT
    assert track.writer.confirmed == 0


def test_a_subject_that_no_stream_takes_is_named() -> None:
    track = line()
    track.add(1)
    (frame,) = track.take()
    track.writer.receive(frame.reply, b"NATS/1.0 503\r\n\r\n", b"")

    assert track.writer.failure is not None
    assert track.writer.failure.cause is Cause.UNHEARD


@pytest.mark.parametrize("body", [b"+OK", b"[]", b'{"seq": "x"}', b""])
def test_an_answer_that_is_none_is_a_failure(body: bytes) -> None:
    track = line()
    track.add(1)
    (frame,) = track.take()
    track.writer.receive(frame.reply, b"", body)

    assert track.writer.failure is not None
    assert track.writer.failure.cause is Cause.LOST


def test_answers_to_another_incarnation_are_no_matter() -> None:
    track = line()
    track.add(1)
    track.take()
    track.writer.receive(b"_INBOX.x.other.1", b"", json.dumps(error(10070)).encode())

    assert track.writer.failure is None


def test_there_is_nothing_to_settle() -> None:
    track = line()
    track.add(3)
    (*_, last) = track.take()

    assert last.reply  # asked for already
    assert track.writer.settle() == b""


def test_the_size_of_a_header_is_known_before_it_is_built() -> None:
    track = line(max_unconfirmed=1000, server=Server([None] * 99))
    sizes = []
    for number in range(120):
        lines = b"A: b\r\n" * (number % 2)
        ahead = number % 3
        if not ahead:
            together: list[Outgoing] = []
        sizes.append(track.writer.header_bytes(lines, ahead))
        together.append((b"a.b", lines, b""))
        if ahead == 2:
            track.writer.add(together)

    headers = [frame.header for frame in track.take()]

    assert [len(header) for header in headers] == sizes
    assert all(h.startswith(b"NATS/1.0\r\n") and h.endswith(b"\r\n\r\n") for h in headers)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(1, 12)),
        st.tuples(st.just("take"), st.just(0)),
        st.tuples(st.just("serve"), st.integers(1, 12)),
        st.tuples(st.just("hear"), st.integers(1, 5)),
    ),
    max_size=60,
)


def walk(track: Line, steps: list[tuple[str, int]]) -> None:
    for verb, number in steps:
        match verb:
            case "add":
                track.add(number)
            case "take":
                track.take()
            case "serve":
                track.serve(number)
            case "hear":
                track.hear(number)
        assert track.writer.unconfirmed <= 10
        assert track.writer.confirmed <= len(track.server.ours)


@given(STEPS, st.integers(1, 8))
def test_everything_is_stored_once_in_order_however_the_answers_come(
    steps: list[tuple[str, int]], ask_every: int
) -> None:
    track = line(ask_every=ask_every)
    walk(track, steps)
    track.finish()

    assert track.server.stored == track.added
    assert track.writer.confirmed == len(track.added)
    assert track.writer.failure is None


@given(STEPS, STEPS, st.integers(1, 8), st.sampled_from(["foreign", "lost"]), st.integers(0, 20))
def test_whatever_happens_nothing_stands_behind_the_trouble(
    before: list[tuple[str, int]],
    after: list[tuple[str, int]],
    ask_every: int,
    trouble: str,
    place: int,
) -> None:
    track = line(ask_every=ask_every)
    walk(track, before)
    if trouble == "foreign":
        track.server.take_foreign()
    elif track.outward:
        del track.outward[place % len(track.outward)]
    walk(track, after)
    track.add(2)
    track.finish()

    stored = track.server.stored
    assert track.server.ours == track.added[: len(track.server.ours)]
    if None in stored:
        assert stored.index(None) == len(track.server.ours)
        assert track.writer.failure is not None
    assert track.writer.confirmed <= len(track.server.ours)
