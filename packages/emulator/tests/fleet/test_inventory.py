"""Files with facts of real nodes."""

import json
from pathlib import Path

import pytest

from choria_core.discovery.inventory_file import SCHEMA
from choria_core.errors import ConfigError, WorkError
from choria_emulator.fleet.inventory import read_inventory_facts
from choria_emulator.fleet.recipes import InventoryFacts

NODES = InventoryFacts(({"x": 1}, {"x": {"y": 2}}), (("a", "b"), ()))


def _node(name: str, x: object, *classes: str) -> dict[str, object]:
    return {"name": name, "facts": {"x": x}, "classes": classes, "collectives": [], "agents": []}


def _reply(name: str, x: object, *classes: str) -> dict[str, object]:
    data = {"facts": {"x": x}, "classes": classes, "agents": [], "version": "1"}
    return {"sender": name, "statuscode": 0, "statusmsg": "OK", "data": data}


FAILED = {"sender": "n3", "statuscode": 5, "statusmsg": "broken", "data": {}}
INVENTORY = {"$schema": SCHEMA, "nodes": [_node("n1", 1, "a", "b"), _node("n2", {"y": 2})]}
CALL = {
    "agent": "rpcutil",
    "action": "inventory",
    "replies": [_reply("n1", 1, "a", "b"), FAILED, _reply("n2", {"y": 2})],
    "request_stats": {"requestid": "1"},
    "summaries": {},
}
LINES = [
    {"k": "discovery", "dm": "mc"},
    {"k": "result", "rr": _reply("n1", 1, "a", "b")},
    {"k": "result", "rr": FAILED},
    {"k": "result", "rr": _reply("n2", {"y": 2})},
    {"k": "summaries", "agg": {}},
]


@pytest.mark.parametrize(
    "document",
    [
        INVENTORY,
        CALL,
        INVENTORY["nodes"],
        {"n1": _node("", 1, "a", "b"), "n2": _node("", {"y": 2})},
    ],
)
@pytest.mark.parametrize("name", ["nodes.json", "nodes.yaml"])
def test_nodes_are_found_wherever_they_stand(tmp_path: Path, name: str, document: object) -> None:
    path = tmp_path / name
    path.write_text(json.dumps(document, indent=3))

    assert read_inventory_facts(path) == NODES


@pytest.mark.parametrize("name", ["nodes.jsonl", "nodes.json"])
def test_lines_of_json_are_taken_whatever_the_file_is_called(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("".join(json.dumps(line) + "\n" for line in LINES))

    assert read_inventory_facts(path) == NODES


@pytest.mark.parametrize(
    "document",
    [[{"x": 1}, {"x": {"y": 2}}], {"n1": {"x": 1}, "n2": {"x": {"y": 2}}}],
)
def test_facts_may_stand_alone(tmp_path: Path, document: object) -> None:
    path = tmp_path / "facts.json"
    path.write_text(json.dumps(document))

    assert read_inventory_facts(path) == InventoryFacts(({"x": 1}, {"x": {"y": 2}}))


def test_facts_of_one_node_are_one_node(tmp_path: Path) -> None:
    path = tmp_path / "facts.yaml"
    path.write_text("os: {family: Debian}\nkernel: Linux\n")

    assert read_inventory_facts(path).rows == ({"os": {"family": "Debian"}, "kernel": "Linux"},)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is not JSON"),
        ("{", "is not JSON"),
        ("3", "holds no node with facts"),
        ("[]", "holds no node with facts"),
        ("{}", "holds no node with facts"),
        ('[{"facts": 3}]', "must be a mapping, not .3"),
        ('{"a": 1}\n{"a": \n', "nodes.json:2 is not JSON"),
        (json.dumps({"replies": [FAILED]}), "holds no node with facts"),
    ],
)
def test_a_file_without_facts_is_refused(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "nodes.json"
    path.write_text(text)

    with pytest.raises(WorkError, match=words):
        read_inventory_facts(path)


def test_a_file_that_is_not_there_is_a_setting_to_change(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_inventory_facts(tmp_path / "nodes.json")
