"""Comparisons of facts beyond the recorded ones."""

import pytest

from choria_core.filters.facts import fact_matches
from choria_core.filters.limits import FilterError, Meter
from choria_core.protocol.messages import FactFilter

FACTS = {
    "text": "Straße",
    "whole": 12,
    "part": 1.99,
    "minus": -1.5,
    "large": 1e30,
    "enormous": 10**400,
    "yes": True,
    "no": False,
    "nothing": None,
    "list": [1],
}


def _matches(fact: str, operator: str, value: str) -> bool:
    return fact_matches(FactFilter(fact, operator, value), FACTS, Meter())


@pytest.mark.parametrize(
    ("fact", "operator", "value", "matches"),
    [
        ("text", "==", "STRAẞE", True),
        ("text", "==", "strasse", False),
        ("text", "!=", "strasse", True),
        ("text", "=~", "//^STRA//", True),
        ("whole", "==", "012", False),
        ("whole", "==", "12.0", True),
        ("whole", "==", "1.2e1", True),
        ("whole", "!=", "12.5", True),
        ("whole", ">=", "+12", True),
        ("whole", "=~", r"12\.00", True),
        ("part", "==", "1", True),
        ("part", ">", "1", False),
        ("part", ">", "1.99", True),
        ("part", "=~", "^1$", True),
        ("minus", "==", "-1", True),
        ("minus", "<", "-1", False),
        ("large", "==", "-9223372036854775808", True),
        ("yes", "=~", "TrUe", True),
        ("yes", "==", "TrUe", False),
        ("no", "==", "nonsense", True),
        ("no", "!=", "false", True),
        ("no", "!=", "true", False),
        ("list", "==", "1", False),
        ("nothing", "!=", "x", False),
        ("missing", "<", "x", False),
    ],
)
def test_a_comparison(fact: str, operator: str, value: str, *, matches: bool) -> None:
    assert _matches(fact, operator, value) is matches


@pytest.mark.parametrize(
    ("fact", "operator", "value"),
    [
        ("whole", ">", "many"),
        ("whole", ">", "1_000"),
        ("whole", ">", " 1"),
        ("whole", ">", "99999999999999999999"),
        ("whole", "==", "1.x"),
        ("whole", "<", "1e999."),
        ("enormous", "==", "1"),
        ("yes", "<", "true"),
        ("nothing", "<", "1"),
        ("list", ">=", "1"),
        ("text", "=~", "("),
        ("text", "=", "x"),
    ],
)
def test_a_comparison_without_meaning(fact: str, operator: str, value: str) -> None:
    with pytest.raises(FilterError):
        _matches(fact, operator, value)
