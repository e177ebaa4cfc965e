"""The wire codec against every way of cutting its bytes."""

import contextlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_core.errors import LocalProtocolError, RemoteProtocolError
from choria_core.nats import wire

Seen = list[tuple[bytes, ...] | wire.Control]


def decoder(seen: Seen, *sids: bytes) -> wire.Decoder:
    made = wire.Decoder(seen.append)
    for sid in sids:
        made.sinks[sid] = remember(seen, sid)
    return made


def remember(seen: Seen, sid: bytes) -> wire.Sink:
    return lambda delivery: seen.append((sid, *delivery))


MIXED = (
    b'INFO {"server_id":"x"} \r\n'
    b"MSG a.b 1 5\r\nhello\r\n"
    b"MSG a.b 1 re.ply 0\r\n\r\n"
    b"PING\r\n"
    b"HMSG c 2 12 17\r\nNATS/1.0\r\n\r\nworld\r\n"
    b"HMSG c 2 r 12 12\r\nNATS/1.0\r\n\r\n\r\n"
    b"+OK\r\nPONG\r\n-ERR 'Stale Connection'\r\n"
)
EXPECTED: Seen = [
    wire.Info(b'{"server_id":"x"}'),
    (b"1", b"a.b", b"", b"", b"hello"),
    (b"1", b"a.b", b"re.ply", b"", b""),
    wire.Ping(),
    (b"2", b"c", b"", b"NATS/1.0\r\n\r\n", b"world"),
    (b"2", b"c", b"r", b"NATS/1.0\r\n\r\n", b""),
    wire.Pong(),
    wire.ServerError("Stale Connection"),
]


def test_every_kind_of_frame_is_understood() -> None:
    seen: Seen = []
    decoder(seen, b"1", b"2").feed(MIXED)
    assert seen == EXPECTED


@given(st.lists(st.integers(0, len(MIXED)), max_size=8))
def test_the_cuts_of_the_network_do_not_matter(cuts: list[int]) -> None:
    seen: Seen = []
    target = decoder(seen, b"1", b"2")
    edges = [0, *sorted(cuts), len(MIXED)]
    for start, stop in itertools.pairwise(edges):
        target.feed(MIXED[start:stop])
    assert seen == EXPECTED


def test_one_byte_at_a_time_is_enough() -> None:
    seen: Seen = []
    target = decoder(seen, b"1", b"2")
    for position in range(len(MIXED)):
        target.feed(MIXED[position : position + 1])
    assert seen == EXPECTED


@given(
    st.lists(
        st.tuples(
            st.from_regex(rb"[a-z]{1,5}(\.[a-z]{1,5}){0,2}", fullmatch=True),
            st.sampled_from([b"", b"in.box"]),
            st.sampled_from([b"", b"NATS/1.0\r\nA: b\r\n\r\n"]),
            st.binary(max_size=60),
        ),
        max_size=6,
    ),
    st.integers(1, 50),
)
def test_what_is_published_arrives(
    messages: list[tuple[bytes, bytes, bytes, bytes]], chunk: int
) -> None:
    """The server turns PUB into MSG by putting the id behind the subject."""
    sent = b"".join(
        wire.publish(*message)
        .replace(b"HPUB %b " % message[0], b"HMSG %b 7 " % message[0], 1)
        .replace(b"PUB %b " % message[0], b"MSG %b 7 " % message[0], 1)
        for message in messages
    )
    seen: Seen = []
    target = decoder(seen, b"7")
    for start in range(0, len(sent), chunk):
        target.feed(sent[start : start + chunk])
    assert seen == [(b"7", *message) for message in messages]


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused_or_understood_never_anything_else(data: bytes) -> None:
    with contextlib.suppress(RemoteProtocolError):
        decoder([], b"1").feed(data)


@pytest.mark.parametrize(
    "line",
    [
        b"MSG a 1 -5\r\n\r\n",
        b"MSG a 1 x\r\n",
        b"MSG a\r\n",
        b"HMSG a 1 20 5\r\nhello\r\n",
        b"MSG a 1 3\r\nhello\r\n",
        b"MSG a 1 999999999999\r\n",
        b"GET / HTTP/1.1\r\n",
    ],
)
def test_a_peer_that_breaks_the_protocol_is_noticed(line: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        decoder([], b"1").feed(line)


def test_messages_of_an_ended_subscription_are_dropped() -> None:
    seen: Seen = []
    decoder(seen, b"1").feed(b"MSG a 9 2\r\nhi\r\nMSG a 1 2\r\nho\r\n")
    assert seen == [(b"1", b"a", b"", b"", b"ho")]


def test_a_large_body_in_many_chunks_arrives_whole() -> None:
    seen: Seen = []
    target = decoder(seen, b"1")
    body = bytes(range(256)) * 4096
    frame = b"MSG a 1 %d\r\n%b\r\nMSG a 1 1\r\nx\r\n" % (len(body), body)
    for start in range(0, len(frame), 65536):
        target.feed(frame[start : start + 65536])
    assert seen == [(b"1", b"a", b"", b"", body), (b"1", b"a", b"", b"", b"x")]


@pytest.mark.parametrize("subject", ["", "a b", "a\r\nPUB x", "a..b", ".a", "a.", "a.\udcff"])
def test_impossible_subjects_are_refused(subject: str) -> None:
    with pytest.raises(LocalProtocolError):
        wire.check_subject(subject)


@given(st.text(st.characters(categories=None)) | st.text("a.* >é\ud800\r\n\0"))
def test_any_text_is_a_subject_in_one_field_or_refused(text: str) -> None:
    try:
        subject = wire.check_subject(text)
    except LocalProtocolError:
        return
    assert subject.decode() == text
    seen: Seen = []
    decoder(seen, b"1").feed(b"MSG %b 1 0\r\n\r\n" % subject)
    assert seen == [(b"1", subject, b"", b"", b"")]


def test_client_frames_have_their_documented_form() -> None:
    assert wire.connect(b"{}") == b"CONNECT {}\r\n"
    assert wire.subscribe(b"1", b"a.>") == b"SUB a.> 1\r\n"
    assert wire.subscribe(b"1", b"a.>", b"q") == b"SUB a.> q 1\r\n"
    assert wire.unsubscribe(b"1") == b"UNSUB 1\r\n"
    assert wire.publish(b"a", b"", b"", b"x") == b"PUB a 1\r\nx\r\n"
    assert wire.publish(b"a", b"r", b"", b"") == b"PUB a r 0\r\n\r\n"
