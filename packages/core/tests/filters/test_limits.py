"""What strangers' expressions may cost; all of it is counted, nothing is timed."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from choria_core.filters.compound import compile_compound, compound_matches
from choria_core.filters.limits import (
    EXPRESSION_BYTES,
    EXPRESSION_DEPTH,
    STEPS,
    VALUE_BYTES,
    FilterError,
    Meter,
)
from choria_core.filters.matching import compile_filter
from choria_core.filters.node_view import DataFunction, NodeView
from choria_core.protocol.messages import FactFilter, Filter

NODE = NodeView(
    identity="n1",
    agents=("rpcutil",),
    classes=("apache", "roles::web"),
    facts={
        "list": [float(n) for n in range(2000)],
        "text": "a" * 1000,
        "deep": {"a": {"b": [{"c": 1}] * 50}},
        "huge": "a" * (VALUE_BYTES + 1),
    },
    data={"data": DataFunction(lambda query: {"query": query})},
)


def _verdict(text: str) -> bool:
    return compound_matches(compile_compound(text), NODE, Meter())


@pytest.mark.parametrize(
    "text",
    [
        "all(1..8000, {all(1..8000, {true})})",
        "any(1..3000, {len(map(fact('list'), -#)) == 0})",
        "any(1..8000, {fact('list') == []})",
        "any(1..8000, {with('text=~b')})",
        "any(1..8000, {fact('deep.a.b.#.c') == 1})",
        "any(1..8000, {data('x').query == 'y'})",
        "any(1..8000, {fact('text') contains 'b'})",
        "any(1..8000, {upper(fact('text')) == 'b'})",
        "let a = 1..8000; any(1..4000, {a == []})",
        "let a = 1..8000; any(1..4000, {0 in a})",
        "let a = 1..8000; any(1..4000, {max(a) == 0})",
        "let a = 1..8000; len(uniq(a)) == 0",
        "any(1..9, {len(sort(map(fact('list'), -#))) == 0})",
        "let a = repeat('a', 60000); any(1..4000, {a + 'b' == ''})",
        "let a = repeat('a', 60000); any(1..4000, {toJSON(a) == ''})",
        "reduce(1..5000, #acc + 'aaaaaaaaaa', '') == ''",
    ],
)
def test_too_much_work_ends_in_an_error(text: str) -> None:
    with pytest.raises(FilterError, match="evaluation steps"):
        _verdict(text)


@pytest.mark.parametrize(
    "text",
    [
        "len(repeat('a', 65537)) > 0",
        "len(repeat('', 9223372036854775807)) == 0",
        "len(1..9000) > 0",
        "len(1..9223372036854775807) > 0",
        "let a = repeat('a', 40000); len(a + a) > 0",
        "let a = repeat('a', 40000); len([a, a]) > 0",
        "let a = repeat('a', 40000); len({a: a, b: a}) > 0",
        "let a = repeat('a', 300); len(replace(a, '', a)) > 0",
        "let a = repeat('a', 300); len(join(map(1..300, a), a)) > 0",
        "let a = repeat('a', 300); len(map(1..300, a)) > 0",
        "let a = 1..5000; len(concat(a, a)) > 0",
        "len(split(repeat('a', 60000), '')) > 0",
        "len(toBase64(repeat('a', 60000))) > 0",
        "len(toJSON(repeat('<', 20000))) > 0",
        "len(fact('huge')) > 0",
    ],
)
def test_a_value_too_large_is_not_made(text: str) -> None:
    with pytest.raises(FilterError, match=f"{VALUE_BYTES} bytes"):
        _verdict(text)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 3000 + "1",
        "[" * 3000,
        "{a: " * 900,
        "-" * 4000 + "1",
        "not " * 900 + "true",
        "1 + " * 900 + "1 == 1",
        "a" + "?.a" * 900,
        "a" + "[0]" * 900,
        "2 ** " * 700 + "2",
        "true ? " * 500 + "1",
        "true" + " ? true : true" * 200,
        "if true {1} else " * 200 + "{1}",
        "any(words, " * 300 + "true" + ")" * 300,
        "".join(f"let a{n} = 1; " for n in range(200)) + "true",
    ],
)
def test_deep_nesting_is_refused(text: str) -> None:
    with pytest.raises(FilterError, match=f"deeper than {EXPRESSION_DEPTH}"):
        compile_compound(text)


@pytest.mark.parametrize(
    "text",
    [
        "let a = reduce(1..200, [#acc]); a == nil",
        "string(fromJSON(repeat('[', 900) + repeat(']', 900))) == ''",
        "fromJSON(repeat('[', 30000)) == nil",
    ],
)
def test_deep_values_are_refused(text: str) -> None:
    with pytest.raises(FilterError):
        _verdict(text)


def test_a_long_expression_is_refused() -> None:
    text = " or ".join(["with('apache')"] * 200)

    assert _verdict(text)
    with pytest.raises(FilterError, match=f"{EXPRESSION_BYTES} bytes"):
        compile_compound(text + " " * EXPRESSION_BYTES)


def test_many_alternatives_are_not_deep() -> None:
    assert _verdict(" or ".join(["fact('x') == 1"] * 150 + ["true"]))


def test_expressions_and_patterns_share_one_account() -> None:
    patterns = " or ".join(f"'x' matches '{number}'" for number in range(20))
    facts = tuple(FactFilter("text", "=~", f"a|{number}") for number in range(13))

    assert _verdict(f"not ({patterns})")
    assert compile_filter(Filter(fact=facts)).matches(NODE)
    assert not compile_filter(Filter(fact=facts, compound=(f"not ({patterns})",))).matches(NODE)


def test_beyond_a_limit_nothing_matches() -> None:
    text = "all(1..8000, {all(1..8000, {true})})"

    assert not compile_filter(Filter(compound=(text,))).matches(NODE)
    assert not compile_filter(Filter(compound=(f"not {text}",))).matches(NODE)


def test_the_meter_counts_down_to_zero() -> None:
    meter = Meter()
    meter.spend(STEPS)

    assert meter.steps_left == 0
    with pytest.raises(FilterError):
        meter.spend(1)


_PIECES = st.sampled_from(
    [
        *("1", "2.5", "'a'", "true", "nil", "classes", "fact('list')", "fact('text')", "x", "#"),
        *("(", ")", "[", "]", "{", "}", ",", ":", ";", ".", "?.", "??", "?", "|", "..", ".text"),
        *("+", "-", "*", "/", "%", "**", "==", "!=", "<", ">=", "not", "and", "or", "in"),
        *("contains", "matches", "startsWith", "any(classes, ", "map(1..9, ", "filter(", "len("),
        *("reduce(", "let x = ", "if ", "else", "sort(", "string(", "repeat('a', ", "1..8000"),
        *("with('apache')", "semver('1', ", "data(", "fromJSON(", "groupBy(", "#acc", "::", "`"),
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(_PIECES, max_size=14).map(" ".join) | st.text(max_size=30))
@example("fact('\ud800')")
@example("'\ud800' matches '\ud800'")
def test_any_text_matches_or_not_or_is_our_error(text: str) -> None:
    assert compile_filter(Filter(compound=(text,))).matches(NODE) in {True, False}


_TEXT = st.text(alphabet='ab/*.()[]{}\\+?|#"=<>~0159é^$', max_size=24)
_FACT = st.builds(
    FactFilter,
    st.sampled_from(["list", "text", "deep.a", "deep.*.b.#(c==1)#.c"]) | _TEXT,
    st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "=~", "?"]),
    _TEXT,
)


@settings(max_examples=300, deadline=None)
@given(
    st.builds(
        Filter,
        fact=st.tuples(_FACT) | st.just(()),
        cf_class=st.tuples(_TEXT) | st.just(()),
        agent=st.tuples(_TEXT) | st.just(()),
        identity=st.lists(_TEXT | st.text(), max_size=3).map(tuple),
    )
)
def test_any_filter_matches_or_not(wanted: Filter) -> None:
    assert compile_filter(wanted).matches(NODE) in {True, False}
