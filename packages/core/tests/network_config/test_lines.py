"""The grammar of lines."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_core.network_config.lines import Line, read_lines, split_setting

# Go's patterns take these for blanks, and a dot takes all but the line feed.
ORIGINAL = re.compile(r"(.+?)[\t\n\f\r ]*=[\t\n\f\r ]*(.+)")

KEYS = st.text("abcdefghijklmnopqrstuvwxyz_.", min_size=1).filter(lambda key: not key.isspace())
VALUES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(
    lambda value: value == value.strip() and value != ""
)
BLANKS = st.text(" \t", max_size=3)


@given(st.text(st.sampled_from("=# \t\u00a0ab."), max_size=12))
def test_a_line_is_split_where_the_originals_pattern_splits_it(text: str) -> None:
    found = ORIGINAL.match(text.strip())

    assert split_setting(text) == (found.groups() if found else None)


@given(KEYS, VALUES, BLANKS, BLANKS, BLANKS)
def test_blanks_around_key_and_value_say_nothing(
    key: str, value: str, before: str, between: str, behind: str
) -> None:
    assert split_setting(f"{before}{key}{between}={behind}{value}{before}") == (key, value)


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    lines = read_lines(text, file="any.cfg")

    stripped = [line.strip() for line in text.removeprefix("\ufeff").split("\n")]
    told = len(lines.settings) + len(lines.errors) + len(lines.warnings)
    assert told == len([line for line in stripped if line and line[0] != "#"])
    assert all(line.key and line.text for line in lines.settings)


@given(st.lists(st.tuples(KEYS, VALUES)))
def test_settings_keep_their_order_and_their_lines(pairs: list[tuple[str, str]]) -> None:
    text = "".join(f"# comment\n\n{key} = {value}\r\n" for key, value in pairs)

    lines = read_lines(text, file="a.cfg", prefix="plugin.a")

    assert [(line.key, line.text) for line in lines.settings] == [
        (f"plugin.a.{key}", value) for key, value in pairs
    ]
    assert [line.location.line for line in lines.settings] == [
        3 * number for number in range(1, len(pairs) + 1)
    ]
    assert not lines.warnings


@pytest.mark.parametrize(
    ("line", "key", "value"),
    [
        ("a = b # c", "a", "b # c"),
        ("a = b = c", "a", "b = c"),
        ("a==b", "a", "=b"),
        ("= a = b", "= a", "b"),
        ('a = "b"', "a", '"b"'),
        ("\ufeffa = b", "a", "b"),
    ],
)
def test_there_are_no_quotes_and_no_trailing_comments(line: str, key: str, value: str) -> None:
    [found] = read_lines(line, file="a.cfg").settings

    assert (found.key, found.text) == (key, value)


def test_lines_that_say_nothing_are_warned_of() -> None:
    lines = read_lines("identity\nttl =\n", file="a.cfg")

    assert lines.settings == ()
    assert [str(warning) for warning in lines.warnings] == [
        "a.cfg:1: this line has no = and is ignored; write key = value, or # before it",
        "a.cfg:2: ttl: has no value and is ignored; give it one or remove the line",
    ]


def test_bytes_that_are_no_text_matter_only_in_settings() -> None:
    text = b"# M\xfcnchen\nidentity = M\xfcnchen\n".decode("utf-8", "surrogateescape")

    lines = read_lines(text, file="a.cfg")

    [error] = lines.errors
    assert str(error) == "a.cfg:2: is not UTF-8 text; save the file as UTF-8"


def test_a_long_line_without_an_equals_sign_is_read_at_once() -> None:
    lines = read_lines(" " * 5 + "a " * 1_000_000, file="a.cfg")

    assert len(lines.warnings) == 1


def test_a_line_knows_where_it_stands() -> None:
    [line] = read_lines("\nttl = 60", file="a.cfg").settings

    assert isinstance(line, Line)
    assert str(line.location) == "a.cfg:2"
