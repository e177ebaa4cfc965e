"""Recorded requests before the gate of a node, with the clock set to their time."""

import base64
import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from choria_core.errors import Refusal, RefusedError, RemoteProtocolError
from choria_core.filters.node_view import NodeView
from choria_core.node import gate as gates
from choria_core.node.gate import Gate, Verdict
from choria_core.node.opening import OpenedRequest, RequestOpener
from choria_core.protocol.messages import NANOSECONDS, Filter, Version
from choria_core.security.caller_rules import CallerRules
from choria_core.security.replay import ReplayTable
from choria_core.security.x509_chain import Authorities
from choria_core.security.x509_trust import X509Trust
from choria_testing import vectors

NODE = NodeView("node1.example", agents=("discovery", "rpcutil", "choria_util"))
PLAIN = RequestOpener(Version.V1, None)


def requests(name: str) -> Iterator[tuple[bytes, int]]:
    """Each recorded request, and the time at which it was made."""
    for record in vectors.load(name):
        for message in record["messages"]:
            if ".broadcast.agent." in message["subject"] or ".node." in message["subject"]:
                body = message["data"].encode()
                if b"reply" in body:
                    yield body, int(record["time"]) * NANOSECONDS


def opened(name: str = "plain.jsonl") -> tuple[OpenedRequest, int]:
    """The first recorded request of all nodes with an agent, and a moment at which it is fresh."""
    for body, time_ns in requests(name):
        one = PLAIN.open(body, now_ns=time_ns)
        if one.request.filter == Filter(agent=("rpcutil",)):
            return one, one.request.time_ns
    raise AssertionError("no such request is recorded")


def gate(now_ns: int, *collectives: str) -> Gate:
    return Gate(collectives=collectives or ("mcollective",), started_ns=now_ns)


def trust() -> X509Trust:
    return X509Trust(Authorities(vectors.path("ca.pem").read_bytes()), CallerRules())


@pytest.mark.parametrize("name", ["plain.jsonl", "tls.jsonl"])
def test_every_recorded_request_can_be_opened(name: str) -> None:
    bodies = [PLAIN.open(body, now_ns=time_ns) for body, time_ns in requests(name)]

    assert len(bodies) > 20
    assert all(one.request.request_id and one.transport.headers.reply_to for one in bodies)
    assert {one.sender for one in bodies} == {None}


def test_signed_requests_are_of_those_who_signed_them() -> None:
    opener = RequestOpener(Version.V1, trust())
    names = set()
    for body, now_ns in requests("tls.jsonl"):
        caller = PLAIN.open(body, now_ns=now_ns).request.caller
        if caller.startswith("choria=node"):  # a node that registers is no caller
            with pytest.raises(RefusedError, match="not an allowed caller"):
                opener.open(body, now_ns=now_ns)
            continue
        sender = opener.open(body, now_ns=now_ns).sender
        assert sender is not None
        assert sender.name == caller
        names.add(caller)

    assert {"choria=alice.mcollective", "choria=bob.mcollective"} <= names


def test_an_unsigned_request_is_refused_where_signatures_are_wanted() -> None:
    body, now_ns = next(requests("plain.jsonl"))
    with pytest.raises(RefusedError) as caught:
        RequestOpener(Version.V1, trust()).open(body, now_ns=now_ns)

    assert caught.value.reason is Refusal.UNSIGNED


def test_no_one_can_ask_for_another_version() -> None:
    body, now_ns = next(requests("plain.jsonl"))
    with pytest.raises(RemoteProtocolError, match="version 1 where 2 is spoken"):
        RequestOpener(Version.V2, None).open(body, now_ns=now_ns)


def test_a_request_that_cannot_be_answered_is_refused() -> None:
    body, now_ns = next(requests("plain.jsonl"))
    transport: dict[str, Any] = json.loads(body)
    assert base64.b64decode(transport["data"])
    del transport["headers"]["reply-to"]

    with pytest.raises(RefusedError, match="where replies go"):
        PLAIN.open(json.dumps(transport).encode(), now_ns=now_ns)


def test_a_request_is_taken_once() -> None:
    request, now_ns = opened()
    before = gate(now_ns)

    assert before.admit(request, NODE, now_ns=now_ns) is Verdict.TAKEN
    assert before.admit(request, NODE, now_ns=now_ns) is Verdict.REPEATED
    counts = before.counts
    assert (counts.total, counts.passed, counts.valid, counts.repeated) == (2, 2, 1, 1)


def test_a_request_for_which_there_is_no_room_may_come_again() -> None:
    request, now_ns = opened()
    before = gate(now_ns)

    assert before.admit(request, NODE, now_ns=now_ns, has_room=False) is Verdict.OVERLOADED
    assert before.admit(request, NODE, now_ns=now_ns) is Verdict.TAKEN
    assert (before.counts.overloaded, before.counts.valid) == (1, 1)


def test_a_request_that_cannot_be_remembered_is_not_said_to_be_repeated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gates, "ReplayTable", partial(ReplayTable, max_entries=0))
    request, now_ns = opened()
    before = gate(now_ns)

    assert before.admit(request, NODE, now_ns=now_ns) is Verdict.OVERLOADED
    assert (before.counts.overloaded, before.counts.repeated) == (1, 0)


def test_a_request_outside_its_time_is_not_taken() -> None:
    request, now_ns = opened()
    before = gate(now_ns)
    ttl_ns = request.request.ttl_seconds * NANOSECONDS

    assert before.admit(request, NODE, now_ns=now_ns + ttl_ns) is Verdict.EXPIRED
    assert before.admit(request, NODE, now_ns=now_ns - ttl_ns) is Verdict.EXPIRED
    assert gate(now_ns + NANOSECONDS).admit(request, NODE, now_ns=now_ns) is Verdict.EXPIRED
    assert before.counts.ttl_expired == 2
    assert before.admit(request, NODE, now_ns=now_ns) is Verdict.TAKEN


def test_a_request_for_another_collective_is_not_seen() -> None:
    request, now_ns = opened()
    before = gate(now_ns, "elsewhere")

    assert before.admit(request, NODE, now_ns=now_ns) is Verdict.UNVALIDATED
    assert (before.counts.invalid, before.counts.valid) == (1, 0)


def test_what_is_meant_for_others_is_filtered_and_not_remembered() -> None:
    request, now_ns = opened()
    before = gate(now_ns)
    stranger = NodeView("node1.example", agents=())

    assert before.admit(request, stranger, now_ns=now_ns) is Verdict.FILTERED
    assert before.admit(request, NODE, now_ns=now_ns) is Verdict.TAKEN
    assert (before.counts.filtered, before.counts.passed) == (1, 1)


def test_what_cannot_be_opened_is_counted() -> None:
    before = gate(0)
    before.refuse()

    assert (before.counts.total, before.counts.invalid) == (1, 1)
