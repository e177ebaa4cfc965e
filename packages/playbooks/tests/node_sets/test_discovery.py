"""Nodes that are looked for: on servers of ours, each option of a set."""

import asyncio
import json
from pathlib import Path

import pytest

from choria_core.broker.server import Broker
from choria_core.discovery.inventory_file import SCHEMA
from choria_core.errors import ConfigError, UsageError
from choria_core.playbook.workbench import Workbench
from choria_playbooks.node_sets.discovery import DiscoveredNodes
from choria_testing.scripted_nodes import scripted_nodes
from packages.playbooks.tests.node_sets.conftest import DB, WEB, resolved
from packages.playbooks.tests.rpc.conftest import problems_of, read_options

BOTH = {WEB, DB}

PATIENT = "timeout: 3s\n"
"""Time enough for nodes to answer."""


SETS: tuple[tuple[str, set[str]], ...] = (
    ("", BOTH),
    ("discovery_method: mc", BOTH),
    ("discovery_method: broadcast", BOTH),
    ("discover_method: mc", BOTH),
    ("facts: [country=mt]", {WEB}),
    ("facts: [country=mt, cpu.count>=4]", {WEB}),
    ("facts: ['country=~^d']", {DB}),
    ("classes: [base, postgres]", {DB}),
    ("classes: [/^apa/]", {WEB}),
    ("identities: [/^db/]", {DB}),
    (f"identities: [/^web/, {DB}]", BOTH),
    ("agents: [rpcutil, choria_util]", BOTH),
    ("agents: [nosuch]", set()),
    ("agents: []", BOTH),
    ("compound: with('apache') or with('country=fr')", {WEB}),
    ("facts: [cpu.count=4]\nclasses: [base]\nidentities: [/example$/]\ncollective: uk", {DB}),
    ("collective: uk", {DB}),
    ("collective: mcollective", BOTH),
)


@pytest.mark.usefixtures("servers")
async def test_each_filter_narrows_the_nodes(bench: Workbench) -> None:
    sets = [resolved(DiscoveredNodes, PATIENT + text, bench) for text, _ in SETS]

    found = await asyncio.gather(*sets)

    for (text, nodes), names in zip(SETS, found, strict=True):
        assert (text, sorted(names)) == (text, sorted(nodes))


async def test_plain_names_are_not_looked_for(bench: Workbench, plain_broker: Broker) -> None:
    async with scripted_nodes(plain_broker, "n1.example") as nodes:
        found = await resolved(DiscoveredNodes, "identities: [b.example, a.example]", bench)
    assert found == ["b.example", "a.example"]
    assert nodes.requests == []


def test_nodes_have_rpcutil_unless_told_otherwise() -> None:
    assert read_options(DiscoveredNodes.Options, "{}").filter().agent == ("rpcutil",)
    named = read_options(DiscoveredNodes.Options, "agents: [puppet, service]")
    assert named.filter().agent == ("puppet", "service")


async def test_the_timeout_is_how_long_nodes_are_waited_for(bench: Workbench) -> None:
    assert await asyncio.wait_for(resolved(DiscoveredNodes, "timeout: 0.1", bench), 60) == []


async def test_the_inventory_of_a_file_beside_the_book_is_a_method(
    bench: Workbench, tmp_path: Path
) -> None:
    names = ("n1", "n2")
    nodes = [
        {
            "name": name,
            "collectives": ["mcollective"],
            "facts": {"id": name},
            "classes": [],
            "agents": ["rpcutil"],
        }
        for name in names
    ]
    (tmp_path / "nodes.json").write_text(json.dumps({"$schema": SCHEMA, "nodes": nodes}))
    text = "discovery_method: inventory\ndiscovery_options: {file: nodes.json}\n"

    assert await resolved(DiscoveredNodes, text, bench) == ["n1", "n2"]
    only = text + "compound: fact('id') == 'n2'"
    assert await resolved(DiscoveredNodes, only, bench) == ["n2"]


async def test_a_file_of_names_is_a_method(bench: Workbench, tmp_path: Path) -> None:
    (tmp_path / "nodes.txt").write_text("n2\nn1\n")
    text = "discovery_method: file\ndiscovery_options: {file: nodes.txt}"
    assert await resolved(DiscoveredNodes, text, bench) == ["n2", "n1"]


def test_expressions_make_the_method_mc() -> None:
    for method in ("choria", "file"):
        text = f"discovery_method: {method}\ncompound: with('a')"
        assert read_options(DiscoveredNodes.Options, text).method == "mc"
    kept = read_options(DiscoveredNodes.Options, "discovery_method: inventory\ncompound: a()")
    assert kept.method == "inventory"


async def test_unknown_methods_and_collectives_are_refused(lonely_bench: Workbench) -> None:
    with pytest.raises(UsageError, match="no discovery method 'nosuch'; use mc, choria"):
        await resolved(DiscoveredNodes, "discovery_method: nosuch", lonely_bench)
    with pytest.raises(ConfigError, match=r"'de' is none of this client's: mcollective; add it"):
        await resolved(DiscoveredNodes, "collective: de", lonely_bench)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("facts: [country]", "facts[0]: is no filter of facts: 'country'; write it as os.name"),
        ("facts: [a=b, 'a=/(/']", "facts[1]: "),
        ("facts: ['a=~(']", "facts[0]: "),
        ("classes: [a, /(/]", "classes[1]: "),
        ("identities: [/(/]", "identities[0]: "),
        ("agents: [/(/]", "agents[0]: "),
        ("compound: with(", "compound: "),
        ("discovery_method: external", "external starts a program"),
        ("discover_method: external", "discover_method: external starts a program"),
        ("discovery_method: choria\ndiscover_method: mc", "discover_method: says mc where"),
        ("discovery_options: {file: x}", "discovery_options.file: is no option of the method mc"),
        ("timeout: -1", "timeout: "),
        ("classes: web", "classes: must be a list"),
        ("classs: [web]", "did you mean classes?"),
    ],
)
def test_slips_are_told_with_their_place(text: str, problem: str) -> None:
    (told,) = problems_of(DiscoveredNodes.Options, text)
    assert problem in told
    assert told.startswith("book.yaml:1:") or "discover_method" in problem
