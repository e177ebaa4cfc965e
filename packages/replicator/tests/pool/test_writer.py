"""Frames, ids and answers of a pool's worker."""

import json

from choria_core.nats import wire
from choria_core.nats.headers import parse_headers
from choria_replicator.pool.writer import PoolWriter, Ticket
from choria_replicator.pool_naming import message_id_prefix
from choria_replicator.target.writer import Answer, Cause, Failure

PREFIX = message_id_prefix(group="grp", stream="REG", created="2026-11-23T09:27:05Z")


def writer() -> PoolWriter:
    return PoolWriter(inbox="_INBOX.a", id_prefix=PREFIX)


def ticket(sequence: int, *, size: int = 4, moment: float = 0.0) -> Ticket:
    return Ticket(sequence, b"$JS.ACK.%d" % sequence, 1, size, moment)


def sent(frames: bytes) -> list[tuple[bytes, bytes, bytes, bytes]]:
    """What a server would deliver of frames that a client sent."""
    got: list[tuple[bytes, bytes, bytes, bytes]] = []
    decoder = wire.Decoder(lambda _control: None)
    decoder.sinks[b"1"] = got.append
    for line in frames.split(b"HPUB ")[1:]:
        subject, _, rest = line.partition(b" ")
        decoder.feed(b"HMSG %b 1 %b" % (subject, rest))
    return got


def answer(number: int, **content: object) -> tuple[bytes, bytes, bytes]:
    return b"_INBOX.a.%d" % number, b"", json.dumps({"stream": "T", **content}).encode()


def test_a_frame_bears_the_id_the_origin_and_the_other_headers() -> None:
    publishing = writer()
    publishing.add(
        ticket(7), b"reg", b"Choria-SR-Source: REG 7 dc1 w_0 5\r\nColour: blue\r\n", b"body"
    )
    publishing.add(ticket(8), b"reg", b"Choria-SR-Source: REG 8 dc1 w_0 5\r\n", b"")

    (subject, reply, header, content), (_, second_reply, _, empty) = sent(publishing.take())

    assert (subject, reply, second_reply) == (b"reg", b"_INBOX.a.1", b"_INBOX.a.2")
    assert parse_headers(header).headers == {
        "Nats-Msg-Id": f"{PREFIX.decode()}7",
        "Choria-SR-Source": "REG 7 dc1 w_0 5",
        "Colour": "blue",
    }
    assert (content, empty) == (b"body", b"")
    assert publishing.take() == b""


def test_the_header_size_is_known_before() -> None:
    publishing = writer()
    size = publishing.header_bytes(7, b"Choria-SR-Source: REG 7 dc1 w_0 5\r\nColour: blue\r\n")
    publishing.add(
        ticket(7), b"reg", b"Choria-SR-Source: REG 7 dc1 w_0 5\r\nColour: blue\r\n", b"body"
    )

    assert len(sent(publishing.take())[0][2]) == size


def test_ids_tell_groups_streams_and_their_successors_apart() -> None:
    created = ("2026-11-23T09:27:05Z", "2026-11-23T09:27:06Z")
    prefixes = {
        message_id_prefix(group=group, stream=stream, created=when)
        for group in ("a", "b")
        for stream in ("REG", "REG2")
        for when in created
    }

    assert len(prefixes) == 8


def test_a_confirmation_gives_the_ticket_back_once() -> None:
    publishing = writer()
    publishing.add(ticket(7, size=4), b"reg", b"", b"body")
    assert (publishing.unconfirmed, publishing.unconfirmed_bytes) == (1, 4)

    received = publishing.receive(*answer(1, seq=12))

    assert received is not None
    assert received[0] == ticket(7, size=4)
    assert isinstance(received[1], Answer)
    assert not received[1].duplicate
    assert (publishing.unconfirmed, publishing.unconfirmed_bytes) == (0, 0)
    assert publishing.receive(*answer(1, seq=12)) is None


def test_doubles_and_refusals_are_told_apart() -> None:
    publishing = writer()
    publishing.add(ticket(7), b"reg", b"", b"body")
    publishing.add(ticket(8), b"reg", b"", b"body")
    refusal = {"code": 400, "err_code": 10054, "description": "message size exceeds maximum"}

    second = publishing.receive(*answer(2, error=refusal))
    first = publishing.receive(*answer(1, seq=12, duplicate=True))

    assert first is not None
    assert isinstance(first[1], Answer)
    assert first[1].duplicate
    assert second is not None
    assert isinstance(second[1], Failure)
    assert (second[0].sequence, second[1].cause) == (8, Cause.TOO_LARGE)


def test_foreign_answers_mean_nothing() -> None:
    publishing = writer()
    publishing.add(ticket(7), b"reg", b"", b"body")

    for subject in (b"_INBOX.b.1", b"_INBOX.a.2", b"_INBOX.a.x", b"_INBOX.a."):
        assert publishing.receive(subject, b"", b"{}") is None
    assert publishing.unconfirmed == 1


def test_what_is_given_up_is_forgotten_oldest_first() -> None:
    publishing = writer()
    for sequence, moment in ((7, 1.0), (8, 2.0), (9, 3.0)):
        publishing.add(ticket(sequence, moment=moment), b"reg", b"", b"body")

    given_up = publishing.give_up(before=3.0)

    assert [one.sequence for one in given_up] == [7, 8]
    assert (publishing.unconfirmed, publishing.unconfirmed_bytes) == (1, 4)
    assert publishing.receive(*answer(1, seq=12)) is None
    assert [one.sequence for one in publishing.give_up()] == [9]
