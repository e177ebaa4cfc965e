"""How much is asked of a consumer, and what its statuses mean."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_replicator.source.pull_window import EXPIRES_SECONDS, HEARTBEAT_SECONDS, PullWindow


def window(messages: int = 1000, size: int = 4_000_000, largest: int = 1000) -> PullWindow:
    return PullWindow(max_messages=messages, max_bytes=size, largest_message_bytes=largest)


def status(line: str, **headers: object) -> bytes:
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"NATS/1.0 {line}\r\n{lines}\r\n".encode()


def test_an_empty_window_is_filled_with_several_pulls() -> None:
    asking = window(1000)

    bodies = asking.requests(unsettled_messages=0, unsettled_bytes=0)

    assert [json.loads(body)["batch"] for body in bodies] == [250] * 4
    assert asking.asked == 1000
    assert asking.requests(unsettled_messages=0, unsettled_bytes=0) == []


def test_a_pull_says_when_it_ends_and_how_often_the_server_says_that_it_lives() -> None:
    request = json.loads(window().requests(unsettled_messages=0, unsettled_bytes=0)[0])

    assert request["expires"] == EXPIRES_SECONDS * 10**9
    assert request["idle_heartbeat"] == HEARTBEAT_SECONDS * 10**9
    assert request["idle_heartbeat"] * 2 <= request["expires"]  # the server refuses more
    assert request["max_bytes"] == 1_000_000


def test_delivered_messages_make_room_once_they_are_settled() -> None:
    asking = window(1000)
    asking.requests(unsettled_messages=0, unsettled_bytes=0)
    asking.asked -= 400  # delivered

    assert asking.requests(unsettled_messages=400, unsettled_bytes=0) == []
    assert len(asking.requests(unsettled_messages=100, unsettled_bytes=0)) == 1
    assert asking.asked == 850


def test_unconfirmed_bytes_stop_the_asking() -> None:
    asking = window(1000, size=4_000_000)

    assert asking.requests(unsettled_messages=1, unsettled_bytes=3_000_001) == []
    assert len(asking.requests(unsettled_messages=1, unsettled_bytes=3_000_000)) == 3


def test_a_message_larger_than_the_whole_window_is_still_asked_for() -> None:
    asking = window(1000, size=1000, largest=1_000_000)

    bodies = asking.requests(unsettled_messages=0, unsettled_bytes=0)

    assert json.loads(bodies[0])["max_bytes"] > 1_000_000


def test_the_smallest_window_asks_for_one() -> None:
    asking = window(1)

    assert json.loads(asking.requests(unsettled_messages=0, unsettled_bytes=0)[0])["batch"] == 1
    assert asking.requests(unsettled_messages=0, unsettled_bytes=0) == []


@given(
    st.integers(1, 50_000),
    st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), max_size=40),
)
def test_asked_and_unsettled_messages_never_exceed_the_window(
    size: int, steps: list[tuple[int, int]]
) -> None:
    asking = window(size)
    unsettled = 0
    for delivered, settled in steps:
        asking.requests(unsettled_messages=unsettled, unsettled_bytes=0)
        assert 0 <= asking.asked + unsettled <= size
        taken = min(delivered, asking.asked)
        asking.asked -= taken
        unsettled = max(0, unsettled + taken - settled)


@pytest.mark.parametrize(
    ("line", "unfilled"),
    [
        ("408 Request Timeout", 30),
        ("409 Message Size Exceeds MaxBytes", 250),
        ("404 No Messages", 1),
    ],
)
def test_a_pull_that_ends_gives_back_what_it_did_not_deliver(line: str, unfilled: int) -> None:
    asking = window(1000)
    asking.requests(unsettled_messages=0, unsettled_bytes=0)

    header = status(line, Nats_Pending_Messages=unfilled, Nats_Pending_Bytes=10)

    assert asking.status(header) == ""
    assert asking.asked == 1000 - unfilled


def test_more_given_back_than_asked_leaves_nothing_asked() -> None:
    asking = window(8)

    assert asking.status(status("408 Request Timeout", Nats_Pending_Messages=99)) == ""
    assert asking.asked == 0


def test_a_heartbeat_changes_nothing() -> None:
    asking = window(8, largest=1)
    asking.asked = 5

    assert asking.status(status("100 Idle Heartbeat", Nats_Last_Consumer=3)) == ""
    assert asking.asked == 5


@pytest.mark.parametrize(
    "line",
    ["409 Consumer Deleted", "409 Leadership Change", "409 Server Shutdown", "503 No Responders"],
)
def test_the_end_of_the_consumer_is_told_in_the_servers_words(line: str) -> None:
    assert line in window().status(status(line))


def test_an_unreadable_status_is_a_reason_to_make_the_consumer_anew() -> None:
    assert window().status(b"garbage\r\n\r\n")
