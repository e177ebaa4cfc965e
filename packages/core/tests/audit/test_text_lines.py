"""The text format: one line whatever strangers write, and read back as it was."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from choria_core.audit.entry import AuditEntry
from choria_core.audit.ruby_text import inspected, read_inspected
from choria_core.audit.text_lines import read_text_line, text_line
from choria_core.errors import RemoteProtocolError

SECOND_NS = 1_000_000_000
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
DATA = st.dictionaries(TEXTS, VALUES, max_size=3)


def entry(**changed: Any) -> AuditEntry:
    fields: dict[str, Any] = {
        "time_ns": 1_795_425_826 * SECOND_NS,
        "request_id": "9289cd016d6d4e9787bc09d428a0fd18",
        "request_time": 1_795_425_825,
        "caller": "choria=alice.mcollective",
        "sender": "client.example",
        "agent": "rpcutil",
        "action": "get_fact",
        "data": Raw(b'{"fact":"os.family"}'),
    }
    return AuditEntry(**(fields | changed))


def test_the_fields_stand_in_the_order_of_the_original() -> None:
    assert text_line(entry()).decode() == (
        "[2026-11-23 09:23:46 UTC] reqid=9289cd016d6d4e9787bc09d428a0fd18: "
        "reqtime=1795425825 caller=choria=alice.mcollective@client.example "
        'agent=rpcutil action=get_fact data={:fact=>"os.family"}\n'
    )


@given(
    DATA, TEXTS, TEXTS, TEXTS, TEXTS, TEXTS, st.integers(0, 2**33), st.integers(0, 9_000_000_000)
)
def test_what_strangers_wrote_is_one_printable_line_and_comes_back(
    data: dict[str, Any],
    request_id: str,
    caller: str,
    sender: str,
    agent: str,
    action: str,
    time: int,
    request_time: int,
) -> None:
    written = entry(
        time_ns=time * SECOND_NS,
        request_id=request_id,
        request_time=request_time,
        caller=caller,
        sender=sender,
        agent=agent,
        action=action,
        data=Raw(json.dumps(data).encode()),
    )

    line = text_line(written)
    read = read_text_line(line)

    assert line.endswith(b"\n")
    assert line[:-1].decode().isprintable()
    for name in ("time_ns", "request_id", "request_time", "caller", "sender", "agent", "action"):
        assert getattr(read, name) == getattr(written, name)
    assert json.loads(bytes(read.data)) == data


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": 1, "b c": [None, True]}, '{:a=>1, :"b c"=>[nil, true]}'),
        ({"a": {"b": 1.5, "c": 1e20}}, '{:a=>{"b"=>1.5, "c"=>1.0e+20}}'),
        ({"a": 'say "hi" #{x} #y \\'}, '{:a=>"say \\"hi\\" \\#{x} #y \\\\"}'),
        ({"a": "\x1b[2J\u202e\U000e0001\x9b"}, '{:a=>"\\e[2J\\u202E\\u{E0001}\\u009B"}'),
        ({}, "{}"),
    ],
)
def test_values_look_as_ruby_shows_them(value: Any, text: str) -> None:
    assert inspected(value, symbols=True) == text
    assert read_inspected(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{msg: "hello", "a b": 1, process_results: true}', None),
        ("{:process_results=>true, :a=>:b}", {"process_results": True, "a": "b"}),
        ("{ 1 => 2 }", {"1": 2}),
        (r'"\x41\u{1F600}\u00e9\s\q"', "A\U0001f600\u00e9 q"),
        ("[-1, 1.5e-07, []]", [-1, 1.5e-07, []]),
    ],
)
def test_what_rubies_of_all_ages_write_is_read(text: str, value: Any) -> None:
    expected = {"msg": "hello", "a b": 1, "process_results": True} if value is None else value

    assert read_inspected(text) == expected


@pytest.mark.parametrize(
    "text", ["", "{", "{:a=>}", "[1 2]", "#<Object>", '"a', "{} {}", "nope", "[" * 200 + "]" * 200]
)
def test_other_texts_are_no_values(text: str) -> None:
    with pytest.raises(RemoteProtocolError, match="no Ruby value"):
        read_inspected(text)


def test_data_of_an_unknown_form_is_a_text() -> None:
    line = text_line(entry(data=Raw(b"{}"))).replace(b"data={}", b"data=#<Hash:0x1>")

    assert json.loads(bytes(read_text_line(line).data)) == "#<Hash:0x1>"


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":' + b"[" * 900 + b"]" * 900 + b"}",
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":1e999}',
        b'{"a":"\\ud800"}',
    ],
)
def test_no_request_evades_the_log(data: bytes) -> None:
    line = text_line(entry(data=Raw(data)))

    assert line.count(b"\n") == 1
    assert json.loads(bytes(read_text_line(line).data)) == data.decode()


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[2026-11-23 09:23:46 UTC] reqid=",
        b"[1969-12-31 23:59:59 UTC] reqid=a: reqtime=1 caller=a@b agent=c action=d data={}",
        b"[2026-13-23 09:23:46 UTC] reqid=a: reqtime=1 caller=a@b agent=c action=d data={}",
        b"\xff",
    ],
)
def test_other_lines_are_no_entries(line: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        read_text_line(line)


PARTS = [
    "{",
    "}",
    "[",
    "]",
    "=>",
    ":",
    ",",
    '"',
    "\\",
    "a",
    "a:",
    ":a",
    "nil",
    "-1",
    ".5",
    "e9",
    "#{",
]


@given(st.lists(st.sampled_from(PARTS), max_size=30).map("".join) | st.text())
def test_whatever_stands_for_data_is_read_or_refused(text: str) -> None:
    try:
        value = read_inspected(text)
    except RemoteProtocolError:
        return
    assert read_inspected(inspected(value)) == value


@given(st.binary() | st.text().map(str.encode))
def test_whatever_a_file_holds_is_an_entry_or_none(tail: bytes) -> None:
    line = text_line(entry()).partition(b"data=")
    try:
        read = read_text_line(line[0] + line[1] + tail)
    except RemoteProtocolError:
        return
    assert isinstance(json.loads(bytes(read.data)), dict | str)
