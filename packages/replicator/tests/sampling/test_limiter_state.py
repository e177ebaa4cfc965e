"""The content of state files, ours and the originals'."""

import json
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_core.errors import RemoteProtocolError
from choria_replicator.sampling.limiter_state import LimiterState, decode, encode

MOMENTS = st.integers(0, 253_402_300_799_999)
STATES = st.builds(
    LimiterState,
    items=st.dictionaries(st.text(min_size=1), st.tuples(MOMENTS, st.integers(0, 2**40))),
    sequence=st.none() | st.integers(0, 2**63),
    copied_sequence=st.none() | st.integers(0, 2**63),
    stream=st.text(),
    stream_created=st.text(),
    inspect=st.text(),
)

RECORDED = b"""{"Items": {
  "n1": {"seen": "2026-11-23T09:27:05.314118144Z", "copied": "2026-11-23T09:27:05.314445909Z",
         "advised": true, "size": 83},
  "n2": {"seen": "2026-11-23T09:27:10.321143012Z", "copied": "2026-11-23T09:27:05.312184547Z",
         "advised": true, "size": 22},
  "n3": {"seen": "2026-11-23T09:27:10Z", "copied": "0001-01-01T00:00:00Z", "size": 1}}}"""


def milliseconds(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


@given(STATES)
def test_what_is_written_is_read_back(state: LimiterState) -> None:
    assert decode(encode(state)) == state


def test_the_modern_originals_file_is_read_without_those_never_copied() -> None:
    state = decode(RECORDED)

    assert state.items == {
        "n1": (milliseconds("2026-11-23T09:27:05.314+00:00"), 83),
        "n2": (milliseconds("2026-11-23T09:27:05.312+00:00"), 22),
    }
    assert (state.sequence, state.copied_sequence, state.stream_created) == (None, None, "")


def test_the_older_originals_file_is_read_without_its_nameless_entry() -> None:
    state = decode(
        b'{"a": "2018-03-22T09:27:05.3Z", "b": "2018-03-22T11:27:05.123456789+02:00",'
        b' "": "2018-03-22T09:27:05Z", "never": "0001-01-01T00:00:00Z",'
        b' "Items": "2018-03-22T09:27:05-01:30"}'
    )

    assert state.items == {
        "a": (milliseconds("2018-03-22T09:27:05.300+00:00"), 0),
        "b": (milliseconds("2018-03-22T09:27:05.123+00:00"), 0),
        "Items": (milliseconds("2018-03-22T10:57:05+00:00"), 0),
    }
    assert state.sequence is None


def test_an_empty_file_of_either_original_is_an_empty_state() -> None:
    assert decode(b"{}") == decode(b'{"Items": {}}') == LimiterState()


def test_the_modern_original_finds_its_own_shape_in_ours() -> None:
    written = json.loads(encode(LimiterState(items={"n1": (1795426025314, 83)}, sequence=9)))

    text = "2026-11-23T09:27:05.314Z"
    assert written["Items"] == {"n1": {"seen": text, "copied": text, "size": 83}}
    assert written["Choria"] == {"sequence": 9}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("", "truncated"),
        ('{"Items": {"n1": ', "truncated"),
        ("[]", "Expected `object`"),
        ('{"Items": []}', "Expected `object`"),
        ('{"Items": {"n1": {"copied": 5}}}', "Expected `str`"),
        ('{"Items": {"n1": {"copied": "yesterday"}}}', "not an RFC 3339 time: 'yesterday'"),
        ('{"Items": {"n1": {"copied": "2026-13-01T00:00:00Z"}}}', "not an RFC 3339 time"),
        ('{"Items": {}, "Choria": {"sequence": "9"}}', "Expected `int"),
        ('{"n1": 5}', "Expected `str`"),
        ('{"n1": "2026-11-23"}', "not an RFC 3339 time"),
    ],
)
def test_a_file_of_another_shape_says_what_is_wrong(data: str, words: str) -> None:
    with pytest.raises(RemoteProtocolError, match=words):
        decode(data.encode())


@given(st.binary())
def test_arbitrary_bytes_are_a_state_or_an_error_of_ours(data: bytes) -> None:
    try:
        decode(data)
    except RemoteProtocolError:
        return
