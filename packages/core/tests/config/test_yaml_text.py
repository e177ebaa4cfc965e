"""YAML text into nodes: places, types, anchors, and what is wrong."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from choria_core.config.yaml_nodes import ListNode, MapNode, ScalarNode, plain
from choria_core.config.yaml_text import TAG, read_yaml, tag_of


def _plain(text: str) -> object:
    document = read_yaml(text)
    assert document.problems == ()
    assert document.root is not None
    return plain(document.root)


def _problems(text: str) -> list[str]:
    return [str(problem) for problem in read_yaml(text, file="f.yaml").problems]


def test_every_node_knows_its_line_and_column() -> None:
    root = read_yaml("a: 1\nb:\n  - x\n  - {c: y}\n", file="f.yaml").root

    assert isinstance(root, MapNode)
    items = root.get("b")
    assert isinstance(items, ListNode)
    inner = items.items[1]
    assert isinstance(inner, MapNode)
    assert [str(entry.location) for entry in root.entries] == ["f.yaml:1:1", "f.yaml:2:1"]
    assert str(items.items[0].location) == "f.yaml:3:5"
    assert str(inner.entries[0].location) == "f.yaml:4:6"
    assert str(inner.entries[0].value.location) == "f.yaml:4:9"
    assert root.get("absent") is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("-1_000", -1000),
        ("010", 8),
        ("0o10", 8),
        ("0x1F", 31),
        ("0b101", 5),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("-.inf", float("-inf")),
        ("yes", True),
        ("y", True),
        ("On", True),
        ("FALSE", False),
        ("n", False),
        ("~", None),
        ("null", None),
        ("08", "08"),
        ("1:30", "1:30"),
        ("2026-11-23", "2026-11-23"),
        ("2026-11-23T10:00:00Z", "2026-11-23T10:00:00Z"),
        ("'12'", "12"),
        ('"yes"', "yes"),
        ("!!str 12", "12"),
        ("=", "="),
    ],
)
def test_scalars_are_typed_as_the_originals_do(text: str, value: object) -> None:
    assert _plain(f"k: {text}\n") == {"k": value}


@pytest.mark.parametrize("word", ["y", "n", "yes", "no", "on", "off", "true", "false"])
def test_truths_may_be_written_in_capitals(word: str) -> None:
    assert {tag_of(form) for form in (word, word.upper(), word.capitalize())} == {f"{TAG}bool"}


@pytest.mark.parametrize("word", ["", "~", "null", "Null", "NULL"])
def test_nothing_is_written_in_five_ways(word: str) -> None:
    assert tag_of(word) == f"{TAG}null"


@pytest.mark.parametrize("word", ["+1", "0", "1", "-2", "+.5", ".5", "3.", "-.inf", ".NaN", "9e9"])
def test_numbers_may_begin_with_a_sign_or_a_dot(word: str) -> None:
    assert tag_of(word) in {f"{TAG}int", f"{TAG}float"}


def test_keys_are_text_whatever_they_look_like() -> None:
    assert _plain("1: a\nyes: b\n~: c\n") == {"1": "a", "yes": "b", "~": "c"}


def test_a_quoted_value_is_told_from_a_plain_one() -> None:
    root = read_yaml("[a, 'b', \"c\"]").root

    assert isinstance(root, ListNode)
    quoted = [item.quoted for item in root.items if isinstance(item, ScalarNode)]
    assert quoted == [False, True, True]


def test_an_alias_stands_for_what_was_anchored() -> None:
    assert _plain("a: &x {n: 1}\nb: *x\n") == {"a": {"n": 1}, "b": {"n": 1}}


def test_merged_keys_give_way_to_own_ones_and_to_earlier_merges() -> None:
    text = "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc:\n  z: 3\n  <<: [*a, *b]\n"

    assert _plain(text) == {
        "a": {"x": 1, "y": 1},
        "b": {"y": 2, "z": 2},
        "c": {"z": 3, "x": 1, "y": 1},
    }


def test_an_empty_text_has_no_root_and_no_problem() -> None:
    for text in ("", "\n\n", "# only a comment\n", "---\n..."):
        document = read_yaml(text)

        assert document.problems == ()
        assert document.root is None or plain(document.root) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\na: 2\n", ["f.yaml:2:1: a: is given twice, first on line 1; remove one of them"]),
        (
            "m:\n  'x.y': 1\n  'x.y': 2\n",
            ['f.yaml:3:3: m["x.y"]: is given twice, first on line 2; remove one of them'],
        ),
        (
            "a: 1\n<<: *b\n",
            [
                (
                    "f.yaml:2:5: this is not YAML: found undefined alias 'b'; "
                    "check indentation, quotes and brackets here and on the line before"
                )
            ],
        ),
        (
            "<<: 3\n",
            ["f.yaml:1:1: <<: takes a map or a list of maps; name an anchored map: <<: *defaults"],
        ),
        (
            "a: !vault x\nb: !!python/object:os.system {}\n",
            [
                "f.yaml:1:4: a: has the unknown tag !vault; remove the tag",
                "f.yaml:2:4: b: has the unknown tag !!python/object:os.system; remove the tag",
            ],
        ),
        (
            "url: {{ host }}\n",
            [
                (
                    "f.yaml:1:7: url: has a key that is no plain text; write the key as text; "
                    "a value that begins with { or [ needs quotes"
                )
            ],
        ),
        ("a: &a [*a]\n", ["f.yaml:1:4: a[0]: contains itself; remove the alias inside it"]),
        (
            "a: 1\n---\nb: 1\n",
            ["f.yaml:2:1: a second document begins here; keep one document in a file"],
        ),
        (
            "a: 1\n\tb: 2\n",
            [
                (
                    "f.yaml:2:1: this is not YAML: while scanning for the next token, found "
                    "character '\\t' that cannot start any token; "
                    "indent with spaces, never with tabs"
                )
            ],
        ),
        (
            "a: b: c\n",
            [
                (
                    "f.yaml:1:5: this is not YAML: mapping values are not allowed here; "
                    'put a text that holds ": " in quotes, and check the indentation'
                )
            ],
        ),
        (
            "a: 1\nb: x\x01\n",
            [
                (
                    "f.yaml:2:5: the character U+0001 is not allowed in YAML; "
                    "remove it, or write it as an escape in double quotes"
                )
            ],
        ),
        (
            'a: "\\UFFFFFFFF"\n',
            ["f.yaml:1:7: a number or an escape here is out of range; correct it"],
        ),
    ],
)
def test_what_is_wrong_is_named_with_line_and_fix(text: str, expected: list[str]) -> None:
    assert _problems(text) == expected


@pytest.mark.parametrize("text", ["[" * 5000, "a: " + "[" * 150 + "]" * 150])
def test_nesting_without_end_is_refused(text: str) -> None:
    [problem] = _problems(text)

    assert "make it flatter" in problem


def test_nesting_through_aliases_is_refused_too() -> None:
    lines = ["a0: &a0 []", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 300))]

    problems = _problems("\n".join(lines))

    assert all("has more than 100 levels below it" in problem for problem in problems)
    assert problems


def test_shared_parts_stay_shared_so_that_they_cannot_explode() -> None:
    lines = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60))]

    value = _plain("\n".join(lines))

    assert isinstance(value, dict)
    assert value["a59"][0] is value["a59"][1]


PIECES = (
    *("a", "b: ", "- ", "\n", "\n  ", "[", "]", "{", "}", ", ", "&x ", "*x", "<<: ", "!!int "),
    *("!t ", "'", '"', "|\n", ">\n", "# c\n", "---\n", "...\n", "? ", "1.5", "0x_", "~"),
)
SNIPPETS = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)


@given(st.text() | SNIPPETS)
@example("%YAML 1." + "9" * 5000 + "\n---\na")
@example("!!int foo")
@example("!!float foo")
@example("!!bool foo")
@example("\ud800")
@example("\ufeff")
@example("!<!> a")
def test_any_text_gives_a_tree_or_problems(text: str) -> None:
    document = read_yaml(text)

    if document.root is not None:
        plain(document.root)
    for problem in document.problems:
        assert "\n" not in str(problem)
        assert problem.text
        assert problem.fix


@pytest.mark.parametrize("text", ['a: "\\ud800"', '"\\udcff": 1', 'a: ["\\ud83d\\ude00"]'])
def test_half_a_character_is_a_problem(text: str) -> None:
    (problem,) = read_yaml(text).problems

    assert "holds an escape that is no character" in str(problem)
