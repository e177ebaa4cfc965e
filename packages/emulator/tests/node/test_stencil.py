"""Stencils write what the codec of core would."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from choria_core.errors import LocalProtocolError
from choria_core.node.opening import OpenedRequest, RequestOpener
from choria_core.protocol.messages import NANOSECONDS, Federation, Version
from choria_core.server.replies import ReplySealer
from choria_emulator.node.stencil import ReplyStencil
from choria_testing.callers import Caller

NOW_NS = 1_795_425_826 * NANOSECONDS
BROKER = "nats://127.0.0.1:4222"
REPLY_TO = "mcollective.reply.abc.1"
MARK = "zq-mark-qz"

names = st.from_regex(r"[a-z0-9]{1,20}([.-][a-z0-9]{1,10}){0,3}", fullmatch=True)


def opened(federation: Federation | None = None) -> OpenedRequest:
    caller = Caller(Version.V1, "choria=alice.mcollective")
    body = caller.request(reply_to=REPLY_TO, now_ns=NOW_NS)
    request = RequestOpener(Version.V1, None).open(body, now_ns=NOW_NS)
    headers = structs.replace(request.transport.headers, federation=federation)
    transport = structs.replace(request.transport, headers=headers)
    return OpenedRequest(
        transport, request.request, request.payload, None, request.key, request.wanted
    )


def body_of(frame: bytes) -> bytes:
    line, _, rest = frame.partition(b"\r\n")
    verb, subject, size = line.split(b" ")
    assert (verb, subject) == (b"PUB", REPLY_TO.encode())
    assert rest[int(size) :] == b"\r\n"
    return rest[: int(size)]


@given(name=names, payload=st.text().map(str.encode))
def test_a_reply_is_byte_for_byte_that_of_the_codec(name: str, payload: bytes) -> None:
    request = opened()
    stencil = ReplyStencil(request, payload, broker=BROKER, now_ns=NOW_NS, mark=MARK)
    expected = ReplySealer(name).seal(request, payload, broker=BROKER, now_ns=NOW_NS)
    assert body_of(stencil.frame(name.encode())) == expected
    assert stencil.size(name.encode()) == len(expected)


def test_the_way_back_between_networks_is_kept() -> None:
    federation = Federation(request_id="a" * 32, reply_to="mcollective.reply.far.1")
    request = opened(federation)
    stencil = ReplyStencil(request, b"pong", broker=BROKER, now_ns=NOW_NS, mark=MARK)
    expected = ReplySealer("n1").seal(request, b"pong", broker=BROKER, now_ns=NOW_NS)
    assert body_of(stencil.frame(b"n1")) == expected
    assert b"mcollective.reply.far.1" in expected


def test_a_payload_that_holds_the_mark_is_refused() -> None:
    with pytest.raises(LocalProtocolError):
        ReplyStencil(opened(), MARK.encode(), broker=BROKER, now_ns=NOW_NS, mark=MARK)


def test_a_payload_that_is_no_text_is_refused() -> None:
    with pytest.raises(LocalProtocolError):
        ReplyStencil(opened(), b"\xff", broker=BROKER, now_ns=NOW_NS, mark=MARK)
