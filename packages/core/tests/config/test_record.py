"""Nodes into a record where some values are known only later."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated

import pytest

from choria_core.config.problems import Location
from choria_core.config.record import BROKEN, LATER, RecordReader
from choria_core.config.schema import Setting, describe
from choria_core.config.yaml_nodes import Entry, ListNode, MapNode, Node, ScalarNode
from choria_core.config.yaml_text import read_yaml


@dataclass(frozen=True, slots=True, kw_only=True)
class _Inner:
    size: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    command: Annotated[str, Setting("what is run")]
    tries: int = 1
    names: tuple[str, ...] = ()
    sizes: Mapping[str, int] = field(default_factory=dict)
    inner: _Inner = field(default_factory=_Inner)
    anything: object = None


def _is_later(node: Node) -> bool:
    match node:
        case ScalarNode():
            return "{{" in node.text
        case ListNode():
            return any(_is_later(item) for item in node.items)
        case MapNode():
            return False


def _read(text: str, beside: tuple[str, ...] = ()) -> tuple[object, list[str]]:
    reader = RecordReader(_Options, unknown="error", is_later=_is_later, beside=beside)
    value = reader.record(_Options, read_yaml(text).root, "", Location("f.yaml", 1, 1))
    return value, [str(problem) for problem in reader.problems]


def test_a_record_whose_values_are_all_known_is_made() -> None:
    assert _read("command: ls\ntries: 2\n") == (_Options(command="ls", tries=2), [])


def test_values_that_come_later_are_neither_right_nor_wrong() -> None:
    text = 'command: ls {{x}}\ntries: "{{n}}"\nnames: "{{l}}"\nsizes: {a: "{{s}}"}\n'
    assert _read(text) == (LATER, [])
    assert _read('command: ls\ninner: {size: "{{n}}"}\n') == (LATER, [])
    assert _read('command: ls\ninner: "{{n}}"\n') == (LATER, [])


def test_other_values_beside_them_are_checked() -> None:
    value, problems = _read('command: ls {{x}}\ntries: many\nsizes: {a: "{{s}}", b: c}\n')
    assert value is BROKEN
    assert len(problems) == 2
    assert "tries: must be a whole number" in problems[0]
    assert "sizes.b: must be a whole number" in problems[1]


def test_a_required_key_is_missed_although_others_come_later() -> None:
    value, problems = _read('names: "{{l}}"\n')
    assert value is BROKEN
    assert "command: is required but missing" in problems[0]


def test_keys_known_around_the_record_are_suggested() -> None:
    _, problems = _read("command: ls\nregistr: x\n", beside=("register",))
    assert "did you mean register?" in problems[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Program:
    command: str | tuple[str, ...]
    environment: Mapping[str, str | None] = field(default_factory=dict)


def _program(text: str) -> tuple[object, list[str]]:
    reader = RecordReader(_Program, unknown="error")
    value = reader.record(_Program, read_yaml(text).root, "", Location("f.yaml", 1, 1))
    return value, [str(problem) for problem in reader.problems]


def test_one_value_may_stand_alone_where_a_list_may_be() -> None:
    assert _program("command: ls -l") == (_Program(command="ls -l"), [])
    assert _program("command: [chmod, 0755]") == (_Program(command=("chmod", "0755")), [])
    _, problems = _program("command: {a: b}")
    assert "command: must be a list, not a block of keys" in problems[0]


def test_names_without_a_value_are_kept_where_a_map_takes_them() -> None:
    value, problems = _program("command: ls\nenvironment: {A: 1.10, B: , C: ''}")
    assert (value, problems) == (
        _Program(command="ls", environment={"A": "1.10", "B": None, "C": ""}),
        [],
    )


def test_both_are_told_in_the_reference() -> None:
    assert [row.type for row in describe(_Program)] == [
        "text or list of text",
        "map of name to text",
    ]


def test_texts_of_a_list_are_known_by_their_places() -> None:
    reader = RecordReader(_Options, unknown="error")
    node = read_yaml("command: x\nnames:\n  - a\n  - b\n", file="f.yaml").root
    value = reader.record(_Options, node, "", Location("f.yaml", 1, 1))
    assert value == _Options(command="x", names=("a", "b"))
    assert reader.locations.of("names[1]") == Location("f.yaml", 4, 5)


def test_texts_that_came_from_one_place_are_told_there() -> None:
    where = Location("f.yaml", 7, 3)
    items = tuple(ScalarNode(text, "text", quoted=True, location=where) for text in "ab")
    names = Entry("names", ListNode(items, where), where)
    command = Entry("command", ScalarNode("x", "text", quoted=False, location=where), where)
    reader = RecordReader(_Options, unknown="error")
    value = reader.record(_Options, MapNode((command, names), where), "", where)
    assert value == _Options(command="x", names=("a", "b"))
    assert reader.locations.of("names[1]") == where


def test_of_other_lists_each_item_is_looked_at() -> None:
    reader = RecordReader(_Options, unknown="error")
    node = read_yaml("command: x\nnames: [a, [b], {c: d}]\n", file="f.yaml").root
    assert reader.record(_Options, node, "", Location("f.yaml", 1, 1)) is BROKEN
    assert [str(problem).split(": must")[0] for problem in reader.problems] == [
        "f.yaml:2:12: names[1]",
        "f.yaml:2:17: names[2]",
    ]


@dataclass(frozen=True)
class _Crashing:
    def check(self) -> Iterator[tuple[str, str, str]]:
        raise ZeroDivisionError("by zero")


@dataclass(frozen=True)
class _Careless:
    def check(self) -> Iterator[str]:
        yield "a"


@pytest.mark.parametrize("record", [_Crashing, _Careless])
def test_a_record_that_cannot_check_itself_is_refused_where_it_stands(record: type) -> None:
    document = read_yaml("\n{}\n", file="f.yaml")
    assert document.root is not None
    reader = RecordReader(record, unknown="warn")

    value = reader.record(record, document.root, "tasks[0].careless", document.root.location)

    assert value is BROKEN
    [problem] = reader.problems
    assert str(problem).startswith("f.yaml:2:1: tasks[0].careless: ")
