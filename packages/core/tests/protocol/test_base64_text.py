"""Base64 by the rules of Go."""

import base64
import binascii

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from choria_core.errors import RemoteProtocolError
from choria_core.protocol.base64_text import decode_base64, encode_base64, request_payload
from choria_core.protocol.discovery_body import PING, is_ping

BASE64ISH = st.text("AZaz09+/=\n\r -_é", max_size=24)


@given(st.binary(max_size=300))
def test_what_is_written_is_read(data: bytes) -> None:
    text = encode_base64(data)

    assert decode_base64(text) == data
    assert text == base64.b64encode(data).decode()


@given(st.binary(max_size=300))
def test_ruby_breaks_its_lines(data: bytes) -> None:
    assert decode_base64(base64.encodebytes(data).decode()) == data
    assert decode_base64(base64.encodebytes(data).decode().replace("\n", "\r\n")) == data


@given(BASE64ISH)
@example("0000=")
def test_it_agrees_with_the_standard_library_on_what_is_base64(text: str) -> None:
    """But for padding that nothing needs, which Go refuses as we do."""
    unbroken = text.replace("\n", "").replace("\r", "")
    try:
        expected = None if len(unbroken) % 4 else base64.b64decode(unbroken, validate=True)
    except (binascii.Error, ValueError):
        expected = None
    if expected is None:
        with pytest.raises(RemoteProtocolError):
            decode_base64(text)
    else:
        assert decode_base64(text) == expected


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        (PING, b"ping"),
        (b"ping", b"\xa6)\xe0"),
        (b'"ping"', b'"ping"'),
        (b"pong!", b"pong!"),
        (b'{"agent":"rpcutil"}', b'{"agent":"rpcutil"}'),
        (b"cGlu\nZw==\n", b"ping"),
        (b"cGluZw", b"cGluZw"),
        (b"\xff\xfe", b"\xff\xfe"),
    ],
)
def test_payloads_that_are_base64_are_taken_for_it(sent: bytes, meant: bytes) -> None:
    assert request_payload(sent) == meant


def test_a_ping_is_a_ping_from_go_and_ruby() -> None:
    assert is_ping(request_payload(PING))
    assert is_ping(request_payload(b'"ping"'))
    assert not is_ping(request_payload(b"ping"))
