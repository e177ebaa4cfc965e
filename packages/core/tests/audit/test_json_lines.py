"""The JSON format: the recorded lines are read and written as they are."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from choria_core.audit.entry import AuditEntry, masked
from choria_core.audit.json_lines import json_line, read_json_line
from choria_core.errors import RemoteProtocolError
from choria_testing import vectors

RECORDED = vectors.path("audit.jsonl").read_bytes().splitlines()
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("line", RECORDED)
def test_a_recorded_line_is_written_as_it_was_read(line: bytes) -> None:
    entry = read_json_line(line)

    assert json_line(entry) == line + b"\n"


@given(
    st.dictionaries(TEXTS, VALUES, max_size=3),
    TEXTS,
    st.integers(0, 2**62),
    st.sampled_from([None, 1]),
)
def test_what_strangers_wrote_is_one_line_and_comes_back(
    data: dict[str, Any], name: str, time_ns: int, indent: int | None
) -> None:
    text = json.dumps(data, indent=indent).replace("\n", "\r\n")
    written = AuditEntry(time_ns, name, 1, name, name, name, name, Raw(text.encode()))

    line = json_line(written)
    read = read_json_line(line)

    assert line.endswith(b"\n")
    assert len(line.splitlines()) == 1
    assert json.loads(bytes(read.data)) == data
    assert (read.caller, read.sender, read.agent, read.action) == (name,) * 4
    assert read.time_ns == time_ns // 1000 * 1000


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"timestamp": "2026-11-23T09:23:46"}, "no time with a zone"),
        ({"timestamp": "yesterday"}, "no time with a zone since 1970: 'yesterday'"),
        ({"timestamp": "0001-01-01T00:00:00+23:59"}, "no time with a zone since 1970"),
        ({"timestamp": "9999-12-31T23:59:59-23:59"}, "no time with a zone since 1970"),
        ({"timestamp": "1969-12-31T23:59:59+0000"}, "no time with a zone since 1970"),
        ({"caller": 1}, "caller"),
        ({"request_time": "x"}, "request_time"),
    ],
)
def test_other_lines_are_no_entries(changed: dict[str, object], problem: str) -> None:
    line = json.dumps(json.loads(RECORDED[0]) | changed).encode()

    with pytest.raises(RemoteProtocolError, match=problem):
        read_json_line(line)


def test_times_of_other_zones_are_understood() -> None:
    line = json.loads(RECORDED[0]) | {"timestamp": "2026-11-23T10:23:46.147589+0100"}

    read = read_json_line(json.dumps(line).encode())

    assert read.time_ns == read_json_line(RECORDED[0]).time_ns


@pytest.mark.parametrize(
    ("data", "left"),
    [
        (b'{"a": 1.0, "pass\\u0077ord": ["x"]}', b'{"a":1.0,"password":"***"}'),
        (b'{"password":1,"password":2}', b'{"password":"***"}'),
        (b'{"a":  1}', b'{"a":  1}'),
        (b'{"password":null}', b'{"password":"***"}'),
        (b'{"a":1e999,"password":"x"}', b'{"a":1e999,"password":"***"}'),
        (b'{"password', b'"***"'),
    ],
)
def test_what_is_masked_leaves_the_rest_as_it_was(data: bytes, left: bytes) -> None:
    assert bytes(masked(Raw(data), ("password", "pin"))) == left


@given(
    st.binary()
    | st.sampled_from(RECORDED).flatmap(
        lambda line: st.integers(0, len(line) - 1).map(lambda at: line[:at] + line[at + 1 :])
    )
)
def test_whatever_a_file_holds_is_an_entry_or_none(line: bytes) -> None:
    try:
        entry = read_json_line(line)
    except RemoteProtocolError:
        return
    assert read_json_line(json_line(entry)).data is not None
