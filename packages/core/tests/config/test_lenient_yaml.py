"""YAML of other programs: what is passed over, what is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_core.config.lenient_yaml import read_lenient_yaml
from choria_core.config.problems import InvalidConfigError, Problem


@pytest.mark.parametrize(
    ("text", "value", "odd"),
    [
        ("a: !ruby/sym foo", "foo", "f.yaml:1:4: a: has the unknown tag !ruby/sym, which"),
        ("a: !ruby/sym 5", 5, "f.yaml:1:4: a: has the unknown tag !ruby/sym"),
        ("a: !ruby/sym '5'", "5", "f.yaml:1:4: a: has the unknown tag !ruby/sym"),
        ("a: !ruby/object:Foo {n: 1}", {"n": 1}, "the unknown tag !ruby/object:Foo"),
        ("a: !!python/object/apply:os.system [id]", ["id"], "!!python/object/apply:os.system"),
        ("a: 1\na: 2", 2, "f.yaml:2:1: a: is given twice; the last one counts"),
        ("a: 1\n---\na: 2", 1, "f.yaml:2:4: a second document begins here and is not read"),
        ("a: 1\n---\n{{{", 1, "a second document"),
        ("{? [x] : 2, a: 1}", 1, "f.yaml:1:4: this has a key that is no plain text"),
        ("a: &x [*x]", [None], "a[0]: contains itself"),
        ("a: {<<: 3, b: 1}", {"b": 1}, "a.<<: is no map to take values from"),
        (r'a: "\ud800"', "\ufffd", "a: holds an escape that is no character"),
    ],
)
def test_what_is_odd_is_told_and_the_rest_read(text: str, value: object, odd: str) -> None:
    document = read_lenient_yaml(text, file="f.yaml")

    assert isinstance(document.value, dict)
    assert document.value["a"] == value
    [oddity] = document.oddities
    assert odd in str(oddity)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("!!binary |\n  aGk\n  h", "aGkh"),
        ("!!set {x, y}", {"x": None, "y": None}),
        ("2026-11-23", "2026-11-23"),
        ("!!timestamp 2026-11-23", "2026-11-23"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("1e999", "1e999"),
        ("18446744073709551615", 2**64 - 1),
        ("18446744073709551616", "18446744073709551616"),
        ("!!int foo", "foo"),
        ("~", None),
        ("yes", True),
        ("{1: x, yes: z}", {"1": "x", "yes": "z"}),
        ("{x: &b {p: 1, q: 2}, y: {<<: *b, q: 3}}", {"x": {"p": 1, "q": 2}, "y": {"p": 1, "q": 3}}),
    ],
)
def test_values_are_what_json_can_hold(text: str, value: object) -> None:
    document = read_lenient_yaml(f"a: {text}\n")

    assert document.value == {"a": value}
    assert document.oddities == ()


def _laughs(last: str) -> str:
    lines = [f"a0: &a0 {last}"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    return "\n".join(lines)


def _merges() -> str:
    many = ", ".join(f"k{n}: 1" for n in range(1000))
    return f"a: &a {{{many}}}\nb: [" + ", ".join(["{<<: *a}"] * 1000) + "]"


def _tower() -> str:
    lines = ["a0: &a0 x"]
    lines += [f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 300)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (_laughs("ha"), "once its aliases are written out"),
        (_merges(), "merges more than"),
        (_tower(), "has more than 100 levels below it"),
        ("[" * 5000, "nested too deeply"),
        ("a: *b", "undefined alias"),
        ("a: b: c", "this is not YAML"),
    ],
)
def test_what_cannot_be_read_is_refused(text: str, problem: str) -> None:
    with pytest.raises(InvalidConfigError, match=problem):
        read_lenient_yaml(text)


_PIECES = st.sampled_from(
    [
        *("a", "b: ", "1", "\n", "  ", "- ", "{", "}", "[", "]", ", ", "&x ", "*x", "<<: ", "? "),
        *("!t ", "!!set ", "!!binary ", "!!int ", "!!null ", "'", '"', "---\n", "...\n", ".inf"),
        *("|\n", ": ", "# c\n", "%TAG ! !\n", "9" * 30, r"\ud800", "~", "2026-01-01", "\t"),
    ]
)


@given(st.one_of(st.text(), st.lists(_PIECES).map("".join)))
def test_any_text_gives_json_or_a_problem(text: str) -> None:
    oddities: tuple[Problem, ...] = ()
    value: object = None
    try:
        document = read_lenient_yaml(text, file="f.yaml")
        value, oddities = document.value, document.oddities
    except InvalidConfigError as error:
        oddities = error.problems

    assert json.loads(json.dumps(value, allow_nan=False, ensure_ascii=False).encode()) == value
    assert all(oddity.file == "f.yaml" and oddity.text for oddity in oddities)
