"""Types of inputs."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_core.playbook.stored_text import stored_text
from choria_playbooks.inputs.errors import InputError
from choria_playbooks.inputs.input import InputType
from choria_playbooks.inputs.types import (
    type_named,
    type_words,
    typed,
    value_of_stored,
    value_of_text,
    value_of_texts,
)


@pytest.mark.parametrize(
    ("spellings", "kind"),
    [
        (("String", ":string", "string"), InputType.STRING),
        (("Integer", "Fixnum", ":fixnum", ":integer"), InputType.INTEGER),
        (("Float", ":float"), InputType.FLOAT),
        (("Numeric", ":numeric"), InputType.NUMERIC),
        (("Array", ":array"), InputType.ARRAY),
        (("Boolean", ":bool", ":boolean", "bool"), InputType.BOOLEAN),
        (("Hash", "hash"), InputType.HASH),
        (("secret", "Secret"), InputType.SECRET),
        (("Strnig", "", ":", "List", "::string"), None),
    ],
)
def test_types_have_many_spellings(spellings: tuple[str, ...], kind: InputType | None) -> None:
    assert {type_named(spelling) for spelling in spellings} == {kind}


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (InputType.STRING, "010", "010"),
        (InputType.STRING, "", ""),
        (InputType.SECRET, " s ", " s "),
        (InputType.ANY, "[1]", "[1]"),
        (InputType.INTEGER, "10", 10),
        (InputType.INTEGER, "-1_000", -1000),
        (InputType.INTEGER, "+0x1F", 31),
        (InputType.INTEGER, "0b1_01", 5),
        (InputType.INTEGER, "010", 8),
        (InputType.INTEGER, "0", 0),
        (InputType.FLOAT, "10", 10.0),
        (InputType.FLOAT, "-.5", -0.5),
        (InputType.FLOAT, "1_0.5e-1", 1.05),
        (InputType.NUMERIC, "0x10", 16),
        (InputType.NUMERIC, "1e3", 1000.0),
        (InputType.BOOLEAN, "true", True),
        (InputType.BOOLEAN, "YES", True),
        (InputType.BOOLEAN, "no", False),
        (InputType.BOOLEAN, "0", False),
        (InputType.ARRAY, "a", ["a"]),
        (InputType.ARRAY, "a,b", ["a,b"]),
        (InputType.ARRAY, '["a", 1]', ["a", 1]),
        (InputType.HASH, '{"a": [1]}', {"a": [1]}),
    ],
)
def test_texts_become_values(kind: InputType, text: str, value: object) -> None:
    found = value_of_text(kind, text)

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        (
            InputType.INTEGER,
            ("", "1.5", "1__0", "_1", "08", "0x", "1e3", "\u0661", "9" * 201),
        ),
        (InputType.FLOAT, ("", "nan", "inf", "1e999", "0x1", ".", "1.5.2", "9" * 300)),
        (InputType.NUMERIC, ("", "1/3", "x")),
        (InputType.BOOLEAN, ("", "maybe", "2")),
        (InputType.ARRAY, ("[1", "[NaN]", "[" * 5000)),
        (InputType.HASH, ("", "a=1", "[1]", "{", '{"a": Infinity}', '{"a":' * 5000)),
    ],
)
def test_texts_that_are_not_of_the_type_are_refused(
    kind: InputType, texts: tuple[str, ...]
) -> None:
    for text in texts:
        with pytest.raises(InputError, match="is not "):
            value_of_text(kind, text)


def test_a_repeated_option_is_a_list_or_its_last_value() -> None:
    assert value_of_texts(InputType.ARRAY, ["a", "[1]", "a,b"]) == ["a", "[1]", "a,b"]
    assert value_of_texts(InputType.INTEGER, ["1", "2"]) == 2


@pytest.mark.parametrize(
    ("kind", "stored", "value"),
    [
        (InputType.INTEGER, "10", 10),
        (InputType.INTEGER, 10, 10),
        (InputType.BOOLEAN, "false", False),
        (InputType.ARRAY, "a, b ,c", ["a", "b", "c"]),
        (InputType.ARRAY, " ", []),
        (InputType.ARRAY, "[1, 2]", [1, 2]),
        (InputType.ARRAY, [1], [1]),
        (InputType.HASH, '{"a": 1}', {"a": 1}),
        (InputType.STRING, "10", "10"),
        (InputType.STRING, 10, 10),
        (InputType.ANY, "10", "10"),
    ],
)
def test_texts_of_stores_become_values(kind: InputType, stored: object, value: object) -> None:
    assert value_of_stored(kind, stored) == value


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        (InputType.STRING, ("", "a"), (1, True, None, ["a"], {})),
        (InputType.SECRET, ("a",), (1, None)),
        (InputType.INTEGER, (0, -5, 10**30), (1.0, True, "1", None)),
        (InputType.FLOAT, (0, 1.5), (True, "1", math.nan, math.inf, 10**400)),
        (InputType.NUMERIC, (0, 1.5), (False, "1", math.inf)),
        (InputType.BOOLEAN, (True, False), (0, 1, "true", None)),
        (InputType.ARRAY, ([], ["a"], ("a",)), ("a", {}, None)),
        (InputType.HASH, ({}, {"a": 1}), ([], "{}", None)),
        (InputType.ANY, (1, None, "a", [], {}), ()),
    ],
)
def test_values_are_of_a_type_or_not(
    kind: InputType, right: tuple[object, ...], wrong: tuple[object, ...]
) -> None:
    for value in right:
        assert typed(kind, value) == value
    for value in wrong:
        with pytest.raises(InputError, match=f"not {type_words(value)}"):
            typed(kind, value)


def test_a_whole_number_becomes_a_float_where_one_is_wanted() -> None:
    assert isinstance(typed(InputType.FLOAT, 3), float)


@given(st.integers(-(10**40), 10**40))
def test_every_way_to_write_a_whole_number_gives_it_back(number: int) -> None:
    sign, size = "-" if number < 0 else "", abs(number)

    for text in (
        str(number),
        f"{number:_}",
        f"{sign}0x{size:x}",
        f"{sign}0b{size:b}",
        f"{sign}0{size:o}",
    ):
        if len(text) <= 200:
            assert value_of_text(InputType.INTEGER, text) == number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_is_read_as_python_writes_it(number: float) -> None:
    assert value_of_text(InputType.FLOAT, str(number)) == number


@given(st.sampled_from(InputType), st.text())
def test_any_text_is_a_value_of_the_type_or_refused(kind: InputType, text: str) -> None:
    for read in (value_of_text, value_of_stored):
        try:
            value = read(kind, text)
        except InputError as error:
            assert error.problem.startswith("is not ")  # noqa: PT017 - either is fine
        else:
            assert typed(kind, value) == value


LEAVES = st.text() | st.integers(-(10**9), 10**9) | st.booleans()


@given(
    st.tuples(st.just(InputType.STRING), st.text())
    | st.tuples(st.just(InputType.INTEGER), st.integers(-(10**40), 10**40))
    | st.tuples(st.just(InputType.FLOAT), st.floats(allow_nan=False, allow_infinity=False))
    | st.tuples(st.just(InputType.BOOLEAN), st.booleans())
    | st.tuples(st.just(InputType.ARRAY), st.lists(LEAVES))
    | st.tuples(st.just(InputType.HASH), st.dictionaries(st.text(), LEAVES))
)
def test_what_a_store_of_texts_keeps_comes_back(kept: tuple[InputType, object]) -> None:
    kind, value = kept

    assert value_of_stored(kind, stored_text(value)) == value
    assert isinstance(json.dumps(value), str)
