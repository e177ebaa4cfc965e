"""Versions and constraints."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from choria_core.filters.limits import FilterError
from choria_core.filters.semver import satisfies


@pytest.mark.parametrize(
    ("constraint", "fitting", "others"),
    [
        ("1.2.3", "1.2.3 v1.2.3 1.2.3+build", "1.2.4 1.2.3-rc1"),
        ("1.2", "1.2.0 1.2.9", "1.3.0 1.1.9"),
        ("1.x", "1.0.0 1.9.9", "2.0.0"),
        ("*", "0.0.0 9.9.9", "1.0.0-rc1"),
        ("!=1.2", "1.3.0", "1.2.0 1.2.5"),
        ("!=1.2.3", "1.2.4", "1.2.3"),
        ("> 8.9.0", "8.10.1 9", "8.9.0"),
        (">8", "9.0.0", "8.9.0"),
        ("<= 1.2", "1.2.9 1.1", "1.3.0 2"),
        ("< 1.2", "1.1.9", "1.2.0"),
        ("=> 1.2", "1.2.0 2", "1.1"),
        ("~1.2.3", "1.2.3 1.2.9", "1.3.0 1.2.2"),
        ("~> 1", "1.9.9", "2.0.0"),
        ("^8.9", "8.9.0 8.10.1", "9.0.0 8.8.9"),
        ("^0.2.3", "0.2.9", "0.3.0"),
        ("^0.0.3", "0.0.3", "0.0.4"),
        ("1.2 - 1.4.5", "1.2.0 1.4.5", "1.4.6"),
        (">= 1.2, < 2 || ^3", "1.9 3.1.0", "2.0.0"),
        (">= 1.0.0-beta.2", "1.0.0-beta.11 1.0.0-rc1 1.0.0", "1.0.0-beta.1 1.0.0-alpha"),
        (">= 1.0.0", "1.0.1", "1.0.1-rc1"),
    ],
)
def test_what_a_constraint_takes(constraint: str, fitting: str, others: str) -> None:
    assert [version for version in fitting.split() if not satisfies(version, constraint)] == []
    assert [version for version in others.split() if satisfies(version, constraint)] == []


@pytest.mark.parametrize(
    ("version", "constraint"),
    [
        ("one", "1"),
        ("1.2.3.4", "1"),
        ("1.0.0-01", "1"),
        ("99999999999999999999", "1"),
        ("", "1"),
        ("1", ""),
        ("1", "banana"),
        ("1", "1 ||"),
        ("1", ">> 1"),
        ("1", "1" * 513),
        ("1\ud800", "1"),
        ("1", "1\ud800"),
    ],
)
def test_what_is_malformed(version: str, constraint: str) -> None:
    with pytest.raises(FilterError):
        satisfies(version, constraint)


@settings(deadline=None)
@given(st.text(alphabet="0129.xv-+*<>=!~^|, ab", max_size=24), st.text(alphabet="0129.v-+ab"))
def test_any_text_is_answered_or_refused(constraint: str, version: str) -> None:
    try:
        assert satisfies(version, constraint) in {True, False}
    except FilterError:
        return
