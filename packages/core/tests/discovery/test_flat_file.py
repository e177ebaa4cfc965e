"""Nodes from files, and from what our own program printed."""

from pathlib import Path

import pytest

from choria_core.discovery.flat_file import find_in_file
from choria_core.discovery.request import DiscoveryRequest
from choria_core.errors import ConfigError, UsageError, WorkError
from choria_core.filters.grammar import parse_filter
from choria_testing import vectors


def found(tmp_path: Path, name: str, text: str, **options: str) -> list[str]:
    file = tmp_path / name
    file.write_text(text)
    return find_in_file(DiscoveryRequest(nodes_file=file, options=options))


def test_a_line_is_a_node(tmp_path: Path) -> None:
    assert found(tmp_path, "nodes", "b.example\n\n  a.example  \r\n") == ["b.example", "a.example"]


def test_lists_in_json_and_yaml_are_known_by_their_names(tmp_path: Path) -> None:
    assert found(tmp_path, "nodes.json", '["b", "a"]') == ["b", "a"]
    assert found(tmp_path, "nodes.yaml", "- b\n- a\n") == ["b", "a"]
    assert found(tmp_path, "nodes.yml", "[b, a]\n") == ["b", "a"]


def test_the_format_can_be_told(tmp_path: Path) -> None:
    assert found(tmp_path, "nodes.txt", '["b"]', format="json") == ["b"]
    with pytest.raises(UsageError, match=r"unknown format 'xml'.*use text, json, yaml or rpc"):
        found(tmp_path, "nodes", "", format="xml")


def test_names_are_found_within_a_document(tmp_path: Path) -> None:
    document = '{"hosts": [{"name": "a"}, {"name": "b"}, {"other": 1}]}'

    assert found(tmp_path, "nodes.json", document, filter="hosts.#.name") == ["a", "b"]
    assert found(tmp_path, "x", "hosts:\n- name: c\n", format="yaml", filter="hosts.#.name") == [
        "c"
    ]
    with pytest.raises(WorkError, match=r"at hosts\.0 is no list"):
        found(tmp_path, "nodes.json", document, filter="hosts.0")
    with pytest.raises(UsageError, match="the option filter is empty"):
        found(tmp_path, "nodes.json", document, filter="")
    with pytest.raises(UsageError, match="the option filter cannot be used"):
        found(tmp_path, "nodes.json", document, filter="hosts.#.@reverse")


def test_the_option_file_names_a_file(tmp_path: Path) -> None:
    file = tmp_path / "nodes"
    file.write_text("a\n")

    assert find_in_file(DiscoveryRequest(options={"file": str(file)})) == ["a"]


def test_recorded_output_of_the_go_program_can_be_piped() -> None:
    records = {record["label"]: record for record in vectors.load("plain.jsonl")}
    printed = records["rpcutil ping"]["stdout"].encode()

    nodes = find_in_file(DiscoveryRequest(piped=printed))

    assert sorted(nodes) == ["node1.example", "node2.example"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"{", "is not JSON"),
        (b"[]", "has no replies"),
        (b'{"replies": [{"statuscode": 0}]}', "does not say who sent it"),
        (b'{"replies": [3]}', "does not say who sent it"),
    ],
)
def test_other_things_that_are_piped_are_refused(text: bytes, problem: str) -> None:
    with pytest.raises(WorkError, match=problem):
        find_in_file(DiscoveryRequest(piped=text))


@pytest.mark.parametrize("name", ["a b", "a.*", "mcollective.>", "a..b", "\x1b[2J"])
def test_what_is_no_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(WorkError, match="is no name of a node"):
        found(tmp_path, "nodes", f"good\n{name}\n")


def test_a_document_that_is_no_list_of_names_is_refused(tmp_path: Path) -> None:
    for text in ('{"a": 1}', "[1]", "null"):
        with pytest.raises(WorkError, match="is no list of names"):
            found(tmp_path, "nodes.json", text)
    (tmp_path / "bad").write_bytes(b"\xff\n")
    with pytest.raises(WorkError, match="is not UTF-8"):
        find_in_file(DiscoveryRequest(nodes_file=tmp_path / "bad"))


def test_identities_choose_among_the_nodes(tmp_path: Path) -> None:
    file = tmp_path / "nodes"
    file.write_text("web1\nweb2\ndb1\n")
    wanted = parse_filter(identities=["/^web/", "db1", "db2"], agents=["rpcutil"])

    assert find_in_file(DiscoveryRequest(nodes_file=file, filter=wanted)) == ["web1", "web2", "db1"]


def test_other_filters_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "nodes"
    file.write_text("web1\n")
    for wanted in (parse_filter(facts=["a=b"]), parse_filter(classes=["x"])):
        with pytest.raises(UsageError, match="by identity alone"):
            find_in_file(DiscoveryRequest(nodes_file=file, filter=wanted))


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nodes cannot be read: No such file"):
        find_in_file(DiscoveryRequest(nodes_file=tmp_path / "nodes"))
    with pytest.raises(ConfigError, match="no file of nodes is named"):
        find_in_file(DiscoveryRequest())
