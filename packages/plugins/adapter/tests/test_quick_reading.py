"""The quick reader says what core's codec says, and nothing about what the codec refuses."""

from collections.abc import Callable

import pytest

from choria_core.errors import RemoteProtocolError
from choria_core.protocol import v1
from choria_core.protocol.codec import decode_transport
from choria_core.protocol.messages import NANOSECONDS, Reply, Request, Version
from choria_plugin_adapter.quick_reading import Opened, open_reply, open_request
from choria_testing import vectors
from choria_testing.throwaway_network import ThrowawayNetwork
from choria_testing.transport_fuzz import TransportFuzz

COUNT = 4_000


def bodies(recording: str) -> list[bytes]:
    return [
        message["data"].encode()
        for message in vectors.messages(recording)
        if message["data"].startswith('{"protocol":"choria:transport:1"')
    ]


def by_codec(body: bytes, *, requests: bool) -> Opened | None:
    """What core's codec makes of it; None where it refuses."""
    try:
        document = decode_transport(body, only=Version.V1).document()
        message: Request | Reply
        if requests:
            message = v1.decode_request(v1.decode_secure_request(document).signed)
        else:
            message = v1.decode_reply(v1.decode_secure_reply(document).signed)
    except RemoteProtocolError:
        return None
    seconds = message.time_ns // NANOSECONDS
    return Opened(message.request_id, message.sender, seconds, message.payload.decode())


@pytest.mark.parametrize(("read", "requests"), [(open_request, True), (open_reply, False)])
def test_it_reads_what_was_recorded_as_the_codec_does(
    read: Callable[[bytes], Opened | None], *, requests: bool
) -> None:
    recorded = bodies("plain.jsonl") + bodies("tls.jsonl") + bodies("adapter.jsonl")
    told = [(read(body), by_codec(body, requests=requests)) for body in recorded]

    quickly = [quick for quick, _ in told if quick is not None]
    assert len(quickly) > 3
    assert all(quick == slow for quick, slow in told if quick is not None)
    assert all(quick is None for quick, slow in told if slow is None)


@pytest.mark.parametrize(("read", "requests"), [(open_request, True), (open_reply, False)])
def test_it_takes_nothing_broken_that_the_codec_would_not_take(
    read: Callable[[bytes], Opened | None], *, requests: bool
) -> None:
    fuzz = TransportFuzz(ThrowawayNetwork().onions(bodies("plain.jsonl")), seed=11)
    taken = 0

    for body in fuzz.bodies(COUNT):
        quick = read(body)
        if quick is not None:
            taken += 1
            assert quick == by_codec(body, requests=requests), body

    assert taken > COUNT / 50


def test_messages_with_a_filter_or_across_networks_are_left_to_the_codec() -> None:
    filtered = [body for body in bodies("plain.jsonl") if b'"reply-to"' in body]
    left = [body for body in filtered if by_codec(body, requests=True) and not open_request(body)]

    assert left
    assert open_request(bodies("adapter.jsonl")[0]) is not None
