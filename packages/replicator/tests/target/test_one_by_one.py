"""Writing one message at a time, against what a server would answer."""

import json
import re

import pytest

from choria_replicator.target.one_by_one import OneByOne
from choria_replicator.target.writer import Cause

LINES = b"Choria-SR-Source: S 1 x y 2\r\nColour: blue\r\n"
FRAME = re.compile(rb"HPUB a\.b (\S+) (\d+) (\d+)\r\n(NATS/1\.0\r\n.*?\r\n\r\n)(.*)\r\n", re.DOTALL)


def writer(*, last_sequence: int = 7) -> OneByOne:
    return OneByOne(inbox="_INBOX.x", incarnation="i", last_sequence=last_sequence)


def add(made: OneByOne, *bodies: bytes) -> None:
    made.add([(b"a.b", LINES, body) for body in bodies])


def answer(made: OneByOne, frame: bytes, **fields: object) -> None:
    found = FRAME.fullmatch(frame)
    assert found is not None
    made.receive(found[1], b"", json.dumps({"stream": "T", **fields}).encode())


def test_a_message_says_which_sequence_it_expects() -> None:
    made = writer()
    size = made.header_bytes(LINES)
    add(made, b"one")

    found = FRAME.fullmatch(made.take(idle=True))

    assert found is not None
    assert found[4].splitlines() == [
        b"NATS/1.0",
        b"Nats-Expected-Last-Sequence: 7",
        b"Choria-SR-Source: S 1 x y 2",
        b"Colour: blue",
        b"",
    ]
    assert found[5] == b"one"
    assert int(found[2]) == len(found[4]) == size
    assert int(found[3]) == int(found[2]) + 3


def test_the_next_message_waits_for_the_confirmation_of_the_one_before() -> None:
    made = writer()
    add(made, b"one", b"two")
    first = made.take(idle=False)
    assert made.take(idle=False) == made.settle() == b""
    assert (made.held, made.unconfirmed, made.confirmed) == (1, 1, 0)

    answer(made, first, seq=8)

    assert (made.held, made.unconfirmed, made.confirmed) == (1, 0, 1)
    assert b"Nats-Expected-Last-Sequence: 8\r\n" in made.take(idle=False)


def test_nothing_is_sent_behind_a_refusal() -> None:
    made = writer()
    add(made, b"one", b"two")
    error = {"code": 400, "err_code": 10071, "description": "wrong last sequence: 8"}

    answer(made, made.take(idle=False), error=error)

    assert made.failure is not None
    assert (made.failure.cause, made.failure.err_code) == (Cause.CONFLICT, 10071)
    assert made.take(idle=True) == b""


@pytest.mark.parametrize("sequence", [7, 9])
def test_another_sequence_than_expected_is_a_conflict(sequence: int) -> None:
    made = writer()
    add(made, b"one")

    answer(made, made.take(idle=False), seq=sequence)

    assert made.failure is not None
    assert made.failure.cause is Cause.CONFLICT
    assert made.confirmed == 0


def test_an_answer_that_comes_twice_counts_once() -> None:
    made = writer()
    add(made, b"one", b"two")
    first = made.take(idle=False)
    answer(made, first, seq=8)
    made.take(idle=False)

    answer(made, first, seq=8)

    assert (made.confirmed, made.failure) == (1, None)
