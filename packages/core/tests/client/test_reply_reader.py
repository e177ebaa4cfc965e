"""The quick way to read replies gives what the rules give, or nothing."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from choria_core.client.reply_reader import QuickReplies, ReplyReader, SignedReplies
from choria_core.errors import RemoteProtocolError
from choria_core.protocol.codec import codec_of, decode_transport
from choria_core.protocol.messages import Version
from choria_core.protocol.names import is_identity
from choria_testing import vectors
from choria_testing.throwaway_network import ThrowawayNetwork
from choria_testing.transport_fuzz import TransportFuzz

CHANGED = 4_000

RECORDINGS = {Version.V1: "plain.jsonl", Version.V2: "v2.jsonl"}


def replies(version: Version) -> list[bytes]:
    """Every recorded RPC reply."""
    bodies = (
        message["data"].encode()
        for message in vectors.messages(RECORDINGS[version])
        if ".reply." in message["subject"]
    )
    return [body for body in bodies if request_of(body)[1] != "discovery"]


def request_of(body: bytes) -> tuple[str, str]:
    """Request and agent that a recorded reply is of."""
    transport = decode_transport(body)
    codec = codec_of(transport.version)
    reply = codec.decode_reply(codec.decode_secure_reply(transport.document()).signed)
    return reply.request_id, reply.agent


def outcome(read: Callable[[bytes], Any], body: bytes) -> Any:
    """What ``read`` gives; None where it refuses."""
    try:
        return read(body)
    except RemoteProtocolError:
        return None


def readers(version: Version, request_id: str) -> tuple[ReplyReader, ReplyReader]:
    """The quick one, and the one by all rules."""
    return (
        QuickReplies(version, request_id),
        SignedReplies(version, request_id, trust=None, now=lambda: 0.0),
    )


def without_way(body: bytes) -> bytes:
    """The message with an outside that nobody can object to."""
    transport = json.loads(body.decode("utf-8", "replace"))
    outside = {"mc_sender": "some.example", "sender": "some.example"}
    return json.dumps({**transport, "headers": outside}).encode()


@pytest.mark.parametrize("version", Version)
def test_recorded_replies_read_the_same_both_ways(version: Version) -> None:
    bodies = replies(version)
    assert len(bodies) > 5
    for body in bodies:
        quick, thorough = readers(version, request_of(body)[0])
        found = quick.reply(body)
        assert found == thorough.reply(body)
        assert found.statusmsg
        assert quick.sender(body) == thorough.sender(body) == found.sender
        assert quick.senders([body, body]) == [found.sender, found.sender]


@pytest.mark.parametrize("version", Version)
def test_changed_replies_are_not_read_by_fewer_rules(version: Version) -> None:
    """But for the way that they came, at which only the thorough reader looks."""
    network = ThrowawayNetwork()
    answered = 0
    for number, body in enumerate(replies(version)[:8]):
        quick, thorough = readers(version, request_of(body)[0])
        fuzz = TransportFuzz([network.onion_of(body)], seed=number)
        for changed in fuzz.bodies(CHANGED // 8):
            found = outcome(quick.reply, changed)
            if found is None:
                assert outcome(thorough.reply, changed) is None, changed
            else:
                answered += 1
                assert outcome(thorough.reply, without_way(changed)) == found, changed
    assert answered > CHANGED / 50


@pytest.mark.parametrize("version", Version)
def test_names_outside_are_names_by_the_same_rules(version: Version) -> None:
    network = ThrowawayNetwork()
    fuzz = TransportFuzz(network.onions(replies(version)[:8]), seed=1)
    quick = QuickReplies(version, "")
    for changed in fuzz.bodies(CHANGED):
        by_rules = outcome(quick.sender, changed)
        quickly = outcome(lambda body: quick.senders([body]), changed)
        if by_rules is not None:
            assert quickly == [by_rules]
        elif quickly is not None:
            assert is_identity(quickly[0])


@pytest.mark.parametrize("version", Version)
def test_one_bad_reply_among_many_is_refused(version: Version) -> None:
    good = replies(version)[0]
    quick = QuickReplies(version, "")
    for bad in (b"{}", b"\xff", replies(Version.V2 if version is Version.V1 else Version.V1)[0]):
        with pytest.raises(RemoteProtocolError):
            quick.senders([good, bad, good])


def test_a_reply_to_another_request_is_none() -> None:
    body = replies(Version.V1)[0]
    for reader in readers(Version.V1, "0" * 32):
        with pytest.raises(RemoteProtocolError, match="to another request"):
            reader.reply(body)


def test_an_odd_reply_among_others_is_read_as_alone() -> None:
    body = replies(Version.V1)[0]
    request_id = request_of(body)[0]
    quick = QuickReplies(Version.V1, request_id)
    thorough = SignedReplies(Version.V1, request_id, trust=None, now=lambda: 0.0)
    onion = ThrowawayNetwork().onion_of(body)
    odd = onion.closed(3, b'{"statuscode":0,"statusmsg":"OK","data":"{}"}')
    wrong = onion.closed(3, b'{"statuscode":"x"}')

    assert quick._quickly([odd]) is None
    mixed = [body, odd, body]
    assert quick.replies(mixed) == [thorough.reply(one) for one in mixed]
    with pytest.raises(RemoteProtocolError):
        quick.replies([body, wrong])
    with pytest.raises(RemoteProtocolError):
        quick.replies([body, json.dumps({**json.loads(body), "data": "e30="}).encode()])
