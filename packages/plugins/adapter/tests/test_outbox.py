"""What is on its way to a stream: acknowledged, published again, or given up."""

import json
from typing import Any

import pytest

from choria_core.nats.wire import Delivery
from choria_plugin_adapter.figures import Figures
from choria_plugin_adapter.outbox import MAX_OUTSTANDING, Outbox
from choria_plugin_adapter.unwrapping import Unwrapped, message_id

INBOX = "_INBOX.abc"


def message(number: int = 0, body: bytes = b"{}") -> Unwrapped:
    return Unwrapped(b"REG.n1", message_id("reg", str(number), "n1", "{}"), body)


def answer(number: int, document: dict[str, Any] | None) -> Delivery:
    body = b"" if document is None else json.dumps(document, separators=(",", ":")).encode()
    return f"{INBOX}.{number}".encode(), b"", b"", body


STORED = {"stream": "REG", "seq": 1}


@pytest.fixture
def figures() -> Figures:
    return Figures()


@pytest.fixture
def outbox(figures: Figures) -> Outbox:
    made = Outbox(figures, ack_seconds=5.0)
    made.retry_seconds = 60.0
    made.begin(INBOX)
    return made


def test_a_frame_has_the_id_and_asks_for_an_acknowledgement(outbox: Outbox) -> None:
    outbox.put(message(), 0.0)

    assert outbox.take() == (
        b"HPUB REG.n1 _INBOX.abc.1 91 93\r\n"
        b"NATS/1.0\r\nNats-Msg-Id: " + message().message_id + b"\r\n\r\n{}\r\n"
    )
    assert outbox.take() == b""
    assert len(outbox) == 1


def test_what_is_acknowledged_is_done(outbox: Outbox, figures: Figures) -> None:
    outbox.put(message(), 0.0)
    outbox.receive(answer(1, STORED), 0.25)
    outbox.receive(answer(1, STORED | {"duplicate": True}), 0.5)  # of a second publish

    assert len(outbox) == 0
    assert (figures.sent, figures.published, figures.duplicates) == (1, 1, 0)
    assert figures.output_seconds == 0.25


def test_a_copy_that_the_stream_had_counts_as_a_duplicate(outbox: Outbox, figures: Figures) -> None:
    outbox.put(message(), 0.0)
    outbox.receive(answer(1, STORED | {"duplicate": True}), 0.5)

    assert (figures.published, figures.duplicates) == (1, 1)


def test_without_an_acknowledgement_the_same_frame_goes_again(
    outbox: Outbox, figures: Figures
) -> None:
    outbox.put(message(), 0.0)
    first = outbox.take()
    outbox.expire(4.9, may_send=True)
    assert outbox.take() == b""

    outbox.expire(5.0, may_send=True)

    assert outbox.take() == first
    outbox.expire(9.9, may_send=True)
    assert outbox.take() == b""
    outbox.expire(10.0, may_send=True)
    assert outbox.take() == first
    assert figures.retries == 2


def test_after_the_last_moment_it_is_lost_and_never_sent_again(
    outbox: Outbox, figures: Figures
) -> None:
    outbox.put(message(), 0.0)
    outbox.take()
    sent = []
    for second in range(1, 100):
        outbox.expire(float(second), may_send=True)
        if outbox.take():
            sent.append(second)

    assert sent == [*range(5, 61, 5)]
    assert dict(figures.lost) == {"unacknowledged": 1}
    assert len(outbox) == 0


def test_where_time_is_short_there_are_still_two_more_tries(
    outbox: Outbox, figures: Figures
) -> None:
    outbox.retry_seconds = 1.0
    outbox.put(message(), 0.0)
    outbox.take()
    sent = []
    for tenth in range(1, 30):
        outbox.expire(tenth / 10, may_send=True)
        if outbox.take():
            sent.append(tenth)

    assert sent == [4, 8]
    assert figures.lost.total() == 1


def test_without_a_connection_time_passes_and_nothing_is_sent(
    outbox: Outbox, figures: Figures
) -> None:
    outbox.put(message(), 0.0)
    outbox.take()
    outbox.expire(60.0, may_send=False)
    assert (outbox.take(), len(outbox)) == (b"", 1)

    outbox.expire(60.1, may_send=False)

    assert (outbox.take(), len(outbox), figures.retries) == (b"", 0, 0)
    assert figures.lost.total() == 1


@pytest.mark.parametrize(
    "document",
    [None, {"error": {"code": 503, "err_code": 10077, "description": "insufficient storage"}}],
)
def test_what_the_stream_cannot_take_just_now_goes_again_soon(
    document: dict[str, Any] | None, outbox: Outbox, figures: Figures
) -> None:
    outbox.put(message(1), 0.0)
    outbox.put(message(2), 0.0)
    outbox.take()
    outbox.receive(answer(2, document), 0.1)
    assert outbox.complaint

    outbox.expire(0.6, may_send=True)

    assert message(2).message_id in (frames := outbox.take())
    assert message(1).message_id not in frames
    outbox.expire(5.0, may_send=True)
    assert outbox.take().count(b"HPUB") == 1  # the first alone
    outbox.receive(answer(2, STORED), 5.1)
    assert outbox.complaint == ""
    assert (len(outbox), figures.retries) == (1, 2)


def test_what_the_stream_refuses_for_good_is_lost(outbox: Outbox, figures: Figures) -> None:
    outbox.put(message(), 0.0)
    refusal = {"code": 400, "err_code": 10054, "description": "message size exceeds maximum"}
    outbox.receive(answer(1, {"error": refusal, "stream": "REG", "seq": 0}), 0.1)

    assert dict(figures.lost) == {"refused": 1}
    assert "message size exceeds maximum" in outbox.refusal
    assert outbox.complaint == ""  # others may be taken
    assert len(outbox) == 0


@pytest.mark.parametrize("body", [b"[]", b"nonsense", b'{"stream":"REG","error":7}'])
def test_an_answer_that_says_nothing_is_no_acknowledgement(
    body: bytes, outbox: Outbox, figures: Figures
) -> None:
    outbox.put(message(), 0.0)
    outbox.receive((f"{INBOX}.1".encode(), b"", b"", body), 0.1)
    outbox.receive((f"{INBOX}.x".encode(), b"", b"", b"{}"), 0.1)

    assert (len(outbox), figures.published) == (1, 0)


def test_a_stream_may_be_called_error(outbox: Outbox, figures: Figures) -> None:
    outbox.put(message(), 0.0)
    outbox.receive(answer(1, {"stream": '"error":', "seq": 1}), 0.1)

    assert figures.published == 1


def test_a_new_connection_gets_everything_again(outbox: Outbox, figures: Figures) -> None:
    for number in range(3):
        outbox.put(message(number), float(number))
    outbox.take()
    outbox.receive(answer(2, STORED), 3.0)

    outbox.again(4.0)

    assert outbox.take().count(b"HPUB") == 2
    assert figures.retries == 2


def test_so_many_are_on_their_way_and_no_more(outbox: Outbox) -> None:
    for number in range(MAX_OUTSTANDING):
        assert outbox.has_room
        outbox.put(message(number), 0.0)
    assert not outbox.has_room

    outbox.receive(answer(7, STORED), 1.0)

    assert outbox.has_room


def test_large_ones_fill_it_sooner(outbox: Outbox) -> None:
    outbox.max_payload = 64 << 20
    outbox.put(message(body=b"x" * (40 << 20)), 0.0)
    assert outbox.has_room
    outbox.put(message(body=b"x" * (40 << 20)), 0.0)
    assert not outbox.has_room


def test_what_no_server_would_take_is_not_sent(outbox: Outbox, figures: Figures) -> None:
    outbox.max_payload = 1_000
    outbox.put(message(body=b"x" * (1_000 - 91)), 0.0)
    outbox.put(message(body=b"x" * (1_001 - 91)), 0.0)

    assert outbox.take().count(b"HPUB") == 1
    assert dict(figures.lost) == {"too_large": 1}


def test_ids_differ_in_each_part_and_in_where_parts_end() -> None:
    ids = {
        message_id("reg", "id", "n1", "data"),
        message_id("re", "gid", "n1", "data"),
        message_id("reg", "i", "dn1", "data"),
        message_id("reg", "id", "n", "1data"),
        message_id("reg", "id", "n2", "data"),
        message_id("reg", "id", "n1", "forged"),
    }

    assert len(ids) == 6
    assert message_id("reg", "id", "n1", "data") in ids
