"""YAML written for Ruby: texts that begin with a colon, letters that are no booleans."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from choria_core.config.ruby_yaml import read_ruby_yaml
from choria_core.config.yaml_nodes import plain


def _plain(text: str) -> object:
    document = read_ruby_yaml(text)
    assert document.problems == ()
    return None if document.root is None else plain(document.root)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{validation: :shellsafe}", {"validation": ":shellsafe"}),
        ("[:a, :b]", [":a", ":b"]),
        ("[:a]", [":a"]),
        ("[ ::a ]", ["::a"]),
        ("{:a: 1}", {":a": 1}),
        ("{:a: :b, c: [:d]}", {":a": ":b", "c": [":d"]}),
    ],
)
def test_a_text_in_brackets_may_begin_with_a_colon_and_is_warned_of(
    text: str, value: object
) -> None:
    assert _plain(text) == value
    warnings = read_ruby_yaml(text, file="f.yaml").warnings
    assert str(warnings[0]).startswith("f.yaml:1:")
    assert "put it in quotes" in str(warnings[0])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a":1}', {"a": 1}),
        ("{'a':[b]}", {"a": ["b"]}),
        ("{a: 1}", {"a": 1}),
        ("{a:b}", {"a:b": None}),
        ("{a :b}", {"a :b": None}),
        ("a: :b\n:c: d\n", {"a": ":b", ":c": "d"}),
        ('["x":y]', [{"x": "y"}]),
    ],
)
def test_other_colons_mean_what_they_meant(text: str, value: object) -> None:
    assert _plain(text) == value
    assert read_ruby_yaml(text).warnings == ()


@pytest.mark.parametrize(
    ("text", "value"),
    [("y", "y"), ("n", "n"), ("Y", "Y"), ("yes", True), ("off", False), ("True", True)],
)
def test_letters_are_texts_and_words_are_booleans(text: str, value: object) -> None:
    assert _plain(text) == value


def test_of_a_key_given_twice_the_last_counts_with_a_warning() -> None:
    document = read_ruby_yaml("a: 1\nb: 2\na: 3\n", file="f.yaml")
    assert _plain("a: 1\nb: 2\na: 3\n") == {"a": 3, "b": 2}
    assert [str(warning) for warning in document.warnings] == [
        "f.yaml:3:1: a: is given twice, first on line 1; the last one counts; remove the first"
    ]


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, "[" * 100_000 + "]" * 100_000, "a: " + "{b: " * 50_000, "? " * 50_000],
    ids=["open", "closed", "maps", "keys"],
)
def test_very_deep_texts_are_refused(text: str) -> None:
    (problem,) = read_ruby_yaml(text).problems
    assert problem.text


_TEXTS = st.lists(
    st.sampled_from(
        [
            *("a: ", "b:\n", "  c: ", "- ", "  - ", "    - ", "y", "yes", "12", "~", "'q: r'"),
            *('"\\u00e9"', "&x ", "*x", "<<: *x", "[a, b]", "{a: b}", "|\n   t\n", "#n\n", "\n"),
        ]
    ),
    max_size=12,
).map("".join)


@given(_TEXTS)
def test_both_parsers_make_the_same_of_a_text(text: str) -> None:
    quick = read_ruby_yaml(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.delattr(yaml, "CSafeLoader")
        slow = read_ruby_yaml(text)
    assert slow.problems or quick == slow


@given(st.text(alphabet=":{}[],\"' \nab-?", max_size=30))
def test_any_text_gives_a_document(text: str) -> None:
    document = read_ruby_yaml(text)
    assert document.problems or document.root is None or plain(document.root) is not Ellipsis
