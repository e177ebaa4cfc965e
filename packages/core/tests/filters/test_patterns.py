"""Patterns from strangers."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from choria_core.filters.limits import PATTERN_BYTES, PATTERNS, FilterError, Meter
from choria_core.filters.matching import compile_filter
from choria_core.filters.node_view import NodeView
from choria_core.filters.patterns import glob, metered_pattern, pattern, slashed
from choria_core.protocol.messages import FactFilter, Filter

SLOW = "((a{0,10}){0,10}){0,10}b"


def test_a_pattern_matches_anywhere_and_by_case() -> None:
    assert pattern("b.d").is_in("abcde", Meter())
    assert not pattern("B.D").is_in("abcde", Meter())
    assert pattern("B.D", ignore_case=True).is_in("abcde", Meter())
    assert pattern("ü$").is_in("grün ü", Meter())


def test_answers_stay_right_when_they_are_remembered() -> None:
    wanted = pattern("^[0-9]*[05]$")

    for _ in range(2):
        assert [n for n in range(600) if wanted.is_in(str(n), Meter())] == list(range(0, 600, 5))


@pytest.mark.parametrize("text", ["(", "a{2000}", r"(?=x)", r"\1", "[", r"\pL{1,300}7", "\ud800("])
def test_an_unusable_pattern_is_refused_each_time(text: str) -> None:
    for _ in range(2):
        with pytest.raises(FilterError):
            pattern(text)


@pytest.mark.parametrize("text", ["a" * (PATTERN_BYTES + 1), "ü" * (PATTERN_BYTES // 2 + 1)])
def test_a_long_pattern_is_refused(text: str) -> None:
    assert pattern(text[: PATTERN_BYTES // 2]).is_in(text, Meter())
    with pytest.raises(FilterError, match="512 bytes"):
        pattern(text)


def test_a_request_has_so_many_patterns_and_no_more() -> None:
    meter = Meter()
    for number in range(PATTERNS):
        metered_pattern(f"x{number}", meter)
        metered_pattern(f"x{number}", meter)
    with pytest.raises(FilterError, match="32 patterns"):
        metered_pattern("one more", meter)


@pytest.mark.parametrize("count", [PATTERNS, PATTERNS + 1])
def test_patterns_of_all_kinds_count_together(count: int) -> None:
    node = NodeView("n", agents=("a0",), classes=("c0",), facts={"f": "x"})
    third = count // 3
    wanted = Filter(
        agent=tuple(f"/a0|{n}/" for n in range(third)),
        cf_class=tuple(f"/c0|{n}/" for n in range(third)),
        fact=tuple(FactFilter("f", "=~", f"x|{n}") for n in range(count - 2 * third)),
    )

    assert compile_filter(wanted).matches(node) is (count <= PATTERNS)


def test_slow_searches_use_the_requests_share_up() -> None:
    meter = Meter()

    with pytest.raises(FilterError, match="too much text"):
        any(pattern(SLOW).is_in("a" * 60_000, meter) for _ in range(20))


@settings(deadline=None)
@given(st.text(max_size=40), st.text(max_size=40))
def test_any_pattern_answers_or_is_refused(text: str, within: str) -> None:
    try:
        pattern(text, ignore_case=True).is_in(within, Meter())
    except FilterError:
        return


@pytest.mark.parametrize(
    ("text", "fits", "does_not"),
    [
        ("eth*", "eth0", "beth0"),
        ("e?h0", "eth0", "eh0"),
        (r"a\*", "a*", "ab"),
        ("*", "a\nb", None),
        ("a.c", "a.c", "abc"),
        ("(", "(", ""),
        ("*\ud800", "a\ud800", "a"),
    ],
)
def test_wildcards(text: str, fits: str, does_not: str | None) -> None:
    assert glob(text).is_in(fits, Meter())
    assert does_not is None or not glob(text).is_in(does_not, Meter())


@pytest.mark.parametrize(
    ("text", "inner"), [("/a/", "a"), ("/", ""), ("//", ""), ("/a", None), ("a/", None), ("", None)]
)
def test_slashes_tell_patterns_from_names(text: str, inner: str | None) -> None:
    assert slashed(text) == inner
