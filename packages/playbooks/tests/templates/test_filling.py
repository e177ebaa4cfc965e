"""Filling templates in."""

import asyncio
import uuid
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_core.config.problems import Location
from choria_core.config.yaml_nodes import ListNode, MapNode, Node, ScalarNode, plain
from choria_core.config.yaml_text import read_yaml
from choria_core.errors import ConfigError, RequestTimeoutError
from choria_playbooks.templates.dialect import LEGACY, STRICT
from choria_playbooks.templates.errors import TemplateError
from choria_playbooks.templates.filling import MOST_NODES, fill, fill_text, markers_in, node_of
from choria_playbooks.templates.marker import Form, Marker
from choria_playbooks.templates.resolver import part_of

HERE = Location("book.yaml", 3, 7)


class Known:
    """Inputs of given values; each marker that was asked for is kept."""

    def __init__(self, values: Mapping[str, Any], dialect: int = LEGACY) -> None:
        self.dialect = dialect
        self.asked: list[str] = []
        self._values = values

    async def value(self, marker: Marker) -> object:
        await asyncio.sleep(0)
        self.asked.append(marker.words)
        if marker.form is Form.UUID:
            return str(uuid.uuid4())
        if marker.name == "slow":
            raise RequestTimeoutError("store", 1)
        if marker.name not in self._values:
            raise ConfigError(f"there is no input {marker.name}")
        return part_of(self._values[marker.name], marker)


def nodes(text: str) -> Node:
    document = read_yaml(text, file="book.yaml")
    assert not document.problems
    assert document.root is not None
    return document.root


def filled(text: str, dialect: int = LEGACY, **values: Any) -> object:
    return plain(asyncio.run(fill(nodes(text), Known(values, dialect))))


VALUES: tuple[object, ...] = (
    "a", "", 7, -1, 0.5, 1e30, True, False, None, [], ["a", 1, [True]], {}, {"a": {"b": [None]}},
    "{{ inputs.v }}", "yes", "010", "~", "- a", "3",
)  # fmt: skip


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("marker", ["{{ inputs.v }}", "{{{input.v}}}"])
def test_a_marker_alone_keeps_the_type_of_its_value(value: object, marker: str) -> None:
    found = filled(f"a: ['{marker}']", v=value)

    assert found == {"a": [value]}
    assert type(found["a"][0]) is type(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("b", "b"),
        (7, "7"),
        (1.5, "1.5"),
        (True, "true"),
        (False, "false"),
        (None, ""),
        (["a", 1, True, None, ["b"]], "a, 1, true, , b"),
        ({"a": [1, None], "ü": "x"}, '{"a":[1,null],"ü":"x"}'),
        ([{"a": 1}, {"b": 2}], '{"a":1}, {"b":2}'),
        ("{{ inputs.v }}", "{{ inputs.v }}"),
    ],
)
def test_within_a_text_values_become_text(value: object, text: str) -> None:
    assert filled("a: 'x{{ inputs.v }}y'", v=value) == {"a": f"x{text}y"}


def test_a_line_of_a_text_that_is_a_marker_is_replaced_alone() -> None:
    text = "a: |\n  first\n  {{ inputs.v }}\n  last\n"

    assert filled(text, v="middle") == {"a": "first\nmiddle\nlast\n"}


def test_a_text_that_begins_and_ends_with_a_marker_is_a_text() -> None:
    assert filled("a: '{{ inputs.v }} {{ inputs.v }}'", v=[1, 2]) == {"a": "1, 2 1, 2"}


def test_space_around_a_marker_makes_it_a_text() -> None:
    assert filled("a: ' {{ inputs.v }}'", v=[1, 2]) == {"a": " 1, 2"}


def test_keys_are_not_filled_in() -> None:
    assert filled("'{{ inputs.v }}': '{{ inputs.v }}'", v=1) == {"{{ inputs.v }}": 1}


def test_nodes_without_markers_come_back_as_they_are() -> None:
    node = nodes("a: {b: [1, '{{ .Foo }}', {c: d}], e: '{{ inputs.v }}'}")

    found = asyncio.run(fill(node, Known({"v": 2})))

    assert isinstance(node, MapNode)
    assert isinstance(found, MapNode)
    before, after = node.get("a"), found.get("a")
    assert isinstance(before, MapNode)
    assert isinstance(after, MapNode)
    items, kept = before.get("b"), after.get("b")
    assert isinstance(items, ListNode)
    assert isinstance(kept, ListNode)
    assert [one is other for one, other in zip(items.items, kept.items, strict=True)] == [True] * 3
    assert asyncio.run(fill(items.items[2], Known({}))) is items.items[2]


def test_places_in_the_file_are_kept() -> None:
    node = nodes("a:\n  - '{{ inputs.v }}'\n")

    found = asyncio.run(fill(node, Known({"v": {"b": [1]}})))

    assert isinstance(found, MapNode)
    assert found.entries[0].location == Location("book.yaml", 1, 1)
    items = found.entries[0].value
    assert isinstance(items, ListNode)
    assert items.items[0].location == Location("book.yaml", 2, 5)
    assert isinstance(items.items[0], MapNode)
    assert items.items[0].entries[0].value.location == Location("book.yaml", 2, 5)


def test_texts_that_come_of_values_are_text_whatever_they_look_like() -> None:
    node = asyncio.run(fill(nodes("'{{ inputs.v }}'"), Known({"v": "yes"})))

    assert node == ScalarNode("yes", "text", quoted=True, location=Location("book.yaml", 1, 1))


def test_what_a_marker_gave_can_be_changed_without_changing_the_value() -> None:
    value = {"a": [1]}

    found = asyncio.run(fill_text("{{ inputs.v }}", Known({"v": value})))

    assert found == value
    found["a"].append(2)
    assert value == {"a": [1]}


def test_each_marker_is_asked_for_each_time_in_the_order_of_the_book() -> None:
    known = Known({"a": 1, "b": 2})

    asyncio.run(fill(nodes("x: '{{ inputs.b }}{{ inputs.a }}'\ny: ['{{ inputs.b }}']"), known))

    assert known.asked == ["inputs.b", "inputs.a", "inputs.b"]


def test_shared_parts_are_filled_in_each_time() -> None:
    found = filled("a: &one {id: '{{ uuid }}'}\nb: *one\nc:\n  <<: *one\n")

    assert isinstance(found, dict)
    assert len({found[key]["id"] for key in "abc"}) == 3


def test_an_error_names_the_line_and_the_marker() -> None:
    with pytest.raises(
        TemplateError, match=r"book\.yaml:2:6: \{\{ inputs\.v \}\}: there is no input v"
    ):
        filled("a:\n  b: 'x {{ inputs.v }}'")


def test_errors_of_stores_keep_their_kind() -> None:
    with pytest.raises(RequestTimeoutError):
        filled("a: '{{ inputs.slow }}'")


def test_paths_go_on_into_values_in_strict_books() -> None:
    values = {"v": {"a": [{"b": 5}]}}

    assert filled("x: '{{ inputs.v.a.0.b }}'", STRICT, **values) == {"x": 5}
    assert filled("x: '{{ inputs.v.a.0.b }}'", LEGACY, **values) == {"x": "{{ inputs.v.a.0.b }}"}
    with pytest.raises(TemplateError, match=r"inputs\.v\.a has nothing called 1"):
        filled("x: '{{ inputs.v.a.1.b }}'", STRICT, **values)


@pytest.mark.parametrize("value", [object(), {(): 1}, b"x"])
def test_what_yaml_cannot_say_is_refused(value: object) -> None:
    with pytest.raises(TemplateError, match=r"book\.yaml:3:7: .* has no form in YAML"):
        node_of(value, HERE)


def test_values_that_are_too_deep_or_too_large_are_refused() -> None:
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]

    with pytest.raises(TemplateError, match="nested too deeply"):
        filled("a: '{{ inputs.v }}'", v=deep)
    with pytest.raises(TemplateError, match="nested too deeply"):
        filled("a: 'x {{ inputs.v }}'", v=deep)
    with pytest.raises(TemplateError, match="too large"):
        node_of(10**5000, HERE)


def test_aliases_do_not_make_more_work_than_allowed() -> None:
    lines = ["a0: &a0 ['{{ inputs.v }}', '{{ inputs.v }}']"]
    lines += [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]" for n in range(1, 12)]

    with pytest.raises(TemplateError, match=f"more than {MOST_NODES} values"):
        filled("\n".join(lines), v=1)
    assert len(list(markers_in(nodes("\n".join(lines)), LEGACY))) == 2


def test_markers_are_found_with_their_places() -> None:
    found = list(
        markers_in(nodes("a: '{{ inputs.x }}{{ uuid }}'\nb:\n  - 5\n  - '{{ nodes.y }}'"), LEGACY)
    )

    assert [(marker.words, place.line) for marker, place in found] == [
        ("inputs.x", 1),
        ("uuid", 1),
        ("nodes.y", 4),
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_a_value_comes_through_nodes_unchanged(value: object) -> None:
    assert plain(node_of(value, HERE)) == value


@given(JSON, st.text(alphabet=st.characters(exclude_characters="{}")))
def test_any_value_can_stand_in_a_text_and_is_looked_at_once(value: object, text: str) -> None:
    known = Known({"v": value})

    found = asyncio.run(fill_text(f"-{text}{{{{ inputs.v }}}}{text}", known))

    assert isinstance(found, str)
    assert found.startswith(f"-{text}")
    assert found.endswith(text)
    assert known.asked == ["inputs.v"]


@given(JSON)
def test_what_has_no_markers_is_returned_itself(value: object) -> None:
    node = node_of(value, HERE)
    known = Known({})

    if not list(markers_in(node, STRICT)):
        assert asyncio.run(fill(node, known)) == node
    assert known.asked == []
