"""``choria ping``, ``find``, ``facts`` and ``inventory`` ask nodes of our own."""

import json
import re

import pytest

from packages.core.tests.commands.conftest import Fleet

pytestmark = pytest.mark.asyncio(loop_scope="module")

BOTH = ("--expect", "2")
NAMES = ["node1.example", "node2.example"]


async def test_a_ping_tells_times_and_statistics(fleet: Fleet) -> None:
    told = await fleet.choria("ping", *BOTH)

    *lines, last = told.out.splitlines()
    assert told.code == 0
    assert all(re.fullmatch(r"node\d\.example {28}time=\d+ ms", line) for line in lines[:2])
    assert lines[2:] == ["", "", "---- ping statistics ----"]
    assert re.fullmatch(r"2 replies max: \S+s min: \S+s avg: \S+s overhead: \S+s", last)


async def test_a_ping_of_names_prints_names_alone(fleet: Fleet) -> None:
    told = await fleet.choria("ping", "--names", *BOTH)

    assert sorted(told.out.splitlines()) == NAMES


async def test_a_ping_draws_a_graph(fleet: Fleet) -> None:
    told = await fleet.choria("ping", "--silent", "--graph", *BOTH)

    assert told.out.startswith("---- ping statistics ----\n2 replies")
    assert "Responses per 50ms" in told.out


async def test_a_ping_that_nobody_answers_ends_with_1(fleet: Fleet) -> None:
    told = await fleet.choria("ping", "-F", "country=xx", "--timeout", "0.3")

    assert (told.code, told.err) == (1, "error: no node answered\n")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["-F", "country=mt"], ["node1.example"]),
        (["-C", "apache"], ["node1.example"]),
        (["-I", "/^node2/"], ["node2.example"]),
        (["-A", "rpcutil"], NAMES),
        (["-W", "apache country=mt"], ["node1.example"]),
        (["-S", 'with("country=de")'], ["node2.example"]),
        (["-I", "unknown.example"], ["unknown.example"]),
    ],
)
async def test_find_prints_a_name_a_line(fleet: Fleet, words: list[str], found: list[str]) -> None:
    told = await fleet.choria("find", *words, "--expect", str(len(found)))

    assert told.code == 0
    assert sorted(told.out.splitlines()) == found


async def test_find_ends_with_1_where_nobody_is_found(fleet: Fleet) -> None:
    told = await fleet.choria("find", "-F", "country=xx")

    assert (told.code, told.out, told.err) == (1, "", "error: no nodes were found\n")


async def test_find_prints_json_and_how_long_it_took(fleet: Fleet) -> None:
    names = await fleet.choria("discover", "-j", *BOTH)
    verbose = await fleet.choria("find", "-v", "-I", "node1.example")

    assert sorted(json.loads(names.out)) == NAMES
    assert re.search(
        r"^Discovered 1 nodes using the \w+ method in [\d.]+ seconds$", verbose.out, re.MULTILINE
    )


async def test_facts_are_counted(fleet: Fleet) -> None:
    told = await fleet.choria("facts", "kernel", *BOTH)

    assert told.out.startswith("Report for fact: kernel\n\n  Linux found 2 times\n\nFinished ")


async def test_facts_are_a_table_and_json(fleet: Fleet) -> None:
    table = await fleet.choria("facts", "country", "--table", "-n", *BOTH)
    document = await fleet.choria("facts", "country", "-j", *BOTH)

    assert "│ mt   │ 1       │ node1.example │" in table.out
    assert json.loads(document.out)["de"] == {"count": 1, "identities": ["node2.example"]}


async def test_an_inventory_shows_a_node(fleet: Fleet) -> None:
    told = await fleet.choria("inventory", "node1.example")

    assert told.code == 0
    assert told.out.startswith("Inventory for node1.example\n\n  Choria Server Statistics:\n\n")
    assert '      "country": "mt",\n' in told.out
    assert "    apache" in told.out


async def test_an_inventory_of_a_node_that_is_not_there_ends_with_1(fleet: Fleet) -> None:
    told = await fleet.choria("inventory", "nosuch.example", "--timeout", "0.5")

    assert told.code == 1
    assert told.err.endswith("error: nosuch.example did not answer\n")


async def test_collectives_are_counted(fleet: Fleet) -> None:
    told = await fleet.choria("inventory", "--collectives")

    assert "│ Collective Report for 2 nodes │" in told.out
    assert "│ uk          │ 2               │" in told.out


async def test_an_inventory_of_nothing_is_refused(fleet: Fleet) -> None:
    assert (await fleet.choria("inventory")).code == 2
