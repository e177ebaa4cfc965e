"""Rules of inputs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_playbooks.inputs.errors import InputError
from choria_playbooks.inputs.validators import validator_of

RIGHT: tuple[tuple[str, tuple[object, ...]], ...] = (
    ("", (1, None, "x", [])),
    (":string", ("", "a", ["a", "b"], [])),
    (":integer", (1, [1, 2])),
    (":float", (1.5,)),
    (":number", (1, 1.5)),
    (":boolean", (True, False)),
    (":hash", ({"a": 1}, [{}])),
    (":shellsafe", ("", "a b 'c' \"d\" (e) -f=g,h", ["a", "b"])),
    (":ipv4address", ("10.0.0.1", "10.0.0.0/8")),
    (":ipv6address", ("::1", "fe80::/10")),
    (":ipaddress", ("10.0.0.1", "::1")),
    (":bolt_task_name", ("a", "a::b_1", "::a")),
    ("/^[a-z]+$/", ("abc", ["a", "b"])),
    ("/b/", ("abc",)),
    ("^a", ("abc",)),
    ("a/b", ("xa/by",)),
    ("/ABC/i", ("xabcx",)),
    (r"/\A\h{4}\Z/", ("00fF",)),
    (r"/^[\h-]+$/", ("a-f",)),
    (r"/\[\h\]/", ("[a]",)),
    (r"/^\d+$/", (12, "12", 0)),
)
WRONG: tuple[tuple[str, tuple[object, ...]], ...] = (
    (":string", (1, None, True, ["a", 1])),
    (":integer", (1.5, "1", True)),
    (":float", (1, "1.5")),
    (":number", ("1", True)),
    (":boolean", (0, "true", None)),
    (":shellsafe", (1, None, *(f"a{one}b" for one in "`$;|&><\n\r\0"), ["a", "b;c"])),
    (":ipv4address", ("::1", "10.0.0.256", "10.0.0.1\n", 1)),
    (":ipv6address", ("10.0.0.1", "")),
    (":ipaddress", ("host",)),
    (":bolt_task_name", ("A", "a::B", "a b", "a\n")),
    ("/^[a-z]+$/", ("abc\n", "abc\nx;y", "ABC", ["a", "B"], None, True, {})),
    (r"/\A\h{4}\Z/", ("00fg", "00ff\n")),
)


@pytest.mark.parametrize(("rule", "values"), RIGHT)
def test_values_pass(rule: str, values: tuple[object, ...]) -> None:
    assert [validator_of(rule)(value) for value in values] == [""] * len(values)


@pytest.mark.parametrize(("rule", "values"), WRONG)
def test_values_do_not_pass(rule: str, values: tuple[object, ...]) -> None:
    assert all(validator_of(rule)(value) for value in values)


def test_a_list_names_the_value_that_is_wrong() -> None:
    assert validator_of(":shellsafe")(["a", "b;c"]) == "must not contain ; (value 2 of the list)"
    assert validator_of(":shellsafe")("a\nb") == "must not contain line ends"
    assert validator_of("/^a/")("b") == "does not match ^a"


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        (":shelsafe", "there is no rule :shelsafe; did you mean :shellsafe?"),
        (":xyzzy", "there is no rule :xyzzy; known: :string, "),
        (":regex", r"needs an argument, .*; write the pattern itself"),
        (":length", "needs an argument"),
        (":array", "needs an argument"),
        (":typecheck", "needs an argument"),
        ("/(/", "not a usable pattern"),
        ("/(?=a)/", "not a usable pattern.*look-around"),
        ("(a+)+" * 200, "a pattern of more than 512 bytes"),
    ],
)
def test_what_is_no_rule_is_refused(rule: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        validator_of(rule)


def test_a_pattern_takes_time_in_proportion_to_the_text() -> None:
    assert validator_of("/^(a+)+$/")("a" * 10_000 + "b")


@given(st.text())
def test_what_is_safe_in_a_shell_holds_nothing_that_ends_a_command(text: str) -> None:
    assert bool(validator_of(":shellsafe")(text)) is any(one in text for one in "`$;|&><\n\r\0")


@given(
    st.text(max_size=40),
    st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text()),
)
def test_any_text_is_a_rule_or_refused(rule: str, value: object) -> None:
    try:
        validator = validator_of(rule)
    except InputError:
        return
    assert isinstance(validator(value), str)
