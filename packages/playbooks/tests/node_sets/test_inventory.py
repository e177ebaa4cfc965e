"""Nodes of an inventory file: each option of a set."""

import json
from pathlib import Path
from typing import Any

import pytest

from choria_core.discovery.inventory_file import SCHEMA
from choria_core.errors import ConfigError, UsageError, WorkError
from choria_core.playbook.workbench import Workbench
from choria_playbooks.node_sets.inventory import InventoryNodes
from packages.playbooks.tests.node_sets.conftest import MakeBench, resolved
from packages.playbooks.tests.rpc.conftest import problems_of


def node(name: str, country: str, *classes: str, collective: str = "mcollective") -> dict[str, Any]:
    return {
        "name": name,
        "collectives": [collective],
        "facts": {"country": country},
        "classes": list(classes),
        "agents": ["rpcutil", "puppet"] if country == "mt" else ["rpcutil"],
    }


DOCUMENT: dict[str, Any] = {
    "$schema": SCHEMA,
    "groups": [
        {"name": "malta", "filter": {"facts": ["country=mt"]}},
        {"name": "broken", "filter": {"facts": ["country"]}},
    ],
    "nodes": [
        node("n3", "mt", "web::server"),
        node("n1", "de", "web::client"),
        node("n2", "mt", "db", collective="uk"),
    ],
}
ALL = ["n3", "n1", "n2"]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """The file with the nodes above."""
    file = tmp_path / "inventory.json"
    file.write_text(json.dumps(DOCUMENT))
    return file


@pytest.mark.usefixtures("source")
@pytest.mark.parametrize(
    ("text", "nodes"),
    [
        ("", ALL),
        ("group: malta", ["n3", "n2"]),
        ("group: malta\ncollective: mcollective", ["n3"]),
        ("group: malta\nclasses: [db]", ["n2"]),
        ("group: malta\nfacts: [country=de]", []),
        ("facts: [country=mt, country!=de]", ["n3", "n2"]),
        ("classes: [/^web/]", ["n3", "n1"]),
        ("identities: [n1, /3$/]", ["n3", "n1"]),
        ("agents: [rpcutil, puppet]", ["n3", "n2"]),
        ("compound: with('db') or fact('country') == 'de'", ["n1", "n2"]),
        ("collective: uk", ["n2"]),
        ("collective: nosuch", []),
    ],
)
async def test_nodes_of_the_group_that_match_are_those_of_the_set(
    lonely_bench: Workbench, text: str, nodes: list[str]
) -> None:
    options = f"source: inventory.json\n{text}"
    assert await resolved(InventoryNodes, options, lonely_bench) == nodes


async def test_the_file_of_the_configuration_is_the_usual_one(
    make_bench: MakeBench, source: Path, lonely_bench: Workbench
) -> None:
    async with make_bench(1, f"plugin.choria.discovery.inventory.source = {source}") as bench:
        assert await resolved(InventoryNodes, "{}", bench) == ALL
    with pytest.raises(ConfigError, match="no inventory file is named: write source: FILE"):
        await resolved(InventoryNodes, "{}", lonely_bench)


async def test_unknown_keys_are_refused_unless_told_otherwise(
    lonely_bench: Workbench, tmp_path: Path
) -> None:
    (tmp_path / "more.yaml").write_text(json.dumps(DOCUMENT | {"note": "hello"}))
    with pytest.raises(WorkError, match="unknown key note"):
        await resolved(InventoryNodes, "source: more.yaml", lonely_bench)
    loose = "source: more.yaml\nstrict: false"
    assert await resolved(InventoryNodes, loose, lonely_bench) == ALL


async def test_what_is_wrong_with_the_file_is_told(
    lonely_bench: Workbench, source: Path, tmp_path: Path
) -> None:
    (tmp_path / "none.json").write_text("{}")
    with pytest.raises(WorkError, match="is no inventory"):
        await resolved(InventoryNodes, "source: none.json", lonely_bench)
    with pytest.raises(ConfigError, match="cannot be read"):
        await resolved(InventoryNodes, "source: nosuch.json", lonely_bench)
    with pytest.raises(ConfigError, match="no group 'mars'; it has malta, broken"):
        await resolved(InventoryNodes, f"source: {source}\ngroup: mars", lonely_bench)
    with pytest.raises(UsageError, match="'country' is not a fact filter"):
        await resolved(InventoryNodes, f"source: {source}\ngroup: broken", lonely_bench)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("facts: [country]", "facts[0]: is no filter of facts"),
        ("classes: [/(/]", "classes[0]: "),
        ("compound: with(", "compound: "),
        ("strict: maybe", "strict: "),
    ],
)
def test_slips_are_told_with_their_place(text: str, problem: str) -> None:
    (told,) = problems_of(InventoryNodes.Options, text)
    assert problem in told
