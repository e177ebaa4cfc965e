"""Filters as people type them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from choria_core.errors import UsageError
from choria_core.filters.grammar import parse_fact, parse_filter
from choria_core.protocol.messages import FactFilter


@pytest.mark.parametrize(
    ("text", "fact", "operator", "value"),
    [
        ("os.name=Linux", "os.name", "==", "Linux"),
        ("os.name == Linux", "os.name", "==", "Linux"),
        ("a!=b", "a", "!=", "b"),
        ("a=<4", "a", "<=", "4"),
        ("a=>4", "a", ">=", "4"),
        ("a<=4", "a", "<=", "4"),
        ("a>=4", "a", ">=", "4"),
        ("a<4", "a", "<", "4"),
        ("a>4", "a", ">", "4"),
        ("a=~^x", "a", "=~", "^x"),
        ("a=/x/", "a", "=~", "/x/"),
        ("a!=/x/", "a", "=~", "/x/"),
        ("a=/", "a", "=~", "/"),
        ("disks.#(size>5).name=sda", "disks.#(size>5).name", "==", "sda"),
        ("a=b=c", "a=b", "==", "c"),
        ("  a b =  c d ", "a b", "==", "c d"),
    ],
)
def test_a_fact_filter(text: str, fact: str, operator: str, value: str) -> None:
    assert parse_fact(text) == FactFilter(fact, operator, value)


@pytest.mark.parametrize("text", ["", "a", "=", "a=", "=b", "a= ", " =b", "<a=b", "a!b"])
def test_what_is_no_fact_filter_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match=r"os\.name=Linux"):
        parse_fact(text)


@settings(deadline=None)
@given(st.text(alphabet="ab=<>!~/ ."))
def test_any_text_is_a_fact_filter_or_refused(text: str) -> None:
    try:
        parsed = parse_fact(text)
    except UsageError:
        return
    assert parsed.fact
    assert parsed.value
    assert parsed.operator in {"==", "!=", "<", "<=", ">", ">=", "=~"}


def test_all_options_make_one_filter() -> None:
    wanted = parse_filter(
        facts=["a=1", ""],
        classes=["c", "c", ""],
        identities=["/n/", "n", "/n/"],
        agents=["rpcutil", "rpcutil"],
        combined=["b>2  d", "e"],
        expressions=["true", "true", ""],
    )

    assert wanted.fact == (FactFilter("a", "==", "1"), FactFilter("b", ">", "2"))
    assert wanted.cf_class == ("c", "d", "e")
    assert wanted.identity == ("/n/", "n")
    assert wanted.agent == ("rpcutil",)
    assert wanted.compound == ("true", "true")


def test_no_options_make_an_empty_filter() -> None:
    assert parse_filter().is_empty
    assert parse_filter(facts=[""], combined=["  "]).is_empty
