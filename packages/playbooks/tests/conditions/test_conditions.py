"""What conditions hold of."""

import re
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_playbooks.conditions.condition import Condition
from choria_playbooks.conditions.errors import ConditionError, MissingPathError
from choria_playbooks.conditions.grammar import parse_condition, parse_when
from choria_playbooks.conditions.paths import MISSING, descend, find, require
from choria_playbooks.conditions.triple import condition_of_triple

REPLY: dict[str, Any] = {
    "idling": True,
    "enabled": False,
    "status": "running",
    "pid": 1234,
    "load": 0.75,
    "version": "1.10",
    "count": "12",
    "yes": "true",
    "nothing": None,
    "empty": "",
    "hosts": ["a", {"name": "b"}],
    "summary": {"resources": {"failed_to_restart": 0, "total-time": 3}},
    "dotted.key": 5,
    "2": {"3": "x"},
}

TRUE = (
    "idling=true and enabled=false",
    "idling = true",
    "idling == true",
    "idling",
    "not enabled",
    "!enabled",
    "! enabled && idling",
    "summary.resources.failed_to_restart=0",
    "summary.resources.failed_to_restart = 0 and summary.resources.total-time<=3",
    "status=running",
    "status='running'",
    'status="running"',
    "status!=stopped",
    "status=~/^run/",
    "status=/nn/",
    "status!=/^x/",
    "status=~run",
    "status=~/RUN/i",
    "pid=1234",
    "pid='1234'",
    "pid>1000",
    "pid>=1234.0",
    "pid<1e4",
    "pid=~/^12/",
    "load=0.75",
    "load<1",
    "load>-1",
    "count=12",
    "count>9",
    "count='12'",
    "version=1.1",
    "version='1.10'",
    "not version='1.1'",
    "yes=true",
    "nothing=null",
    "status!=null",
    "empty=''",
    "empty!=null",
    "hosts.0=a",
    "hosts.1.name=b",
    "dotted.key=5",
    "2.3=x",
    ":idling=true",
    "status>abc",
    "true",
    "not false",
    "(idling=true)",
    "((idling) and (not (enabled)))",
)
FALSE = (
    "idling=false",
    "enabled=true",
    "status=Running",
    "status=~/RUN/",
    "status=1",
    "status!=running",
    "pid=1235",
    "pid=true",
    "idling=1",
    "nothing=''",
    "nothing=0",
    "hosts=a",
    "summary='{}'",
    "count<9",
    "false",
)
UNTOLD = (
    "missing=1",
    "missing!=1",
    "missing",
    "missing=null",
    "missing=~/a/",
    "summary.resources.missing=0",
    "hosts.2=a",
    "hosts.-1=a",
    "hosts.name=a",
    "pid.x=1",
    "status",
    "pid",
    "status>1",
    "idling>0",
    "nothing<1",
    "pid<abc",
    "nothing=~/a/",
    "hosts=~/a/",
    "pid<true",
    "load>null",
)


@pytest.mark.parametrize("text", TRUE)
def test_true_conditions_match_and_their_opposites_do_not(text: str) -> None:
    assert parse_condition(text).matches(REPLY)
    assert not parse_condition(f"not ({text})").matches(REPLY)
    assert parse_condition(text).holds(partial(require, REPLY))


@pytest.mark.parametrize("text", FALSE)
def test_false_conditions_do_not_match_and_their_opposites_do(text: str) -> None:
    assert not parse_condition(text).matches(REPLY)
    assert parse_condition(f"!({text})").matches(REPLY)
    assert not parse_condition(text).holds(partial(require, REPLY))


@pytest.mark.parametrize("text", UNTOLD)
def test_what_cannot_be_told_matches_neither_way_and_is_an_error_of_a_run(text: str) -> None:
    assert not parse_condition(text).matches(REPLY)
    assert not parse_condition(f"not ({text})").matches(REPLY)
    for one in (text, f"not ({text})"):
        condition = parse_condition(one)
        with pytest.raises(ConditionError, match=re.escape(condition.paths[0])):
            condition.holds(partial(require, REPLY))


def test_what_cannot_be_told_does_not_hide_what_can() -> None:
    assert parse_condition("missing=1 or idling=true").matches(REPLY)
    assert parse_condition("not (missing=1 and idling=false)").matches(REPLY)
    assert not parse_condition("missing=1 and idling=true").matches(REPLY)


def test_and_binds_tighter_than_or() -> None:
    data = {"a": True, "b": False, "c": False}

    assert parse_condition("a or b and c").matches(data)
    assert not parse_condition("(a or b) and c").matches(data)
    assert parse_condition("c and b or a").matches(data)
    assert parse_condition("not b and a").matches(data)
    assert not parse_condition("not (b or a)").matches(data)


def run(**roots: object) -> Any:
    return partial(require, roots)


def test_when_compares_values_of_a_run() -> None:
    lookup = run(inputs={"size": 3, "text": "3", "list": [1]}, item=3, registered={"a": {"ok": 1}})

    assert parse_when("inputs.size=item").holds(lookup)
    assert parse_when("inputs.size=inputs.text").holds(lookup)
    assert parse_when("inputs.list=inputs.list").holds(lookup)
    assert not parse_when("inputs.size>item").holds(lookup)
    with pytest.raises(ConditionError, match=r"inputs.list is a list and item is a number: "):
        parse_when("inputs.list>item").holds(lookup)


def test_a_missing_path_is_an_error_of_when_as_soon_as_it_is_needed() -> None:
    lookup = run(inputs={"go": True})

    with pytest.raises(MissingPathError, match=r"there is no registered\.a\.ok"):
        parse_when("registered.a.ok=1 or inputs.go=true").holds(lookup)
    assert parse_when("inputs.go=true or registered.a.ok=1").holds(lookup)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("inputs.a", "inputs.a is a text, not true or false: compare it with something"),
        ("inputs.a>3", "inputs.a is a text, which cannot be compared as > 3"),
        ("inputs.b>3 and inputs.a>3", "inputs.b is null, .*; inputs.a is a text, "),
    ],
)
def test_an_error_says_what_the_value_is(text: str, problem: str) -> None:
    with pytest.raises(ConditionError, match=problem):
        parse_when(text).holds(run(inputs={"a": "x", "b": None}))


def test_a_lookup_may_say_that_there_is_nothing() -> None:
    condition = parse_when("inputs.a=inputs.b")

    with pytest.raises(ConditionError, match=r"there is no inputs\.b"):
        condition.holds(lambda path: MISSING if path == "inputs.b" else 1)
    with pytest.raises(ConditionError, match=r"there is no inputs\.a"):
        condition.holds(lambda path: MISSING if path == "inputs.a" else 1)


@pytest.mark.parametrize(
    ("triple", "data", "is_match"),
    [
        (["idling", "==", True], {"idling": True}, True),
        ([":idling", "=", True], {"idling": True}, True),
        (["idling", "!=", True], {"idling": True}, False),
        (["idling", "==", True], {}, False),
        (["idling", "!==", True], {}, False),
        (["n", ">", 3], {"n": 4}, True),
        (["n", "!>", 3], {"n": 4}, False),
        (["n", "<=", 3], {"n": 3}, True),
        (["n", ">=", 4], {"n": 3}, False),
        (["n", "<", "4"], {"n": 3}, True),
        (["s", "=~", "RUN"], {"s": "running"}, True),
        (["s", "=~", "/^RUN/"], {"s": "running"}, True),
        (["s", "!=~", "RUN"], {"s": "running"}, False),
        (["s", "in", ["a", "b"]], {"s": "b"}, True),
        (["s", "in", ["a", "b"]], {"s": "c"}, False),
        (["s", "!in", ["a", "b"]], {"s": "c"}, True),
        (["s", "!in", ["a", "b"]], {}, False),
        (["s", "in", "abc"], {"s": "b"}, True),
    ],
)
def test_the_old_form_of_three_parts_means_the_same(
    triple: object, data: object, *, is_match: bool
) -> None:
    condition = condition_of_triple(triple)

    assert condition.matches(data) is is_match
    assert condition.paths == (condition.text.split()[0],)


@pytest.mark.parametrize(
    ("triple", "problem"),
    [
        ("idling", "three parts"),
        (["a", "="], "three parts"),
        ([1, "=", 2], "name of an output"),
        ([":", "=", 2], "name of an output"),
        (["a", "~", 2], "no operator '~'"),
        (["a", None, 2], "no operator 'None'"),
        (["a", "in", 2], "needs a list"),
        (["a", "=~", "("], "not a usable pattern"),
    ],
)
def test_what_is_no_old_form_is_refused(triple: object, problem: str) -> None:
    with pytest.raises(ConditionError, match=problem):
        condition_of_triple(triple)


def test_paths_lead_through_hashes_and_lists() -> None:
    assert find(REPLY, "hosts.1.name") == "b"
    assert find(REPLY, "dotted.key") == 5
    assert find(REPLY, "hosts.99999999999999999999") is MISSING
    assert descend((1, 2), ("1",)) == 2
    with pytest.raises(MissingPathError) as error:
        require(REPLY, "no.such")
    assert error.value.path == "no.such"


VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
NUMBERS = st.integers(-(10**12), 10**12) | st.floats(-1e12, 1e12)


@given(st.integers(-(10**12), 10**12), st.sampled_from(["<", "<=", ">", ">=", "=", "!="]), NUMBERS)
def test_numbers_and_their_texts_compare_alike(wanted: int, operator: str, value: float) -> None:
    condition = parse_condition(f"x {operator} {wanted}")
    expected = {
        "<": value < wanted,
        "<=": value <= wanted,
        ">": value > wanted,
        ">=": value >= wanted,
        "=": value == wanted,
        "!=": value != wanted,
    }

    assert condition.matches({"x": value}) is expected[operator]
    assert condition.matches({"x": str(value)}) is expected[operator]


@given(st.text(alphabet=st.characters(exclude_characters="\\'")), VALUES)
def test_a_quoted_text_equals_itself_alone_among_texts(wanted: str, value: object) -> None:
    condition = parse_condition(f"x='{wanted}'") if len(wanted) < 4000 else None

    if condition is not None:
        assert condition.matches({"x": wanted})
        if isinstance(value, str):
            assert condition.matches({"x": value}) is (value == wanted)


TERMS = st.recursive(
    st.sampled_from(["t", "f", "m=1"]),
    lambda inner: (
        st.tuples(inner, st.sampled_from([" and ", " or "]), inner).map(
            lambda parts: "(" + "".join(parts) + ")"
        )
        | inner.map(lambda one: f"not {one}")
    ),
    max_leaves=8,
)


@given(TERMS)
def test_conditions_without_doubt_are_those_of_logic(text: str) -> None:
    data = {"t": True, "f": False}
    condition: Condition = parse_condition(text)
    possible = {
        eval(text.replace("m=1", told), {"t": True, "f": False}) for told in ("True", "False")
    }

    if "m=1" not in text:
        assert condition.matches(data) is possible.pop()
    elif condition.matches(data):
        assert possible == {True}
