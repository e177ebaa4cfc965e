"""The header block codec."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_core.errors import LocalProtocolError, RemoteProtocolError
from choria_core.nats.headers import (
    ParsedHeaders,
    encode_header_lines,
    encode_headers,
    iter_header_lines,
    parse_headers,
)

NAMES = st.text(
    st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=":"), min_size=1
)
VALUES = st.text(st.characters(exclude_characters="\r\n", codec="utf-8"))


def test_a_block_is_read_into_a_mapping() -> None:
    parsed = parse_headers(b"NATS/1.0\r\nNats-Msg-Id: 7\r\nx:y\r\n\r\n")

    assert parsed == ParsedHeaders(0, "", {"Nats-Msg-Id": "7", "x": "y"})


@pytest.mark.parametrize(
    ("block", "status", "description", "headers"),
    [
        (b"NATS/1.0 503\r\n\r\n", 503, "", {}),
        (b"NATS/1.0 404 No Messages\r\n\r\n", 404, "No Messages", {}),
        (b"NATS/1.0 100 Idle Heartbeat\r\nA: 1\r\n\r\n", 100, "Idle Heartbeat", {"A": "1"}),
        (b"NATS/1.0\r\n\r\n", 0, "", {}),
        (b"NATS/1.0 \r\nStatus: 503\r\n\r\n", 0, "", {"Status": "503"}),
    ],
)
def test_inline_status(
    block: bytes, status: int, description: str, headers: dict[str, str]
) -> None:
    assert parse_headers(block) == ParsedHeaders(status, description, headers)


def test_of_a_repeated_name_the_last_value_counts() -> None:
    block = b"NATS/1.0\r\nA: 1\r\na: 2\r\nA: 3\r\n\r\n"

    assert parse_headers(block).headers == {"A": "3", "a": "2"}
    assert list(iter_header_lines(block)) == [(b"A", b"1"), (b"a", b"2"), (b"A", b"3")]


def test_blanks_around_a_value_are_dropped_and_colons_in_it_kept() -> None:
    assert dict(iter_header_lines(b"NATS/1.0\r\nA: \t b:c \r\n\r\n")) == {b"A": b"b:c"}


def test_bytes_outside_utf8_survive_only_on_the_raw_level() -> None:
    block = b"NATS/1.0\r\nA: \xff\r\n\r\n"

    assert parse_headers(block).headers == {"A": "\ufffd"}
    assert list(iter_header_lines(block)) == [(b"A", b"\xff")]


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"NATS/1.0",
        b"NATS/1.0\r\n",
        b"NATS/1.1\r\n\r\n",
        b"NATS/1.0 abc\r\n\r\n",
        b"NATS/1.0 5031\r\n\r\n",
        b"NATS/1.0\r\nno colon\r\n\r\n",
        b"NATS/1.0\r\n: no name\r\n\r\n",
        b"NATS/1.0\r\nA: 1\r\n",
    ],
)
def test_garbage_from_the_peer_is_told(block: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        parse_headers(block)


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a\r\nb", "é", "a\x7f"])
def test_a_name_that_would_break_the_block_is_refused(name: str) -> None:
    with pytest.raises(LocalProtocolError, match="header name"):
        encode_headers({name: "v"})


@pytest.mark.parametrize("value", ["a\rb", "a\nb", "x\r\nInjected: yes"])
def test_a_value_that_would_break_the_block_is_refused(value: str) -> None:
    with pytest.raises(LocalProtocolError, match="value of header A has a line break"):
        encode_headers({"A": value})


@given(headers=st.dictionaries(NAMES, VALUES))
def test_what_is_written_is_read_back(headers: dict[str, str]) -> None:
    parsed = parse_headers(encode_headers(headers))

    assert parsed == ParsedHeaders(
        0, "", {name: text.strip(" \t") for name, text in headers.items()}
    )


@pytest.mark.parametrize("headers", [{"A": "\udcff"}, {"\udcff": "v"}])
def test_text_that_utf8_cannot_hold_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(LocalProtocolError, match="is not Unicode"):
        encode_headers(headers)


@given(st.dictionaries(*[st.text(st.characters(categories=None))] * 2))
def test_any_headers_are_written_as_they_are_or_refused(headers: dict[str, str]) -> None:
    try:
        block = encode_headers(headers)
    except LocalProtocolError:
        return
    lines = [(name.encode(), text.strip(" \t").encode()) for name, text in headers.items()]
    assert list(iter_header_lines(block)) == lines


RAW_NAMES = NAMES.map(str.encode)
RAW_VALUES = st.binary().map(lambda raw: raw.translate(None, b"\r\n").strip(b" \t"))


@given(lines=st.lists(st.tuples(RAW_NAMES, RAW_VALUES)))
def test_raw_lines_keep_order_and_repeats(lines: list[tuple[bytes, bytes]]) -> None:
    assert list(iter_header_lines(encode_header_lines(lines))) == lines


@given(block=st.binary() | st.binary().map(lambda raw: b"NATS/1.0" + raw + b"\r\n\r\n"))
def test_any_bytes_are_parsed_or_refused(block: bytes) -> None:
    try:
        parsed = parse_headers(block)
    except RemoteProtocolError:
        return
    assert 0 <= parsed.status <= 999
