"""Durations: both grammars, their errors, and the way back to text."""

import contextlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from choria_core.durations import (
    format_duration,
    parse_choria_duration,
    parse_choria_duration_ns,
    parse_go_duration,
    parse_go_duration_ns,
)
from choria_core.errors import ConfigError

HOUR = 3600
DAY = 24 * HOUR


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("-0", 0),
        ("+0", 0),
        ("5s", 5),
        ("30s", 30),
        ("1478s", 1478),
        ("-5s", -5),
        ("+5s", 5),
        ("5.0s", 5),
        ("5.6s", 5.6),
        ("5.s", 5),
        (".5s", 0.5),
        ("1.004s", 1.004),
        ("100.00100s", 100.001),
        ("10ns", 1e-8),
        ("11us", 1.1e-5),
        ("12\u00b5s", 1.2e-5),
        ("12\u03bcs", 1.2e-5),
        ("13ms", 0.013),
        ("15m", 900),
        ("16h", 16 * HOUR),
        ("3h30m", 3.5 * HOUR),
        ("10.5s4m", 250.5),
        ("-2m3.4s", -123.4),
        ("1h2m3s4ms5us6ns", 3723.004005006),
        ("0.3333333333333333333h", 1200 - 1e-9),
    ],
)
def test_go_durations_are_read_as_go_reads_them(text: str, seconds: float) -> None:
    assert parse_go_duration(text) == pytest.approx(seconds, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "write a number and a unit"),
        ("-", "write a number and a unit"),
        ("3", "has no unit after 3: write for example 3s"),
        ("1h30", "has no unit after 30"),
        ("s", "a number must stand before every unit"),
        (".s", "a number must stand before every unit"),
        (".", "a number must stand before every unit"),
        ("1.5.2h", "has no unit after 1.5"),
        ("3000000h", "the longest duration"),
        ("9223372036854775.808ms1ns", "the longest duration"),
        ("1d", 'unknown unit "d"'),
        ("1M", 'unknown unit "M"'),
        (" 1h", "a number must stand before every unit"),
        ("1h 30m", 'unknown unit "h "'),
        ("--1h", "a number must stand before every unit"),
        ("1" * 5000 + "s", "write it shorter"),
        ("\u0661s", "a number must stand"),
    ],
)
def test_what_is_no_go_duration_is_refused_with_the_reason(text: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_go_duration(text)

    assert words in str(caught.value)


def test_the_longest_and_the_shortest_duration_are_those_of_64_bits() -> None:
    assert parse_go_duration_ns("9223372036854775807ns") == 2**63 - 1
    assert parse_go_duration_ns("-9223372036854775808ns") == -(2**63)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("", 0),
        ("  ", 0),
        ("0", 0),
        ("1w", 7 * DAY),
        ("2W", 14 * DAY),
        ("1d", DAY),
        ("1.5D", 1.5 * DAY),
        (".5d", 0.5 * DAY),
        ("1M", 30 * DAY),
        ("1m", 60),
        ("1y", 365 * DAY),
        ("0.5Y", 182.5 * DAY),
        ("-1d", -DAY),
        ("500ms", 0.5),
        ("1h30m", 5400),
        ("10S", 10),
        ("2H", 2 * HOUR),
        (" 10s ", 10),
    ],
)
def test_choria_durations_add_long_units_to_those_of_go(text: str, seconds: float) -> None:
    assert parse_choria_duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("10", "has no unit after 10"),
        ("1d12h", 'unknown unit "d"'),
        ("1h1d", "takes one plain number, like 1.5d"),
        ("d", "takes one plain number"),
        ("infd", "takes one plain number"),
        ("1e3d", "takes one plain number"),
        ("1q", 'unknown unit "q"'),
        ("300y", "the longest duration"),
    ],
)
def test_what_is_no_choria_duration_is_refused_with_the_reason(text: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_choria_duration(text)

    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (1e-9, "1ns"),
        (1.5e-6, "1.5us"),
        (0.25, "250ms"),
        (1, "1s"),
        (1.5, "1.5s"),
        (60, "1m"),
        (90, "1m30s"),
        (5400, "1h30m"),
        (DAY, "1d"),
        (26 * HOUR + 60, "26h1m"),
        (30 * DAY, "30d"),
        (-90, "-1m30s"),
        (3601.001, "1h1.001s"),
    ],
)
def test_durations_are_shown_short(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@given(st.integers(min_value=-(10**15), max_value=10**15))
def test_a_shown_duration_is_read_back_as_it_was(nanoseconds: int) -> None:
    seconds = nanoseconds / 1e9

    assert parse_choria_duration(format_duration(seconds)) == seconds


@given(
    st.lists(
        st.tuples(st.integers(0, 1000), st.sampled_from(["ns", "us", "ms", "s", "m", "h"])),
        min_size=1,
    ).filter(lambda terms: len(terms) < 12)
)
def test_the_terms_of_a_duration_add_up(terms: list[tuple[int, str]]) -> None:
    text = "".join(f"{count}{unit}" for count, unit in terms)

    assert parse_go_duration_ns(text) == sum(parse_go_duration_ns(f"{n}{u}") for n, u in terms)
    assert parse_choria_duration_ns(text) == parse_go_duration_ns(text)


@given(st.text() | st.text(alphabet="0123456789.+-nuµmshdwMyY "))
@example("\x00")
@example("\u0130")
def test_any_text_is_a_duration_or_a_clear_error(text: str) -> None:
    for parse in (parse_go_duration, parse_choria_duration):
        with contextlib.suppress(ConfigError):
            assert isinstance(parse(text), float)
