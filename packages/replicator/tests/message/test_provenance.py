"""The header of every copy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_core.errors import LocalProtocolError, RemoteProtocolError
from choria_replicator.message.provenance import Provenance, line_template

NAMES = st.from_regex(r"[A-Za-z0-9_.-]{1,20}", fullmatch=True)
NUMBERS = st.integers(min_value=-1, max_value=2**63)


def test_the_recorded_header_of_the_original_is_read_and_written() -> None:
    text = "REG 5 central REG 1795426025313"

    origin = Provenance.parse(text)

    assert origin == Provenance("REG", 5, "central", "REG", 1795426025313)
    assert origin.format() == text


@given(NAMES, NUMBERS, NAMES, NAMES, NUMBERS)
def test_what_is_written_is_read_back(
    stream: str, sequence: int, site: str, worker: str, timestamp_ms: int
) -> None:
    origin = Provenance(stream, sequence, site, worker, timestamp_ms)

    assert Provenance.parse(origin.format()) == origin


@given(NAMES, NAMES, NAMES)
def test_the_template_of_the_hot_path_makes_the_same_line(
    stream: str, site: str, worker: str
) -> None:
    line = line_template(stream=stream, site=site, worker=worker) % (b"7", b"1234")

    expected = Provenance(stream, 7, site, worker, 1234).format()
    assert line == f"Choria-SR-Source: {expected}\r\n".encode()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "parts"),
        ("REG 5 central REG", "4 parts"),
        ("REG 5 my site REG 12", "6 parts"),
        ("REG  5 central REG", "parts"),
        ("REG five central REG 12", "sequence"),
        ("REG 5 central REG 1_000", "time"),
        ("REG -2 central REG 12", "sequence"),
        ("REG ٣ central REG 12", "sequence"),
    ],
)
def test_a_header_of_another_shape_says_what_is_wrong(text: str, words: str) -> None:
    with pytest.raises(RemoteProtocolError, match=words):
        Provenance.parse(text)


@given(st.text())
def test_arbitrary_text_is_read_or_refused(text: str) -> None:
    try:
        origin = Provenance.parse(text)
    except RemoteProtocolError:
        return
    assert origin.sequence >= -1


@pytest.mark.parametrize("name", ["", "a b", "a\r\nX: y", "a\tb"])
def test_a_name_that_would_break_the_header_is_refused(name: str) -> None:
    with pytest.raises(LocalProtocolError, match="without spaces"):
        Provenance("REG", 1, name, "w", 1).format()
    with pytest.raises(LocalProtocolError, match="without spaces"):
        line_template(stream="REG", site="s", worker=name)
