"""Reading conditions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_playbooks.conditions.condition import Condition
from choria_playbooks.conditions.errors import ConditionError
from choria_playbooks.conditions.grammar import parse_condition, parse_when

WRONG = (
    ("x 1", 3, "expected an operator, and, or, or the end, found 1"),
    ("", 1, "expected a path, found the end"),
    ("x=", 3, "expected a value after =, found the end"),
    ("x= )", 4, "expected a value after =, found )"),
    ("x=and", 3, "expected a value after =, found and"),
    ("=1", 1, "expected a path, found ="),
    ("'x'=1", 1, "expected a path, found x"),
    ("x=1 y=2", 5, "found y"),
    ("x=1 adn y=2", 5, "did you mean and?"),
    ("x=1 and", 8, "expected a path, found the end"),
    ("or x=1", 1, "expected a path, found or"),
    ("(x=1", 5, "expected and, or, or ), found the end"),
    ("x=1)", 4, "found )"),
    ("x='a", 3, "the quote ' is never closed"),
    ("x=\"a'", 3, 'the quote " is never closed'),
    ("x ~ 1", 3, "~ has no meaning here"),
    ("x =! 1", 4, "found !"),
    ("x=/(/", 3, "not a usable pattern"),
    ("x=/(?=a)/", 3, "not a usable pattern"),
    ("x</a/", 3, "< takes no pattern"),
    ("a..b=1", 1, "the path a..b has an empty part"),
    (":=1", 1, "the path : has an empty part"),
    ("not", 4, "expected a path, found the end"),
    ("(" * 100 + "x=1" + ")" * 100, 51, "nested too deeply"),
    ("not " * 100 + "x=1", 201, "nested too deeply"),
    ("! " * 100 + "x=1", 101, "nested too deeply"),
    ("x=1 or " * 1000 + "x=1", 0, "more than 4096 characters"),
)


@pytest.mark.parametrize(("text", "column", "problem"), WRONG)
def test_an_error_names_the_column(text: str, column: int, problem: str) -> None:
    with pytest.raises(ConditionError) as error:
        parse_condition(text)

    assert problem in error.value.problem
    assert error.value.column == column
    assert (f"at column {column} " in str(error.value)) is bool(column)


def test_all_paths_are_known_each_once_and_in_order() -> None:
    condition = parse_condition("b.c=1 and not (a>2 or b.c=~/x/) or flag")

    assert condition.paths == ("b.c", "a", "flag")
    assert condition.text == "b.c=1 and not (a>2 or b.c=~/x/) or flag"


@pytest.mark.parametrize(
    "text",
    ["inputs.a=1", "registered.x.success", "previous_task.msg=ok", "item>3", "arguments.b=item"],
)
def test_the_paths_of_when_begin_with_a_root(text: str) -> None:
    assert parse_when(text).paths


@pytest.mark.parametrize(
    ("text", "column", "problem"),
    [
        ("input.a=1", 1, "nothing is called input; did you mean inputs?"),
        ("inputs.a=1 and xyz", 16, "nothing is called xyz; known: inputs, registered, "),
        ("inputs.a=item..b", 10, "the path item..b has an empty part"),
    ],
)
def test_a_root_that_is_not_known_is_an_error(text: str, column: int, problem: str) -> None:
    with pytest.raises(ConditionError) as error:
        parse_when(text)

    assert problem in error.value.problem
    assert error.value.column == column


def test_words_behind_an_operator_are_texts_or_paths_of_a_run() -> None:
    assert parse_when("inputs.a=registered.b.msg").paths == ("inputs.a", "registered.b.msg")
    assert parse_when("inputs.a='registered.b.msg'").paths == ("inputs.a",)
    assert parse_condition("a=registered.b.msg").paths == ("a",)


PIECES = st.sampled_from(
    [
        *"()!=<>'\"/\\ .-1a",
        " and ",
        " or ",
        "not ",
        "x",
        "=~",
        "!=",
        "/a/",
        "&&",
        "||",
        "'b'",
        "true",
        "é",
    ]
)


@given(st.text(max_size=60) | st.lists(PIECES, max_size=25).map("".join))
def test_any_text_is_a_condition_or_an_error(text: str) -> None:
    answer = answer_to(text)

    if isinstance(answer, ConditionError):
        assert 0 < answer.column <= len(text) + 1
    else:
        assert answer.text == text
        assert answer.matches({}) in {True, False}


@pytest.mark.parametrize(
    "text", ["x=" + "'" * 4000, "/" * 4000, "x=/" + "\\" * 4000, " " * 4000, "x='" + "\\" * 4001]
)
def test_long_nonsense_is_answered(text: str) -> None:
    assert answer_to(text) is not None


def answer_to(text: str) -> Condition | ConditionError:
    """The condition, or what is wrong with it."""
    try:
        return parse_condition(text)
    except ConditionError as error:
        return error
