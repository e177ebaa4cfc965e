"""Nodes and groups of an inventory file."""

import json
from pathlib import Path
from typing import Any

import pytest

from choria_core.discovery.inventory_file import SCHEMA, find_in_inventory
from choria_core.discovery.request import DiscoveryRequest
from choria_core.errors import ConfigError, UsageError, WorkError
from choria_core.filters.grammar import parse_filter
from choria_core.protocol.messages import Filter
from packages.core.tests.discovery.conftest import MakeClientConfig


def node(name: str, country: str, *classes: str, collective: str = "mcollective") -> dict[str, Any]:
    return {
        "name": name,
        "collectives": [collective],
        "facts": {"country": country, "cpu": {"count": 4}},
        "classes": list(classes),
        "agents": ["rpcutil"],
    }


DOCUMENT: dict[str, Any] = {
    "$schema": SCHEMA,
    "groups": [
        {"name": "malta", "filter": {"facts": ["country=mt"], "agents": ["rpcutil"]}},
        {"name": "web", "filter": {"classes": ["/^web/"], "compound": "fact('cpu.count') == 4"}},
        {"name": "all"},
    ],
    "nodes": [
        node("n1", "mt", "web::server"),
        node("n2", "de", "web::client"),
        node("n3", "mt", "db", collective="uk"),
    ],
}


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    """The file with the nodes above."""
    file = tmp_path / "inventory.json"
    file.write_text(json.dumps(DOCUMENT))
    return file


def find(make_config: MakeClientConfig, source: Path, wanted: Filter, **options: str) -> list[str]:
    config = make_config({"plugin.choria.discovery.inventory.source": source})
    request = DiscoveryRequest(filter=wanted, method="inventory", options=options)
    return find_in_inventory(request.completed(config), config)


@pytest.mark.parametrize(
    ("wanted", "nodes"),
    [
        (parse_filter(), ["n1", "n2"]),
        (parse_filter(facts=["country=mt"]), ["n1"]),
        (parse_filter(facts=["cpu.count>=4"], agents=["rpcutil"]), ["n1", "n2"]),
        (parse_filter(classes=["/client$/"]), ["n2"]),
        (parse_filter(identities=["/^n/"]), ["n1", "n2"]),
        (parse_filter(identities=["n2", "n9"]), ["n2"]),
        (parse_filter(agents=["puppet"]), []),
        (parse_filter(expressions=["with('db') or fact('country') == 'de'"]), ["n2"]),
        (parse_filter(identities=["group:malta"]), ["n1", "n3"]),
        (parse_filter(identities=["group:web", "group:malta"], agents=["x"]), ["n1", "n2", "n3"]),
        (parse_filter(identities=["group:all"]), ["n1", "n2", "n3"]),
    ],
)
def test_filters_hold_for_the_nodes_of_the_file(
    make_config: MakeClientConfig, inventory: Path, wanted: Filter, nodes: list[str]
) -> None:
    assert find(make_config, inventory, wanted) == nodes


def test_it_may_be_yaml(make_config: MakeClientConfig, tmp_path: Path) -> None:
    file = tmp_path / "inventory.yaml"
    file.write_text(json.dumps(DOCUMENT))

    assert find(make_config, file, parse_filter(facts=["country=de"])) == ["n2"]


def test_the_option_file_counts_more_than_the_configuration(
    make_config: MakeClientConfig, inventory: Path
) -> None:
    found = find(make_config, inventory / "none", parse_filter(), file=str(inventory))

    assert found == ["n1", "n2"]


def test_groups_stand_alone(make_config: MakeClientConfig, inventory: Path) -> None:
    for wanted in (
        parse_filter(identities=["group:malta", "n1"]),
        parse_filter(identities=["group:malta"], facts=["a=b"]),
        parse_filter(identities=["group:malta"], agents=["a", "b"]),
    ):
        with pytest.raises(UsageError, match="cannot be combined"):
            find(make_config, inventory, wanted)
    with pytest.raises(WorkError, match="no group 'x'; it has malta, web, all"):
        find(make_config, inventory, parse_filter(identities=["group:x"]))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"$schema": "https://example.net"}, "must be https://choria.io"),
        ({"nodes": [{"name": "a"}]}, "missing required field"),
        ({"nodes": [node("a b", "mt")]}, "is no name of a node"),
        ({"extra": 1}, "unknown key extra"),
        ({"nodes": [{**node("a", "mt"), "colour": 1}]}, "unknown key nodes.0.colour"),
        ({"groups": [{"name": "g", "filter": {"fact": []}}]}, "unknown key groups.0.filter.fact"),
    ],
)
def test_other_files_are_refused(
    make_config: MakeClientConfig, tmp_path: Path, change: dict[str, Any], problem: str
) -> None:
    file = tmp_path / "inventory.json"
    file.write_text(json.dumps(DOCUMENT | change))

    with pytest.raises(WorkError, match=problem):
        find(make_config, file, parse_filter())


def test_unknown_keys_can_be_overlooked(make_config: MakeClientConfig, tmp_path: Path) -> None:
    file = tmp_path / "inventory.json"
    file.write_text(json.dumps(DOCUMENT | {"extra": 1}))

    assert find(make_config, file, parse_filter(), novalidate="1") == ["n1", "n2"]


def test_a_filter_that_cannot_be_used_says_so(
    make_config: MakeClientConfig, inventory: Path
) -> None:
    with pytest.raises(UsageError, match="the filter cannot be used"):
        find(make_config, inventory, parse_filter(expressions=["with("]))


def test_without_a_file_the_setting_is_named(make_config: MakeClientConfig) -> None:
    config = make_config()
    with pytest.raises(ConfigError, match=r"plugin\.choria\.discovery\.inventory\.source"):
        find_in_inventory(DiscoveryRequest().completed(config), config)
