"""Which versions a range asks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_core.errors import ConfigError
from choria_playbooks.node_sets.version_range import parse_range

numbers = st.integers(0, 12)
triples = st.tuples(numbers, numbers, numbers)
parts = st.from_regex(r"(0|[1-9][0-9]?|[a-z-]{1,3}[0-9]?)", fullmatch=True)
prereleases = st.lists(parts, min_size=1, max_size=3).map(".".join)


def text_of(numbers: tuple[int, ...]) -> str:
    """As one would write it."""
    return ".".join(map(str, numbers))


@pytest.mark.parametrize(
    ("wanted", "inside", "outside"),
    [
        ("1.2.3", "1.2.3 v1.2.3 1.2.3+build", "1.2.2 1.2.4 1.2.3-rc1"),
        ("=1.2.3", "1.2.3", "1.2.4"),
        ("= 1.2", "1.2 1.2.9", "1.3.0"),
        ("~1.0.0", "1.0.0 1.0.9 1.0", "0.9.9 1.1.0 1.1"),
        ("~ 1.0.0", "1.0.5", "1.1.0"),
        ("~>1.0.3", "1.0.3 1.0.4", "1.0.2 1.1.0"),
        ("~1.2", "1.2.0 1.2.9", "1.3.0 1.1.9"),
        ("~1", "1.0.0 1.9.9", "2.0.0 0.9.9"),
        (">= 1.2.0", "1.2.0 1.2 1.3 2.0.0", "1.1.9 1.1"),
        (">=1.2", "1.2.0", "1.1.9"),
        (">1.0.0 <2.0.0", "1.0.1 1.9.9", "1.0.0 2.0.0 1.0 2.0"),
        (">1.0.0<2.0.0", "1.5", "2.0.0"),
        (" > 1.0.0  < 2.0.0 ", "1.5", "2.0.0"),
        (">1.2", "1.3.0 2.0", "1.2.0 1.2.9"),
        ("<1.2", "1.1.9", "1.2.0"),
        ("<=1.2", "1.2.9", "1.3.0"),
        ("<=1.2.3", "1.2.3", "1.2.4"),
        ("1.x", "1.0.0 1.9.9 1", "0.9 2.0.0"),
        ("1.2.x", "1.2.0 1.2.9", "1.3.0"),
        ("1.2.*", "1.2.0", "1.3.0"),
        ("1", "1.0.0 1.9", "2.0"),
        ("1.X.3", "1.0.0 1.9.9", "2.0"),
        ("*", "0.0.0 9.9.9", "x"),
        ("x", "0.0.0", ""),
        ("1.0.0 - 2.0.0", "1.0.0 2.0.0", "0.9.9 2.0.1"),
        ("1.0 - 2.3", "1.0.0 2.3.9", "2.4.0"),
        ("^1.2.3", "1.2.3 1.9.9", "1.2.2 2.0.0"),
        ("^0.2.3", "0.2.3 0.2.9", "0.3.0"),
        ("^0.0.3", "0.0.3", "0.0.4"),
        ("^0.0", "0.0.9", "0.1.0"),
        ("^0", "0.9.9", "1.0.0"),
        ("1.0.0 || >=2.0.0 <2.1.0", "1.0.0 2.0.5", "1.0.1 2.1.0"),
        (">*", "", "0.0.0 1.0.0 0.0.0-a"),
        ("<*", "", "0.0.0 0.0.0-a"),
        (">=*", "0.0.0", ""),
        ("2.0.0-rc1", "2.0.0-rc1", "2.0.0 2.0.0-rc2 2.0.0-rc1.1"),
        (">=2.0.0-rc1", "2.0.0-rc1 2.0.0-rc2 2.0.0 3.0.0", "2.0.0-alpha 3.0.0-rc1"),
        (">2.0.0-rc.1", "2.0.0-rc.1.0 2.0.0-rc.2 2.0.0-rc.10 2.0.0-rc.a", "2.0.0-rc.1 2.0.0-rc.0"),
        ("<2.0.0-rc1", "1.9.9 2.0.0-beta", "2.0.0-rc1 2.0.0 1.0.0-a"),
        ("<2.0.0", "1.9.9", "2.0.0-rc1 1.0.0-rc1"),
        ("1.0.0-a - 2.0.0", "1.0.0-b 1.0.0 2.0.0", "1.0.0-A 2.0.0-a"),
    ],
)
def test_ranges_hold_what_they_say(wanted: str, inside: str, outside: str) -> None:
    made = parse_range(wanted)
    assert made.text == wanted
    assert [version for version in inside.split() if version not in made] == []
    assert [version for version in outside.split() if version in made] == []


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "a", "1.2.3.4", "01.2.3", "~", ">", ">= <1", "1 -2", "1.0.0 - ", "||", "1.0 ||"),
        *("1,2", "~1.0.0-", "1.0.0 2.0.0.", "!=1.0", "é", "1.é", "9" * 40, "1.0 " * 100),
    ],
)
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="range of versions"):
        parse_range(text)


@pytest.mark.parametrize("text", ["", "x", "1.2.3.4", "1.", "-1", "01.0", "1.0.0-", "1.x", "1\n"])
def test_what_is_no_version_is_in_no_range(text: str) -> None:
    assert text not in parse_range("*")


@given(triples, triples)
def test_comparisons_are_those_of_the_numbers(one: tuple[int, ...], other: tuple[int, ...]) -> None:
    version, wanted = text_of(one), text_of(other)
    assert (version in parse_range(f">{wanted}")) == (one > other)
    assert (version in parse_range(f">= {wanted}")) == (one >= other)
    assert (version in parse_range(f"<{wanted}")) == (one < other)
    assert (version in parse_range(f"<={wanted}")) == (one <= other)
    assert (version in parse_range(wanted)) == (one == other)
    near = one >= other and one[:2] == other[:2]
    assert (version in parse_range(f"~{wanted}")) == near


@given(triples, triples, triples)
def test_between_is_both_ends_and_all_inside(
    version: tuple[int, ...], least: tuple[int, ...], most: tuple[int, ...]
) -> None:
    ends = parse_range(f"{text_of(least)} - {text_of(most)}")
    pair = parse_range(f">={text_of(least)} <={text_of(most)}")
    assert (text_of(version) in ends) == (least <= version <= most)
    assert (text_of(version) in pair) == (least <= version <= most)


@given(triples, triples, prereleases)
def test_a_version_before_a_release_is_asked_for_by_name(
    release: tuple[int, ...], other: tuple[int, ...], pre: str
) -> None:
    early = f"{text_of(release)}-{pre}"
    for plain in (f">={text_of(other)}", f"<{text_of(other)}", "*", f"~{text_of(other)}"):
        assert early not in parse_range(plain)
    assert early in parse_range(early)
    assert early in parse_range(f"<={early}")
    assert early not in parse_range(f">{early}")
    assert text_of(release) in parse_range(f">{early}")


@given(st.text(alphabet="0123456789.xX*~^<>=| -abé", max_size=16))
def test_any_text_is_a_range_or_refused(text: str) -> None:
    try:
        made = parse_range(text)
    except ConfigError:
        return
    assert isinstance("1.0.0" in made, bool)
