"""Times survive the way to text and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_core.errors import RemoteProtocolError
from choria_core.timestamps import format_rfc3339_ms, parse_rfc3339_ms


@given(st.integers(0, 253_402_300_799_999))
def test_every_millisecond_survives_the_round_trip(milliseconds: int) -> None:
    assert parse_rfc3339_ms(format_rfc3339_ms(milliseconds)) == milliseconds


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-11-23T09:27:05.310601317Z", 1795426025310),
        ("2026-11-23T10:27:05.31+01:00", 1795426025310),
        ("0001-01-01T00:00:00Z", -62135596800000),
    ],
)
def test_times_of_the_servers_are_read(text: str, milliseconds: int) -> None:
    assert parse_rfc3339_ms(text) == milliseconds


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01T00:00:00Z", "2026-11-23T09:27:05"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(RemoteProtocolError):
        parse_rfc3339_ms(text)
